import { isMap, isSeq } from 'yaml'
import { type Finding, type FoundReference, type Standing, standingOf } from './found-reference.ts'
import { entryOf, exactScalar, readYaml, target, textIn } from './yaml-text.ts'

const exactVersion = /^v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/

/** The charts that `Chart.yaml` takes from registries: its dependencies with an `oci://` repository. */
export function findInChart(text: string): Finding {
  const yaml = readYaml(text)
  const references: FoundReference[] = []
  for (const { document, root } of yaml.documents) {
    const dependencies = isMap(root) ? entryOf(root, 'dependencies', document)?.value : undefined
    if (!isSeq(dependencies)) continue
    for (const item of dependencies.items) {
      const dependency = target(item, document)
      if (!isMap(dependency)) continue
      const repository = textIn(dependency, 'repository', document) ?? ''
      const name = textIn(dependency, 'name', document) ?? ''
      const version = textIn(dependency, 'version', document) ?? ''
      if (!repository.startsWith('oci://')) continue
      const shown = entryOf(dependency, 'version', document)?.value ?? dependency
      const exact = exactScalar(text, shown)
      const place = yaml.place(
        exact?.start ?? shown.range?.[0] ?? 0,
        exact?.end ?? shown.range?.[1] ?? 0,
      )
      references.push({
        kind: 'helmDependency',
        text: text.slice(place.start, place.end),
        ...place,
        standing: standing(repository, name, version),
      })
    }
  }
  return { references, faults: yaml.faults }
}

/** The `appVersion` of a chart. */
export function appVersionOf(text: string): string | undefined {
  const [first] = readYaml(text).documents
  return isMap(first?.root) ? textIn(first.root, 'appVersion', first.document) : undefined
}

function standing(repository: string, name: string, version: string): Standing {
  if (!exactVersion.test(version)) {
    return {
      state: 'unresolved',
      reason: `the version ${version || '(none)'} is a range: Helm chooses`,
    }
  }
  // Helm writes the `+` of a version as `_` in tags.
  const full = `${repository.slice('oci://'.length).replace(/\/+$/, '')}/${name}:${version.replaceAll('+', '_')}`
  return standingOf(full, () => ({ reason: 'Chart.yaml has no place for a digest' }))
}
