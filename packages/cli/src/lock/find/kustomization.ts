import { type Document, isMap, isScalar, isSeq, type YAMLMap } from 'yaml'
import { isDigest } from '@berth/oci/digest.ts'
import { type Finding, type FoundReference, type Standing, standingOf } from './found-reference.ts'
import type { PinSite } from './pin-site.ts'
import { entryOf, exactScalar, readYaml, target, textIn, type YamlText } from './yaml-text.ts'

/** The images that a kustomization sets: `images` with `name`, `newName`, `newTag` and `digest`. */
export function findInKustomization(text: string): Finding {
  const yaml = readYaml(text)
  const references: FoundReference[] = []
  for (const { document, root } of yaml.documents) {
    const images = isMap(root) ? entryOf(root, 'images', document)?.value : undefined
    if (!isSeq(images)) continue
    for (const item of images.items) {
      const entry = target(item, document)
      const reference = isMap(entry) ? imageReference(yaml, entry, document) : undefined
      if (reference !== undefined) references.push(reference)
    }
  }
  return { references, faults: yaml.faults }
}

function imageReference(
  yaml: YamlText,
  entry: YAMLMap,
  document: Document,
): FoundReference | undefined {
  const name = textIn(entry, 'newName', document) ?? textIn(entry, 'name', document)
  if (name === undefined) return undefined
  const shown =
    entryOf(entry, 'newTag', document) ??
    entryOf(entry, 'digest', document) ??
    entryOf(entry, 'newName', document) ??
    entryOf(entry, 'name', document)
  const exact = exactScalar(yaml.text, shown?.value)
  const range = shown?.value?.range ?? [0, 0]
  const place = yaml.place(exact?.start ?? range[0], exact?.end ?? range[1])
  return {
    kind: 'kustomizeImage',
    text: yaml.text.slice(place.start, place.end),
    ...place,
    standing: standing(yaml, entry, document, name),
  }
}

function standing(yaml: YamlText, entry: YAMLMap, document: Document, name: string): Standing {
  const newTag = entryOf(entry, 'newTag', document)
  const tag = textIn(entry, 'newTag', document)
  const digest = textIn(entry, 'digest', document)
  if (tag === undefined && digest === undefined) {
    return { state: 'unresolved', reason: 'it sets no tag: that is in the resources' }
  }
  if (isScalar(newTag?.value) && typeof newTag.value.value !== 'string') {
    return {
      state: 'unresolved',
      reason: `newTag ${tag} is no text for kustomize: put it in quotes`,
    }
  }
  if (digest !== undefined && digest !== '' && !isDigest(digest)) {
    return { state: 'unresolved', reason: 'its digest is malformed' }
  }
  const full = `${name}${tag === undefined ? '' : `:${tag}`}${digest ? `@${digest}` : ''}`
  return standingOf(full, () => siteOf(yaml.text, entry, document))
}

function siteOf(
  text: string,
  entry: YAMLMap,
  document: Document,
): PinSite | { readonly reason: string } {
  const digest = entryOf(entry, 'digest', document)
  const newTag = entryOf(entry, 'newTag', document)
  if (digest === undefined) return newSite(text, entry, document)
  const exact = exactScalar(text, digest.value)
  if (exact === undefined || (!exact.isQuoted && !isDigest(exact.text))) {
    return { reason: 'its digest field has no value: take it out, or write ""' }
  }
  const digestThere = isDigest(exact.text) ? exact.text : undefined
  const site = { start: exact.start, end: exact.end, before: '', after: '', digest: digestThere }
  if (newTag === undefined) return { ...site, unpinned: undefined }
  if (exact.isQuoted) return { ...site, unpinned: '' }
  // Written as `newSite` does: it goes with all that was written for it.
  const keyStart = digest.key.range?.[0] ?? 0
  const joint = entry.flow
    ? /,[ \t]*$/.exec(text.slice(0, keyStart))?.[0]
    : /(?:\r\n|\n)[ ]*$/.exec(text.slice(0, keyStart))?.[0]
  const isAlone = entry.flow || /^[ \t]*(?:\r?\n|$)/.test(text.slice(exact.end))
  if (joint === undefined || !isAlone) return { ...site, unpinned: undefined }
  const start = keyStart - joint.length
  return {
    ...site,
    start,
    before: `${joint}${text.slice(keyStart, exact.start)}`,
    unpinned: '',
  }
}

/** A digest in a line of its own below the tag; behind it in a flow map. */
function newSite(
  text: string,
  entry: YAMLMap,
  document: Document,
): PinSite | { readonly reason: string } {
  const newTag = entryOf(entry, 'newTag', document)
  const range = newTag?.value?.range
  const exact = exactScalar(text, newTag?.value)
  if (
    newTag === undefined ||
    !range ||
    exact === undefined ||
    !entry.items.some((item) => item.key === newTag.key)
  ) {
    return { reason: 'its tag is written elsewhere, or over several lines' }
  }
  const empty = { after: '', unpinned: '', digest: undefined }
  const valueEnd = exact.end + (exact.isQuoted ? 1 : 0)
  if (entry.flow) return { ...empty, start: valueEnd, end: valueEnd, before: ', digest: ' }
  const keyStart = newTag.key.range?.[0] ?? 0
  const lineStart = Math.max(
    text.lastIndexOf('\n', keyStart - 1) + 1,
    text.startsWith('\uFEFF') ? 1 : 0,
  )
  const breakAt = text.indexOf('\n', valueEnd)
  const isCrlf = breakAt === -1 ? text.includes('\r\n') : text[breakAt - 1] === '\r'
  const end = breakAt === -1 ? text.length : breakAt - (isCrlf ? 1 : 0)
  const indent = ' '.repeat(keyStart - lineStart)
  return { ...empty, start: end, end, before: `${isCrlf ? '\r\n' : '\n'}${indent}digest: ` }
}
