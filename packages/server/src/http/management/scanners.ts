import {
  deleteScanner,
  exportExternalReport,
  listExternalFindings,
  listExternalScans,
  listScanners,
  requestExternalScan,
  setScanner,
  testScanner,
} from '@berth/api/scanners.ts'
import { parseReference, parseRepositoryName } from '@berth/oci/reference.ts'
import { Readable } from 'node:stream'
import type { ExternalScansView, ExternalScanView } from '../../scanners/external-scans.ts'
import { type Binding, bind } from './call.ts'

const reading = { on: 'instance', action: 'readSystem' } as const
const changing = { on: 'instance', action: 'manageSystem' } as const
const pulling = { on: 'repository', action: 'pull' } as const
const pushing = { on: 'repository', action: 'push' } as const

/** Scanners beside that of Berth, and what they said of images. */
export const scannerRoutes: readonly Binding[] = [
  bind(listScanners, reading, async ({ scannerRegistrations }) => ({
    body: { items: await scannerRegistrations.listScanners() },
  })),
  bind(setScanner, changing, async ({ scannerRegistrations }, { params, body, context }) => ({
    body: await scannerRegistrations.setScanner(context, params.name, body),
  })),
  bind(deleteScanner, changing, async ({ scannerRegistrations }, { params, context }) => {
    await scannerRegistrations.deleteScanner(context, params.name)
    return { body: undefined }
  }),
  bind(testScanner, changing, async ({ scannerRegistrations }, { params }) => ({
    body: await scannerRegistrations.testScanner(params.name),
  })),
  bind(listExternalScans, pulling, async ({ externalScans }, { params }) => ({
    body: toBody(
      await externalScans.list(
        parseRepositoryName(params.repository),
        parseReference(params.reference),
      ),
    ),
  })),
  bind(requestExternalScan, pushing, async ({ externalScans }, { params, body, context }) => ({
    body: toBody(
      await externalScans.request(
        context,
        parseRepositoryName(params.repository),
        parseReference(params.reference),
        body.scanner,
      ),
    ),
  })),
  bind(listExternalFindings, pulling, async ({ externalScans }, { params, query }) => {
    const { items, next } = await externalScans.findings(
      parseRepositoryName(params.repository),
      parseReference(params.reference),
      { scanner: params.scanner, ...query, platform: query.platform },
    )
    return { body: { items: items.map((one) => ({ ...one, links: [...one.links] })), next } }
  }),
  bind(exportExternalReport, pulling, async ({ externalScans }, { params, query }) => {
    const { scanner } = params
    const { digest, content } = await externalScans.raw(
      parseRepositoryName(params.repository),
      parseReference(params.reference),
      { scanner, platform: query.platform },
    )
    const stream = {
      mediaType: 'application/json',
      content: Readable.from([content]),
      fileName: `${params.repository}-${digest.slice(-12)}.${scanner}.json`,
    }
    return { body: undefined, stream }
  }),
]

function toBody({ digest, items }: ExternalScansView) {
  return { digest, items: items.map(toItem) }
}

function toItem({ scanner, image, report }: ExternalScanView) {
  return {
    scanner,
    digest: image.digest,
    platform: image.platform,
    state: report?.state ?? ('none' as const),
    reason: report?.reason ?? null,
    product: report?.product ?? null,
    generatedAt: report?.generated_at ?? null,
    dataBuiltAt: report?.data_built_at ?? null,
    counts: {
      critical: report?.critical ?? 0,
      high: report?.high ?? 0,
      medium: report?.medium ?? 0,
      low: report?.low ?? 0,
      negligible: report?.negligible ?? 0,
      unknown: report?.unknown ?? 0,
    },
    isTruncated: report?.is_truncated === 1,
    requestedAt: report?.requested_at ?? null,
    finishedAt: report?.finished_at ?? null,
  }
}
