import { parseDigest } from '@berth/oci/digest.ts'
import { parseRepositoryName } from '@berth/oci/reference.ts'
import type { Config } from '../config/schema.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Metrics } from '../metrics.ts'
import type { ProjectFigures } from '../quota/project-figures.ts'
import type { CollectionPlan } from '../registry/collection-plan.ts'
import type { Collection } from '../registry/collection.ts'
import type { Sweep } from '../registry/sweep.ts'
import type { Verification } from '../registry/verification.ts'
import type { ExternalScanning } from '../scanners/external-scanning.ts'
import type { LabelIndexing } from '../search/labels.ts'
import type { Scanning } from '../scan/open.ts'
import type { SearchUpkeep } from '../search/upkeep.ts'
import type { SignatureVerification } from '../signatures/verification.ts'
import type { JobHandlers } from './job-handlers.ts'
import { countReporter, reportCollection, reportSweep } from './job-reports.ts'
import { makeScanHandlers } from './scan-handlers.ts'

const finishedKeptMs = 14 * 86_400_000
/** Somebody waits for these, so they rest less than the same work in the background. */
const restFactor = 1

/** Joins the kinds of jobs with those who can do them. */
export function makeHandlers(parts: {
  queue: JobQueue
  collection: Collection
  /** What collection would decide about what waits first. */
  planCollection: () => Promise<CollectionPlan>
  sweep: Sweep
  verification: Verification
  labels: LabelIndexing
  upkeep: SearchUpkeep
  scanning: Scanning
  projectFigures: ProjectFigures
  externalScanning: ExternalScanning
  signatures: SignatureVerification
  metrics: Metrics
  config: Pick<Config, 'verification'>
  now: () => number
}): JobHandlers {
  const { metrics } = parts
  return {
    ...makeScanHandlers(parts.scanning),
    'external-scan': ({ payload: { scanner, repository, digest }, ...run }) =>
      parts.externalScanning.run({
        scanner,
        repository: parseRepositoryName(repository),
        digest,
        ...run,
      }),
    async collect({ payload, signal, onProgress, say }) {
      const sweep = payload.sweep
        ? await parts.sweep.run({ restFactor, signal, dryRun: payload.dryRun })
        : null
      onProgress({ sweep })
      if (sweep) reportSweep(sweep, say)
      if (payload.dryRun) return { sweep, plan: await parts.planCollection() }
      const collection = await parts.collection.run({ restFactor, signal })
      metrics.noteCollection(collection)
      reportCollection(collection, say)
      return { sweep, collection }
    },
    async sweep({ payload, signal, say }) {
      const found = await parts.sweep.run({ restFactor, signal, dryRun: payload.dryRun })
      reportSweep(found, say)
      return found
    },
    async verify({ signal, formerProgress, onProgress, say }) {
      // A second attempt goes on with what the first has not come to.
      const before = readTime(formerProgress) ?? new Date(parts.now()).toISOString()
      const totalBytes = await parts.verification.due(new Date(before))
      onProgress({ before, bytes: 0, totalBytes })
      say(`${(totalBytes / 2 ** 20).toFixed(1)} MiB of blobs are to be read and checked.`)
      const tellCount = countReporter('blobs', 1000, say)
      const progress = await parts.verification.run({
        before: new Date(before),
        bytesPerSecond: parts.config.verification.bytesPerSecond,
        signal,
        onProgress: (reached) => {
          onProgress({ before, ...reached, totalBytes })
          tellCount(reached.blobs)
        },
        onDamage: (digest, damage) => say(`${digest} ${damage}.`, 'error'),
      })
      metrics.noteVerification(progress)
      say(
        `Read ${progress.blobs} blobs and ${progress.manifests} manifests; ${progress.damaged} are damaged.`,
        progress.damaged > 0 ? 'error' : 'info',
      )
      return progress
    },
    'trim-jobs': async ({ signal }) => ({
      removed: await parts.queue.trim(finishedKeptMs, { signal }),
    }),
    'index-labels': async ({ payload }) => parts.labels.index(payload.repository, payload.digest),
    'rebuild-search': ({ signal, formerProgress, onProgress }) =>
      parts.upkeep.rebuild({ signal, from: formerProgress, onProgress }),
    'measure-projects': ({ signal }) => parts.projectFigures.measure(signal),
    'trim-search': ({ signal }) => parts.upkeep.trim(signal),
    'verify-signatures': ({ payload }) =>
      parts.signatures.verify(parseRepositoryName(payload.repository), parseDigest(payload.digest)),
    async 'verify-project-signatures'({ payload, signal, formerProgress, onProgress, say }) {
      const tellCount = countReporter('signed images', 100, say)
      const result = await parts.signatures.verifyProject(payload.project, {
        signal,
        from: formerProgress,
        onProgress: (progress) => {
          onProgress(progress)
          tellCount(progress.done)
        },
      })
      say(`Judged the signatures of ${result.subjects} images anew.`)
      return result
    },
  }
}

function readTime(progress: unknown): string | undefined {
  const before = (progress as { before?: unknown } | undefined)?.before
  return typeof before === 'string' && !Number.isNaN(Date.parse(before)) ? before : undefined
}
