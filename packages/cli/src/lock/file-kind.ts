import { findInBuildFile } from './find/build-file.ts'
import { findInCompose } from './find/compose.ts'
import { findInDockerfile } from './find/dockerfile.ts'
import type { Finding } from './find/found-reference.ts'
import { findInChart } from './find/helm-chart.ts'
import { findInHelmValues } from './find/helm-values.ts'
import { findInKubernetes, looksLikeKubernetes } from './find/kubernetes.ts'
import { findInKustomization } from './find/kustomization.ts'
import { findInTemplate } from './find/template.ts'

export type FileKind =
  | 'dockerfile'
  | 'compose'
  | 'kubernetes'
  | 'kustomization'
  | 'helmValues'
  | 'helmChart'
  | 'helmTemplate'
  | 'buildFile'

/** What the files around a file tell about it. */
export type Surroundings = {
  /** Whether it lies in the `templates` folder of a chart. */
  readonly isInTemplates: boolean
  /** Of the chart in its folder. */
  readonly appVersion: string | undefined
  /** Of the `.env` file in its folder. */
  readonly variables: ReadonlyMap<string, string>
}

const dockerfileName = /^(?:.+[._-])?(?:docker|container)file(?:[._-].+)?$/i
const composeName = /^(?:docker-)?compose(?:[._-].+)?\.ya?ml$/i
const kustomizationName = /^kustomization(?:\.ya?ml)?$/i
const valuesName = /^(?:.+[._-])?values(?:[._-].+)?\.ya?ml$/i

/** What kind of file it is, by its name and else by its content; `undefined` for one that names no images. */
export function fileKind(
  name: string,
  text: string,
  { isInTemplates }: Surroundings,
): FileKind | undefined {
  if (dockerfileName.test(name) && !/\.(?:dockerignore|md|ya?ml|json)$/i.test(name)) {
    return 'dockerfile'
  }
  if (kustomizationName.test(name)) return 'kustomization'
  if (name === 'Chart.yaml') return 'helmChart'
  if (isInTemplates) return text.includes('{{') ? 'helmTemplate' : 'kubernetes'
  if (/^berth\.ya?ml$/.test(name)) return 'buildFile'
  if (composeName.test(name)) return 'compose'
  if (name.endsWith('.tpl')) return undefined
  if (looksLikeKubernetes(text)) {
    if (/^kind:\s*(?:Kustomization|Component)\s*(?:#.*)?$/m.test(text)) return 'kustomization'
    return 'kubernetes'
  }
  if (name.endsWith('.json')) return undefined
  if (valuesName.test(name)) return 'helmValues'
  return /^services:\s*(?:#.*)?$/m.test(text) && /^\s+(?:image|build):/m.test(text)
    ? 'compose'
    : undefined
}

/** The references of a file of that kind. Manifests with `{{ }}` that are no YAML are read line by line. */
export function findReferences(kind: FileKind, text: string, around: Surroundings): Finding {
  switch (kind) {
    case 'dockerfile':
      return findInDockerfile(text)
    case 'compose':
      return findInCompose(text, around.variables)
    case 'kustomization':
      return findInKustomization(text)
    case 'helmValues':
      return findInHelmValues(text, { appVersion: around.appVersion })
    case 'helmChart':
      return findInChart(text)
    case 'helmTemplate':
      return findInTemplate(text)
    case 'buildFile':
      return findInBuildFile(text)
    case 'kubernetes': {
      const found = findInKubernetes(text)
      return found.faults.length > 0 && text.includes('{{') ? findInTemplate(text) : found
    }
  }
}
