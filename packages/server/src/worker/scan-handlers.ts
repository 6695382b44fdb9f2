import type { Scanning } from '../scan/open.ts'
import type { JobHandlers } from './job-handlers.ts'

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
    'scan-image': ({ payload, signal, onProgress }) =>
      images.scan({ digest: payload.digest, signal, onProgress }),
    'track-findings': ({ payload }) => tracking.track(payload.repository),
    'match-packages': ({ signal, onProgress }) => matching.run({ signal, onProgress }),
    'update-advisories': ({ signal }) => advisoryUpdates.run(signal),
    'find-unscanned': ({ signal }) => upkeep.findUnscanned(signal),
    'note-findings': ({ signal }) => upkeep.noteFindings(signal),
    'date-findings': ({ payload, signal, formerProgress, onProgress }) =>
      tracking.date({ ...payload, signal, from: formerProgress, onProgress }),
    'trim-scans': ({ signal }) => upkeep.trim(signal),
  }
}
