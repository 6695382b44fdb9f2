import {
  cancelScan,
  listImagePackages,
  readImageDiff,
  readScan,
  requestScan,
  searchPackages,
} from '@berth/api/scans.ts'
import { parseReference, parseRepositoryName } from '@berth/oci/reference.ts'
import type { ImageScanView, ScanView } from '../../scan/scans.ts'
import { type Binding, bind } from './call.ts'

const pulling = { on: 'repository', action: 'pull' } as const
const pushing = { on: 'repository', action: 'push' } as const
const diffMax = 5000

/** What scanning knows of images, and the packages in them. */
export const scanRoutes: readonly Binding[] = [
  bind(readScan, pulling, async ({ scans }, { params }) => ({
    body: toBody(
      await scans.readScan(
        parseRepositoryName(params.repository),
        parseReference(params.reference),
      ),
    ),
  })),
  bind(requestScan, pushing, async ({ scans }, { params, context }) => ({
    body: toBody(
      await scans.requestScan(
        context,
        parseRepositoryName(params.repository),
        parseReference(params.reference),
      ),
    ),
  })),
  bind(cancelScan, pushing, async ({ scans }, { params, context }) => ({
    body: toBody(
      await scans.cancelScan(
        context,
        parseRepositoryName(params.repository),
        parseReference(params.reference),
      ),
    ),
  })),
  bind(listImagePackages, pulling, async ({ imagePackages }, { params, query }) => {
    const { items, next } = await imagePackages.list(
      parseRepositoryName(params.repository),
      parseReference(params.reference),
      query,
    )
    return {
      body: {
        items: items.map((one) => ({
          kind: one.kind,
          name: one.name,
          version: one.version,
          purl: one.purl,
          source: one.source ? { ...one.source } : null,
          architecture: one.architecture ?? null,
          licenses: [...one.licenses],
          isThirdParty: one.isThirdParty === true,
          path: one.path,
          layer: one.layer ?? null,
        })),
        next,
      },
    }
  }),
  bind(readImageDiff, pulling, async ({ imagePackages }, { params, query }) => {
    const { from, to, diff } = await imagePackages.diff(
      parseRepositoryName(params.repository),
      parseReference(params.reference),
      parseReference(query.to),
      query.platform,
    )
    const named = (list: typeof diff.added) =>
      list.slice(0, diffMax).map(({ kind, name, version }) => ({ kind, name, version }))
    const lists = [diff.added, diff.removed, diff.changed]
    return {
      body: {
        from,
        to,
        added: named(diff.added),
        removed: named(diff.removed),
        changed: diff.changed.slice(0, diffMax).map(({ kind, name, before, after }) => ({
          kind,
          name,
          before: [...before],
          after: [...after],
        })),
        isTruncated: lists.some(({ length }) => length > diffMax),
      },
    }
  }),
  bind(searchPackages, { on: 'anyone' }, async ({ packageSearch }, { query, caller }) => {
    const { name, kind, version, after, limit } = query
    return { body: await packageSearch.search(caller, { name, kind, version, after, limit }) }
  }),
]

function toBody({ digest, mediaType, scans }: ScanView) {
  return { digest, mediaType, scans: scans.map(toScan) }
}

function toScan(view: ImageScanView) {
  const { row, notCovered, counts, digest, platform, state, reason, progress } = view
  const today = new Date().toISOString().slice(0, 10)
  return {
    digest,
    platform,
    state,
    reason,
    progress,
    distribution:
      row?.distribution_id == null
        ? null
        : {
            id: row.distribution_id,
            release: row.distribution_release ?? '',
            name: row.distribution_name ?? row.distribution_id,
            endOfLife: row.end_of_life,
            isEndOfLife: row.end_of_life !== null && row.end_of_life < today,
          },
    packages: row?.packages ?? 0,
    notCovered: notCovered.map((missing) => ({ path: missing.path, reason: missing.reason })),
    notCoveredCount: view.notCoveredCount,
    counts: { ...counts },
    worstScore: view.worstScore,
    cataloguedAt: row?.catalogued_at ?? null,
    matchedAt: row?.matched_at ?? null,
    dataRevision: row?.data_revision ?? 0,
    dataBuiltAt: row?.data_built_at ?? null,
  }
}
