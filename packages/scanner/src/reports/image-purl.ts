import { PackageURL } from 'packageurl-js'
import type { ScanReport } from '../finding.ts'

/**
 * `pkg:oci/app@sha256:…?arch=amd64&repository_url=berth.example%2Fapp`; `undefined` for what has no digest.
 * https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md
 */
export function imagePurl(artifact: ScanReport['artifact']): string | undefined {
  if (artifact.digest === undefined) return undefined
  const repository = artifact.name.replace(/@.*$/, '').replace(/:[^/:]*$/, '')
  const name = repository.split('/').at(-1)?.toLowerCase() ?? ''
  if (name === '') return undefined
  const architecture = artifact.platform?.split('/')[1]
  return new PackageURL(
    'oci',
    undefined,
    name,
    artifact.digest,
    {
      ...(architecture !== undefined && { arch: architecture }),
      repository_url: repository.toLowerCase(),
    },
    undefined,
  ).toString()
}
