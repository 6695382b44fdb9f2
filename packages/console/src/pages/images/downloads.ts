import { reportFormat } from '@berth/api/findings.ts'
import { apiAddress } from '../../api/client.ts'
import { imageText as text } from '../../text/images.ts'

export type Download = { readonly label: string; readonly href: string }

function onImage(repository: string, reference: string): string {
  return `/repositories/${encodeURIComponent(repository)}/manifests/${encodeURIComponent(reference)}`
}

/** The bill of materials of an image that was scanned, in every format there is. */
export function sbomDownloads(repository: string, digest: string): Download[] {
  const base = onImage(repository, digest)
  return (['spdx', 'cyclonedx'] as const).map((format) => ({
    label: text.actions.sbom[format],
    href: apiAddress(`${base}/sbom?format=${format}`),
  }))
}

/** The report of the findings, in every format there is. */
export function reportDownloads(repository: string, digest: string): Download[] {
  const base = onImage(repository, digest)
  return reportFormat.options.map((format) => ({
    label: text.actions.reports[format],
    href: apiAddress(`${base}/report?format=${format}`),
  }))
}

/** The JSON of a manifest or of its configuration, byte for byte. */
export function contentDownload(
  repository: string,
  digest: string,
  part: 'manifest' | 'config',
): string {
  return apiAddress(`${onImage(repository, digest)}/content?part=${part}`)
}

/** What another scanner said of an image, as it came. */
export function externalReport(repository: string, digest: string, scanner: string): string {
  const base = onImage(repository, digest)
  return apiAddress(`${base}/external-scans/${encodeURIComponent(scanner)}/report`)
}
