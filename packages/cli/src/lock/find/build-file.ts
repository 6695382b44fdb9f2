import { isMap, isScalar, type Document, type YAMLMap } from 'yaml'
import { interpolatedReference } from './compose.ts'
import type { Finding, FoundReference } from './found-reference.ts'
import { entriesOf, mapIn, readYaml, type YamlText } from './yaml-text.ts'

/** Names of build arguments that hold an image. */
const argumentName = /(?:^|_)(?:IMAGE|BASE|FROM)(?:_|$)/i

/** The images in `berth.yaml`: build arguments such as `BASE_IMAGE: python:3.12`, of services and of `defaults`. */
export function findInBuildFile(text: string): Finding {
  const yaml = readYaml(text)
  const references: FoundReference[] = []
  for (const { document, root } of yaml.documents) {
    if (!isMap(root)) continue
    const services = mapIn(root, 'services', document)
    const holders = [
      mapIn(root, 'defaults', document),
      ...(services === undefined ? [] : entriesOf(services, document).map(({ value }) => value)),
    ]
    for (const holder of holders) {
      if (isMap(holder)) references.push(...argumentsOf(yaml, holder, document))
    }
  }
  const unique = new Map(references.map((each) => [each.start, each]))
  return { references: [...unique.values()].sort((a, b) => a.start - b.start), faults: yaml.faults }
}

function argumentsOf(yaml: YamlText, holder: YAMLMap, document: Document): FoundReference[] {
  const map = mapIn(holder, 'args', document)
  if (map === undefined) return []
  return entriesOf(map, document).flatMap(({ name, value }) => {
    if (!argumentName.test(name) || !isScalar(value) || !/[:@][^/]*$/.test(String(value.value)))
      return []
    // The environment and --set count in a build; for the lock the file's own defaults do.
    const given = { variables: new Map<string, string>(), isBuilt: false }
    const reference = interpolatedReference(yaml, 'buildArgument', value, given)
    return reference === undefined ? [] : [reference]
  })
}
