/** Puts what zod found into sentences for operators. */
import type * as z from 'zod'
import type { ConfigFault } from './config-error.ts'
import { type Field, fieldsByPath, sectionsByPath } from './fields.ts'
import type { SettingsTree } from './settings-tree.ts'
import { nearest } from './suggestion.ts'

type Issue = z.core.$ZodIssue

/** The faults behind one zod issue, each with its path, its origin and what is accepted. */
export function faultsOf(issue: Issue, tree: SettingsTree): ConfigFault[] {
  if (issue.code !== 'unrecognized_keys')
    return [
      {
        path: pathText(issue.path),
        origin: originText(issue.path, tree),
        problem: problemOf(issue, tree),
      },
    ]
  return issue.keys.map((key) => ({
    path: pathText([...issue.path, key]),
    origin: originText([...issue.path, key], tree),
    problem: unknownKey(issue.path, key, tree),
  }))
}

/** Whether the issue is about how several settings fit together; such a rule brings its own text. */
export function isRule(issue: Issue): boolean {
  return issue.code === 'custom' && issue.message !== 'Invalid input'
}

function problemOf(issue: Issue, tree: SettingsTree): string {
  if (isRule(issue)) return issue.message
  const value = tree.valueOf(issue.path)
  const path = issue.path.join('.')
  const section = sectionsByPath.get(path)
  if (section) {
    const members = [...section.fields, ...section.sections]
    const names = members.slice(0, 3).map((member) => member.path.split('.').at(-1))
    return `must be a section with settings such as ${names.join(', ')}, not ${shown(value)}`
  }
  const field = fieldsByPath.get(path)
  if (field) return fieldProblem(issue, field, value, tree)
  return `must fit in ${listAround(issue.path)?.accepted ?? 'the list'}, not ${shown(value)}`
}

/** The setting whose value is a list that this lies in. */
function listAround(path: readonly PropertyKey[]): Field | undefined {
  for (let length = path.length - 1; length > 0; length -= 1) {
    const field = fieldsByPath.get(path.slice(0, length).join('.'))
    if (field !== undefined) return field
  }
  return undefined
}

function fieldProblem(issue: Issue, field: Field, value: unknown, tree: SettingsTree): string {
  if (value === undefined) {
    const kind = tree.valueOf([...field.keys.slice(0, -1), 'kind'])
    return `is missing, and kind ${shown(kind)} needs it: ${field.accepted}`
  }
  if (issue.code === 'too_big' && issue.origin === 'array')
    return `has more than ${String(issue.maximum)} entries`
  const quotes = field.type === 'text' && typeof value !== 'string' && typeof value !== 'object'
  const hint = quotes ? ', in quotes' : ''
  const choice = field.type === 'choice' ? 'one of ' : ''
  return `must be ${choice}${field.accepted}${hint}${field.secret ? '' : `, not ${shown(value)}`}`
}

function unknownKey(sectionKeys: readonly PropertyKey[], key: string, tree: SettingsTree): string {
  const sectionPath = sectionKeys.join('.')
  const path = sectionPath === '' ? key : `${sectionPath}.${key}`
  const kinds = fieldsByPath.get(path)?.kinds
  if (kinds) {
    const kindPath = `${sectionPath}.kind`
    const kind = tree.valueOf([...sectionKeys, 'kind']) ?? fieldsByPath.get(kindPath)?.default
    return `is for kind ${kinds.map(shown).join(' or ')}, but ${kindPath} is ${shown(kind)}`
  }
  const section = sectionsByPath.get(sectionPath)
  const list = section === undefined ? listAround([...sectionKeys, key]) : undefined
  if (list !== undefined) return `is not known in ${list.accepted}`
  const members = [...(section?.fields ?? []), ...(section?.sections ?? [])]
  const names = members.map((member) => member.path.split('.').at(-1) ?? '')
  const guess = nearest(key, names)
  if (guess) return `is not a setting. Did you mean ${guess}?`
  const elsewhere = [...fieldsByPath.keys()].filter((known) => known.endsWith(`.${key}`))
  if (elsewhere.length > 0) return `is not a setting here. Did you mean ${elsewhere.join(' or ')}?`
  return `is not a setting. Known here: ${names.join(', ')}`
}

function originText(keys: readonly PropertyKey[], tree: SettingsTree): string {
  const sibling = tree.valueOf(keys) === undefined ? [...keys.slice(0, -1), 'kind'] : keys
  return (tree.originOf(sibling) ?? tree.originOf(keys))?.text ?? ''
}

function pathText(keys: readonly PropertyKey[]): string {
  let text = ''
  for (const key of keys) {
    if (typeof key === 'number') text += `[${key}]`
    else text += text === '' ? String(key) : `.${String(key)}`
  }
  return text.slice(0, 200)
}

/** A value as it may appear in a message: on one line, and not long. */
function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value))
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
