import { isDigest } from '@berth/oci/digest.ts'
import { type Document, isMap, isScalar, type Node, type YAMLMap } from 'yaml'
import { type Finding, type FoundReference, type Standing, standingOf } from './found-reference.ts'
import { type PinSite, suffixSite } from './pin-site.ts'
import { notExact, scalarReference } from './yaml-reference.ts'
import {
  eachMap,
  type Entry,
  entriesOf,
  entryOf,
  exactScalar,
  mapIn,
  readYaml,
  textIn,
  type YamlText,
} from './yaml-text.ts'

const imageKey = /^(?:image|.+Image)$/

export type HelmContext = {
  /** Of the chart that the values belong to: what an image without tag gets. */
  readonly appVersion?: string | undefined
}

/**
 * The images that the values of a Helm chart name: maps with `repository` and `tag` (with `registry` and `digest`) and
 * texts under `image`, at any depth. The digest goes into the field that the chart has for it, else behind the tag.
 */
export function findInHelmValues(text: string, { appVersion }: HelmContext = {}): Finding {
  const yaml = readYaml(text)
  const found = new Map<number, FoundReference>()
  for (const { document, root } of yaml.documents) {
    const global = isMap(root) ? mapIn(root, 'global', document) : undefined
    const globalRegistry = global && textIn(global, 'imageRegistry', document)
    const context: Context = { yaml, document, appVersion, globalRegistry }
    eachMap(root, document, (map, path) => {
      const reference = isImageMap(map, path, document)
        ? mapReference(map, context)
        : textReference(map, context)
      for (const each of reference) found.set(each.start, each)
    })
  }
  return { references: [...found.values()].sort((a, b) => a.start - b.start), faults: yaml.faults }
}

type Context = {
  readonly yaml: YamlText
  readonly document: Document
  readonly appVersion: string | undefined
  readonly globalRegistry: string | undefined
}

function isImageMap(map: YAMLMap, path: readonly string[], document: Document): boolean {
  const has = (name: string) => entryOf(map, name, document) !== undefined
  const isNamed = imageKey.test(path.at(-1) ?? '')
  if (has('repository')) return isNamed || has('tag') || has('digest')
  return isNamed && has('name') && (has('tag') || has('digest'))
}

function mapReference(map: YAMLMap, context: Context): FoundReference[] {
  const { yaml, document, globalRegistry } = context
  const repository = textIn(map, 'repository', document) ?? textIn(map, 'name', document) ?? ''
  const registry = globalRegistry || textIn(map, 'registry', document)
  if (repository === '' || /^[a-z+]+:\/\//i.test(repository)) return []
  const tag = entryOf(map, 'tag', document)
  const isTagged = textIn(map, 'tag', document)
  const shown = isTagged
    ? tag
    : (entryOf(map, 'repository', document) ?? entryOf(map, 'name', document))
  return [
    {
      ...located(yaml, shown?.value),
      kind: 'helmValues',
      standing: mapStanding(map, `${registry ? `${registry}/` : ''}${repository}`, context),
    },
  ]
}

function mapStanding(map: YAMLMap, name: string, context: Context): Standing {
  const { yaml, document, appVersion } = context
  const tag = entryOf(map, 'tag', document)
  const digest = textIn(map, 'digest', document) ?? ''
  const written = textIn(map, 'tag', document) ?? ''
  const fault = numberFault(tag?.value, written)
  if (fault !== undefined) return { state: 'unresolved', reason: fault }
  if (/\{\{/.test(`${name}${written}${digest}`)) {
    return { state: 'unresolved', reason: 'a part of it is filled in later' }
  }
  if (digest !== '' && !isDigest(digest))
    return { state: 'unresolved', reason: 'its digest is malformed' }
  const isTagged = written !== ''
  const version = isTagged ? written : /[:@][^/]*$/.test(name) ? '' : (appVersion ?? '')
  if (version === '' && digest === '' && !/[:@][^/]*$/.test(name)) {
    return { state: 'unresolved', reason: 'it has no tag here: the chart decides' }
  }
  const pinnedTag = version.includes('@') || digest === '' ? '' : `@${digest}`
  const full = `${name}${version === '' ? '' : `:${version}`}${pinnedTag}`
  return standingOf(full, (image) => {
    const field = digestField(yaml.text, map, document, image.tag !== undefined)
    if (field !== undefined) return field
    const holder = isTagged
      ? tag
      : (entryOf(map, 'repository', document) ?? entryOf(map, 'name', document))
    if (!isTagged && version !== '')
      return { reason: 'its tag is the version of the chart, and there is no digest field' }
    const exact = exactScalar(yaml.text, holder?.value)
    return exact === undefined ? { reason: notExact } : suffixSite(yaml.text, exact.end)
  })
}

/** The `digest` entry, where there is one that can hold a value in place. */
function digestField(
  text: string,
  map: YAMLMap,
  document: Document,
  isRemovable: boolean,
): PinSite | undefined {
  const entry = entryOf(map, 'digest', document)
  if (
    entry === undefined ||
    !isScalar(entry.value) ||
    !entriesOf(map, document).some(({ key }) => key === entry.key)
  )
    return undefined
  const exact = exactScalar(text, entry.value)
  const unpinned = isRemovable ? '' : undefined
  if (exact !== undefined && (exact.isQuoted || isDigest(exact.text))) {
    const digest = isDigest(exact.text) ? exact.text : undefined
    const start = exact.isQuoted ? exact.start : afterColon(text, entry)
    const before = exact.isQuoted ? '' : text.slice(start, exact.start)
    return { start, end: exact.end, before, after: '', unpinned, digest }
  }
  const [start, end] = entry.value.range ?? [0, 0]
  if (entry.value.value !== null || start !== end) return undefined
  const at = afterColon(text, entry)
  return { start: at, end: at, before: ' ', after: '', unpinned, digest: undefined }
}

function afterColon(text: string, { key }: Entry): number {
  return text.indexOf(':', key.range?.[1] ?? 0) + 1
}

/** `image: repository:tag`, also with the tag in a key beside it. */
function textReference(map: YAMLMap, context: Context): FoundReference[] {
  const { yaml, document } = context
  return entriesOf(map, document).flatMap(({ name, value }) => {
    if (!imageKey.test(name) || !isScalar(value) || typeof value.value !== 'string') return []
    const reference = scalarReference(yaml, 'helmValues', value)
    if (reference === undefined) return []
    if (/[:@][^/]*$/.test(value.value.trim())) return [reference]
    const tag = ['tag', 'imageTag', `${name}Tag`]
      .map((each) => entryOf(map, each, document))
      .find((each) => isScalar(each?.value) && each.value.value !== null && each.value.value !== '')
    if (tag === undefined) {
      const reason = 'it has no tag here: the chart decides'
      return [{ ...reference, standing: { state: 'unresolved', reason } as const }]
    }
    const written = textIn(map, tag.name, document) ?? ''
    const fault = numberFault(tag.value, written)
    const standing: Standing =
      fault === undefined
        ? standingOf(`${value.value.trim()}:${written}`, () => {
            const exact = exactScalar(yaml.text, tag.value)
            if (exact === undefined) return { reason: notExact }
            return suffixSite(yaml.text, exact.end)
          })
        : { state: 'unresolved', reason: fault }
    return [{ ...located(yaml, tag.value), kind: 'helmValues' as const, standing }]
  })
}

/** Helm reads an unquoted number as a number, and prints it in its own way: 1.10 becomes 1.1, 20240101 becomes 2.0240101e+07. */
function numberFault(node: Node | undefined, written: string): string | undefined {
  if (!isScalar(node) || typeof node.value !== 'number') return undefined
  if (String(node.value) === written && Math.abs(node.value) < 1_000_000) return undefined
  return `the tag ${written} is a number to Helm, which prints it differently: put it in quotes`
}

function located(yaml: YamlText, node: Node | undefined) {
  const exact = exactScalar(yaml.text, node)
  const place = yaml.place(
    exact?.start ?? node?.range?.[0] ?? 0,
    exact?.end ?? node?.range?.[1] ?? 0,
  )
  return { ...place, text: yaml.text.slice(place.start, place.end) }
}
