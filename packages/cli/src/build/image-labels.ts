import type { GitState } from '../git.ts'
import type { Service } from './build-file.ts'

/**
 * The labels that tell where an image comes from (image-spec annotations.md), under those of the service. What is not
 * known is left out.
 */
export function imageLabels(
  service: Service,
  from: {
    readonly git: GitState
    readonly version: string | undefined
    readonly created: Date
    readonly tag: string | undefined
  },
): Readonly<Record<string, string>> {
  const { git, version, created, tag } = from
  const labels = {
    created: created.toISOString().replace('.000Z', 'Z'),
    revision: git.revision,
    source: git.remoteUrl,
    url: git.remoteUrl,
    version,
    title: service.name,
    'ref.name': tag,
  }
  return {
    ...Object.fromEntries(
      Object.entries(labels).flatMap(([name, value]) =>
        value === undefined ? [] : [[`org.opencontainers.image.${name}`, value]],
      ),
    ),
    ...service.labels,
  }
}
