import type { Digest } from '@berth/oci/digest.ts'
import { formatBytes, formatDuration, shortDigest } from '../format.ts'
import { formatTable } from '../table.ts'
import { formatScan, type ScanSummary } from './scan-summary.ts'

/** What became of one service. One of `services` in the JSON result; fields are only ever added. */
export type ServiceResult = {
  readonly service: string
  readonly image: string
  /** `built`: not pushed, because nothing was to be, or because another service failed. */
  readonly state: 'pushed' | 'built' | 'failed' | 'skipped'
  readonly platforms: readonly {
    readonly platform: string
    readonly digest: Digest
    readonly layers: number
    readonly size: number
  }[]
  readonly tags: readonly string[]
  /** Of the index, or of the image when it is for one platform. */
  readonly digest: Digest | null
  /** Layers of all platforms, in bytes as they are stored. */
  readonly size: number
  readonly layers: number
  readonly milliseconds: number
  readonly steps: number
  readonly cacheHits: number
  readonly log: string | null
  /** `null`: not scanned. */
  readonly scan: ScanSummary | null
  /** Digest of the manifest that carries the signature; `null`: not signed. */
  readonly signature: string | null
  readonly fault: string | null
}

export type BuildResult = {
  readonly builder: string
  readonly builderVersion: string
  readonly revision: string | null
  readonly version: string | null
  readonly services: readonly ServiceResult[]
}

/** The table that a build ends with, then what was found and signed. */
export function formatResult({ services }: BuildResult, width: number | undefined): string {
  const table = formatTable(
    [
      { title: 'SERVICE' },
      { title: 'PLATFORM', shrinks: true },
      { title: 'TAGS', shrinks: true },
      { title: 'SIZE', align: 'right' },
      { title: 'LAYERS', align: 'right', yields: 2 },
      { title: 'TIME', align: 'right' },
      { title: 'CACHE', align: 'right', yields: 1 },
      { title: 'DIGEST' },
      { title: 'STATE' },
    ],
    services.map((each) => [
      each.service,
      each.platforms.map(({ platform }) => platform).join(','),
      each.tags.join(','),
      each.digest === null ? '' : formatBytes(each.size),
      each.digest === null ? '' : String(each.layers),
      each.state === 'skipped' ? '' : formatDuration(each.milliseconds),
      each.state === 'skipped' ? '' : `${each.cacheHits}/${each.steps}`,
      each.digest === null ? '' : width === undefined ? each.digest : shortDigest(each.digest),
      each.state,
    ]),
    width,
  )
  const lines = services.flatMap((each) => [
    ...(each.scan === null ? [] : formatScan(each.service, each.scan)),
    ...(each.signature === null ? [] : [`${each.service}: signed by ${each.signature}`]),
  ])
  return lines.length === 0 ? table : `${table}\n\n${lines.join('\n')}`
}
