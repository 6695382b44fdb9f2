import type { Scanning } from '../scan/open.ts'
import type { JobHandlers } from './job-handlers.ts'
import { layerReporter, reportSources } from './job-reports.ts'

/** The jobs of scanning. */
export function makeScanHandlers({
  advisoryUpdates,
  images,
  matching,
  tracking,
  upkeep,
}: Pick<Scanning, 'advisoryUpdates' | 'images' | 'matching' | 'tracking' | 'upkeep'>): Pick<
  JobHandlers,
  | 'scan-image'
  | 'track-findings'
  | 'match-packages'
  | 'update-advisories'
  | 'find-unscanned'
  | 'note-findings'
  | 'trim-scans'
  | 'date-findings'
> {
  return {
    async 'scan-image'({ payload, signal, onProgress, say }) {
      const tellLayer = layerReporter(say)
      const result = await images.scan({
        digest: payload.digest,
        signal,
        onProgress: (progress) => {
          onProgress(progress)
          tellLayer(progress)
        },
      })
      say(`The image is ${result.state}.`)
      return result
    },
    'track-findings': ({ payload }) => tracking.track(payload.repository),
    'match-packages': ({ signal, onProgress }) => matching.run({ signal, onProgress }),
    async 'update-advisories'({ signal, say }) {
      const result = await advisoryUpdates.run(signal)
      reportSources(result.sources, say)
      return result
    },
    'find-unscanned': ({ signal }) => upkeep.findUnscanned(signal),
    'note-findings': ({ signal }) => upkeep.noteFindings(signal),
    'date-findings': ({ payload, signal, formerProgress, onProgress }) =>
      tracking.date({ ...payload, signal, from: formerProgress, onProgress }),
    'trim-scans': ({ signal }) => upkeep.trim(signal),
  }
}
