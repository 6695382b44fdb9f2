import { type Document, isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml'
import {
  type Finding,
  type FoundReference,
  type ReferenceKind,
  type Standing,
  standingOf,
} from './found-reference.ts'
import { interpolate, whyNotWritable } from './interpolation.ts'
import { suffixSite } from './pin-site.ts'
import { notExact, scalarReference } from './yaml-reference.ts'
import {
  entriesOf,
  entryOf,
  exactScalar,
  mapIn,
  readYaml,
  target,
  textIn,
  type YamlText,
} from './yaml-text.ts'

/**
 * The images that a Compose file names: those of services (through anchors, aliases and merge keys too), of image mounts,
 * of models, and `docker-image://` contexts of builds. A service with `build` names what it makes, which is `built`.
 * `variables` are those of the `.env` file beside it.
 */
export function findInCompose(
  text: string,
  variables: ReadonlyMap<string, string> = new Map(),
): Finding {
  const yaml = readYaml(text)
  const found = new Map<number, FoundReference>()
  const add = (reference: FoundReference | undefined): void => {
    if (reference !== undefined) found.set(reference.start, reference)
  }
  for (const { document, root } of yaml.documents) {
    if (!isMap(root)) continue
    for (const { value } of mapEntries(root, 'services', document)) {
      if (!isMap(value)) continue
      const build = entryOf(value, 'build', document)?.value
      const image = entryOf(value, 'image', document)?.value
      const isBuilt = build !== undefined && !(isScalar(build) && build.value === null)
      add(interpolatedReference(yaml, 'composeImage', image, { variables, isBuilt }))
      if (isMap(build)) {
        for (const each of contexts(build, document)) {
          add(scalarReference(yaml, 'buildContext', each, 'docker-image://'))
        }
      }
      for (const mount of imageMounts(value, document)) {
        add(scalarReference(yaml, 'imageVolume', mount))
      }
    }
    for (const { value } of mapEntries(root, 'models', document)) {
      const model = isMap(value) ? entryOf(value, 'model', document)?.value : undefined
      add(scalarReference(yaml, 'composeModel', model))
    }
  }
  return { references: [...found.values()].sort((a, b) => a.start - b.start), faults: yaml.faults }
}

/** A reference with variables in it, of which `variables` are known and others have their defaults. `undefined` as in {@link scalarReference}. */
export function interpolatedReference(
  yaml: YamlText,
  kind: ReferenceKind,
  node: Node | undefined,
  { variables, isBuilt }: { variables: ReadonlyMap<string, string>; isBuilt: boolean },
): FoundReference | undefined {
  if (!isScalar(node) || typeof node.value !== 'string' || node.value.trim() === '')
    return undefined
  const exact = exactScalar(yaml.text, node)
  const [start, end] = exact
    ? [exact.start, exact.end]
    : [node.range?.[0] ?? 0, node.range?.[1] ?? 0]
  return {
    kind,
    text: yaml.text.slice(start, end),
    ...yaml.place(start, end),
    standing: isBuilt
      ? { state: 'built', reason: 'the service is built from the files here' }
      : imageStanding(yaml.text, node.value.trim(), exact && start, variables),
  }
}

function imageStanding(
  text: string,
  written: string,
  start: number | undefined,
  variables: ReadonlyMap<string, string>,
): Standing {
  const made = interpolate(written, start ?? 0, (name) => {
    const value = variables.get(name)
    return value === undefined ? undefined : { text: value, origin: '.env' }
  })
  if ('fault' in made) return { state: 'unresolved', reason: made.fault }
  const { end } = made
  const reason = start === undefined ? notExact : whyNotWritable(made)
  return standingOf(made.value, () =>
    reason !== undefined || end === undefined
      ? { reason: reason ?? notExact }
      : suffixSite(text, end),
  )
}

function mapEntries(map: YAMLMap, name: string, document: Document) {
  const inner = mapIn(map, name, document)
  return inner === undefined ? [] : entriesOf(inner, document)
}

/** `additional_contexts`, as a map or as a list of `name=value`; only the map has values of their own. */
function contexts(build: YAMLMap, document: Document): (Node | undefined)[] {
  return mapEntries(build, 'additional_contexts', document).map(({ value }) => value)
}

function imageMounts(service: YAMLMap, document: Document): (Node | undefined)[] {
  const volumes = entryOf(service, 'volumes', document)?.value
  if (!isSeq(volumes)) return []
  return volumes.items.flatMap((item) => {
    const volume = target(item, document)
    if (!isMap(volume) || textIn(volume, 'type', document) !== 'image') return []
    return [entryOf(volume, 'source', document)?.value]
  })
}
