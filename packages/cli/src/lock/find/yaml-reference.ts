import { isScalar, type Node } from 'yaml'
import {
  type FoundReference,
  type Place,
  type ReferenceKind,
  type Standing,
  standingOf,
} from './found-reference.ts'
import { suffixSite } from './pin-site.ts'
import { exactScalar, type YamlText } from './yaml-text.ts'

/** What is filled in before the file is used: `{{ }}` of Helm and Argo, `$(...)` of Tekton, `${...}` of envsubst. */
const template = /\{\{|\$[({A-Za-z_]/

/** A reference that is the whole text of a scalar. `undefined` when the node is no text or an empty one. */
export function scalarReference(
  yaml: YamlText,
  kind: ReferenceKind,
  node: Node | undefined,
  prefix = '',
): FoundReference | undefined {
  if (!isScalar(node) || typeof node.value !== 'string') return undefined
  const value = node.value.trim()
  if (!value.startsWith(prefix) || value === prefix) return undefined
  const exact = exactScalar(yaml.text, node)
  const place = exact
    ? yaml.place(exact.start + prefix.length, exact.end)
    : yaml.place(node.range?.[0] ?? 0, node.range?.[1] ?? 0)
  const text = yaml.text.slice(place.start, place.end)
  const reference = value.slice(prefix.length)
  return { kind, text, ...place, standing: standing(yaml.text, reference, exact && place) }
}

function standing(text: string, reference: string, place: Place | undefined): Standing {
  if (template.test(reference)) {
    return { state: 'unresolved', reason: 'a part of it is filled in later' }
  }
  return standingOf(reference, () =>
    place === undefined || place.end - place.start !== reference.length
      ? { reason: notExact }
      : suffixSite(text, place.end),
  )
}

export const notExact = 'it is written as a block, with escapes or over several lines'
