import { parseTagName } from '@berth/oci/reference.ts'
import { z } from 'zod'
import { isPattern, patternFault } from '../tag-strategy/pattern.ts'
import { strategyNames } from '../tag-strategy/strategy-name.ts'
import { buildSchema } from './build-schema.ts'
import type { FileFault, LocatedYaml } from './located-yaml.ts'
import { editDistance, nearestName } from './nearest-name.ts'

type Issue = z.core.$ZodIssue
type JsonSchema = z.core.JSONSchema.BaseSchema

let described: JsonSchema | undefined

/** What the schema finds wrong, each with what is allowed there and where it stands. */
export function faultsOfIssues(issues: readonly Issue[], yaml: LocatedYaml): readonly FileFault[] {
  return issues.flatMap((issue): readonly FileFault[] => {
    if (yaml.isUnfilled(issue.path)) return []
    const where = nameOf(issue.path)
    if (issue.code === 'unrecognized_keys') {
      const allowed = keysAt(issue.path)
      return issue.keys.map((key) => {
        const near = nearestName(key, allowed)
        const hint = near === undefined ? '' : ` Did you mean "${near}"?`
        return {
          ...yaml.positionOfKey(issue.path, key),
          message: `${where === '' ? '' : `${where}: `}"${key}" is not known.${hint} Allowed are ${allowed.join(', ')}.`,
        }
      })
    }
    if (issue.code === 'invalid_key') {
      const key = String(issue.path.at(-1))
      const inner = issue.issues[0]?.message ?? issue.message
      return [
        {
          ...yaml.positionOfKey(issue.path.slice(0, -1), key),
          message: `the name "${key}" ${inner}.`,
        },
      ]
    }
    return [
      {
        ...yaml.positionOf(issue.path),
        message: `${where === '' ? 'the file' : where} ${textOf(issue)}.`,
      },
    ]
  })
}

/**
 * What the schema cannot see: names that refer to nothing, circles, slips in strategies. Takes the file as it is, so that
 * these are told together with what the schema finds.
 */
export function faultsAcross(yaml: LocatedYaml): readonly FileFault[] {
  const faults: FileFault[] = []
  const settings = mapOf(yaml.value)
  const services = mapOf(settings.services)
  const names = Object.keys(services)
  const say = (path: readonly PropertyKey[], message: string): void => {
    faults.push({ ...yaml.positionOf(path), message: `${nameOf(path)} ${message}` })
  }
  const checkTags = (path: readonly PropertyKey[], tags: unknown): void => {
    for (const [at, tag] of textsOf(tags).entries()) {
      if ((strategyNames as readonly string[]).includes(tag)) continue
      const meant = strategyNames.find((each) => each.length > 5 && editDistance(tag, each) === 1)
      const allowed = `Strategies are ${strategyNames.join(', ')}.`
      if (meant !== undefined) {
        say([...path, at], `is "${tag}", which is no strategy. Did you mean "${meant}"? ${allowed}`)
      } else if (isPattern(tag)) {
        const fault = patternFault(tag)
        if (fault !== undefined) say([...path, at], `${fault}.`)
      } else if (!isTag(tag)) {
        say(
          [...path, at],
          `is "${tag}", which is no tag: letters, digits, "_", "." and "-", at most 128. ${allowed}`,
        )
      }
    }
  }
  checkTags(['defaults', 'tags'], mapOf(settings.defaults).tags)
  const needs = new Map<string, readonly string[]>()
  for (const name of names) {
    const { tags, dependsOn } = mapOf(services[name])
    checkTags(['services', name, 'tags'], tags)
    needs.set(name, textsOf(dependsOn))
    for (const [at, wanted] of textsOf(dependsOn).entries()) {
      if (names.includes(wanted)) continue
      const near = nearestName(wanted, names)
      const hint = near === undefined ? '' : ` Did you mean "${near}"?`
      say(
        ['services', name, 'dependsOn', at],
        `names "${wanted}", which is no service.${hint} There are ${names.join(', ')}.`,
      )
    }
  }
  const circle = findCircle(needs)
  if (circle !== undefined) {
    say(
      ['services', circle[0] ?? '', 'dependsOn'],
      `goes round in a circle: ${circle.join(' -> ')}.`,
    )
  }
  return faults
}

function findCircle(needs: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>()
  const follow = (name: string, trail: readonly string[]): readonly string[] | undefined => {
    const seen = trail.indexOf(name)
    if (seen !== -1) return [...trail.slice(seen), name]
    if (done.has(name)) return undefined
    for (const next of needs.get(name) ?? []) {
      const circle = follow(next, [...trail, name])
      if (circle !== undefined) return circle
    }
    done.add(name)
    return undefined
  }
  for (const name of needs.keys()) {
    const circle = follow(name, [])
    if (circle !== undefined) return circle
  }
  return undefined
}

function isTag(text: string): boolean {
  try {
    return parseTagName(text) === text
  } catch {
    return false
  }
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isMap ? (value as Record<string, unknown>) : {}
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

function textOf(issue: Issue): string {
  if (issue.code === 'invalid_type') {
    const wanted = wordFor[issue.expected] ?? issue.expected
    return issue.input === undefined ? `is missing: it must be ${wanted}` : `must be ${wanted}`
  }
  if (issue.code === 'too_small') return 'must not be empty'
  return issue.message
}

const wordFor: Readonly<Record<string, string>> = {
  string: 'a text',
  object: 'a map',
  record: 'a map',
  array: 'a list',
  boolean: 'true or false',
  number: 'a number',
}

/** `services.api.secrets[0].id`. */
function nameOf(path: readonly PropertyKey[]): string {
  return path
    .map((step, at) =>
      typeof step === 'number' ? `[${step}]` : `${at === 0 ? '' : '.'}${String(step)}`,
    )
    .join('')
}

/** The keys that the schema knows at a path. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  described ??= z.toJSONSchema(buildSchema, { io: 'input', unrepresentable: 'any' })
  let at: JsonSchema | undefined = described
  for (const step of path) {
    const next: unknown =
      typeof step === 'number'
        ? at?.items
        : (at?.properties?.[String(step)] ?? at?.additionalProperties)
    at = typeof next === 'object' && next !== null ? (next as JsonSchema) : undefined
  }
  return Object.keys(at?.properties ?? {})
}
