import { type Document, isMap, isSeq, type Node, type YAMLMap } from 'yaml'
import type { Finding, FoundReference } from './found-reference.ts'
import { scalarReference } from './yaml-reference.ts'
import { entryOf, eachMap, readYaml, target, textIn } from './yaml-text.ts'

const containerLists = ['initContainers', 'containers', 'ephemeralContainers'] as const

/** Values that are data or names, whatever their keys are called. */
const skipped = new Set([
  'data',
  'stringData',
  'binaryData',
  'annotations',
  'labels',
  'openAPIV3Schema',
])

/** Keys of custom resources whose text is an image, beside `image`. */
const customKeys: readonly { readonly group: RegExp; readonly keys: readonly string[] }[] = [
  { group: /(?:^|\.)cnpg\.io$/, keys: ['imageName'] },
  { group: /(?:^|\.)cassandra\.datastax\.com$/, keys: ['serverImage'] },
  { group: /(?:^|\.)kafka\.strimzi\.io$/, keys: ['image'] },
]

/**
 * The images that Kubernetes manifests name, in any number of documents and in lists: containers and image volumes of pod
 * specs wherever these are, and `image` fields of custom resources.
 */
export function findInKubernetes(text: string): Finding {
  const yaml = readYaml(text)
  const found = new Map<number, FoundReference>()
  const add = (reference: FoundReference | undefined): void => {
    if (reference !== undefined) found.set(reference.start, reference)
  }
  for (const { document, root } of yaml.documents) {
    for (const resource of resourcesIn(root, document)) {
      const kind = textIn(resource, 'kind', document)
      if (kind === 'CustomResourceDefinition' || kind === 'Kustomization') continue
      const keys = customKeysOf(textIn(resource, 'apiVersion', document) ?? '')
      eachMap(
        resource,
        document,
        (map) => {
          for (const name of containerLists) {
            for (const container of mapsIn(map, name, document)) {
              add(scalarReference(yaml, 'podImage', entryOf(container, 'image', document)?.value))
            }
          }
          for (const volume of mapsIn(map, 'volumes', document)) {
            const image = entryOf(volume, 'image', document)?.value
            if (!isMap(image)) continue
            add(scalarReference(yaml, 'imageVolume', entryOf(image, 'reference', document)?.value))
          }
          for (const key of keys) {
            const value = entryOf(map, key, document)?.value
            const reference = scalarReference(yaml, 'customImage', value)
            if (reference === undefined || found.has(reference.start)) continue
            // A bare word is as likely the name of something else.
            if (/[:/@]/.test(reference.text)) add(reference)
          }
        },
        (name, map) => skipped.has(name) || (isResource(map, document) && map !== resource),
      )
    }
  }
  return { references: [...found.values()].sort((a, b) => a.start - b.start), faults: yaml.faults }
}

/** Whether a text holds a Kubernetes resource, as far as can be told without reading it. */
export function looksLikeKubernetes(text: string): boolean {
  return (
    /(?:^|[\s{,])["']?apiVersion["']?\s*:/.test(text) && /(?:^|[\s{,])["']?kind["']?\s*:/.test(text)
  )
}

function resourcesIn(root: Node | undefined, document: Document): YAMLMap[] {
  const resources: YAMLMap[] = []
  eachMap(
    root,
    document,
    (map) => {
      if (isResource(map, document)) resources.push(map)
    },
    (name) => skipped.has(name),
  )
  return resources
}

function isResource(map: YAMLMap, document: Document): boolean {
  return (
    textIn(map, 'apiVersion', document) !== undefined && textIn(map, 'kind', document) !== undefined
  )
}

function mapsIn(map: YAMLMap, name: string, document: Document): YAMLMap[] {
  const value = entryOf(map, name, document)?.value
  if (!isSeq(value)) return []
  return value.items.map((item) => target(item, document)).filter((item) => isMap(item))
}

/** Nothing for the groups of Kubernetes itself: there an image is in a pod spec. */
function customKeysOf(apiVersion: string): readonly string[] {
  const slash = apiVersion.indexOf('/')
  const group = slash === -1 ? '' : apiVersion.slice(0, slash)
  if (!group.includes('.') || group.endsWith('.k8s.io')) return []
  return [
    'image',
    ...customKeys.filter((each) => each.group.test(group)).flatMap(({ keys }) => keys),
  ]
}
