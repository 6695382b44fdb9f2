import type { JobRun } from './job-handlers.ts'
import type { CollectionSummary } from '../registry/collection.ts'
import type { SourceOutcome } from '../scan/advisory-requests.ts'
import type { ScanProgress } from '../scan/image-scan.ts'

type Say = JobRun<'collect'>['say']

/** What a collection did. */
export function reportCollection(summary: CollectionSummary, say: Say): void {
  const { reviewed, manifestsRemoved, blobsRemoved, repositoriesRemoved } = summary
  say(
    `Looked at ${reviewed} things; removed ${manifestsRemoved} manifests, ${blobsRemoved} blobs and ${repositoriesRemoved} empty repositories.`,
  )
  if (summary.uploadsExpired > 0)
    say(`Ended ${summary.uploadsExpired} uploads nobody went on with.`)
  say(`Removed ${summary.objectsRemoved} objects from the store: ${mebibytes(summary.bytesFreed)}.`)
  if (summary.objectsLeft > 0) {
    say(
      `The store refused to remove ${summary.objectsLeft} objects; they are tried again.`,
      'warning',
    )
  }
}

/** What a comparison of the store with the records found. */
export function reportSweep(
  { seen, unknown, unknownBytes }: { seen: number; unknown: number; unknownBytes: number },
  say: Say,
): void {
  say(
    `Looked at ${seen} objects in the store; no record names ${unknown} of them, ${mebibytes(unknownBytes)}.`,
  )
}

/** What became of each source of advisories. */
export function reportSources(sources: readonly SourceOutcome[], say: Say): void {
  for (const { source, state, records, message } of sources) {
    const count = records === undefined ? '' : `, ${records} records`
    const why = message === undefined ? '' : `: ${message}`
    say(`${source}: ${state}${count}${why}`, state === 'failed' ? 'error' : 'info')
  }
}

/** Says each layer once, at its beginning. */
export function layerReporter(say: Say): (progress: ScanProgress) => void {
  let said = 0
  return ({ layer, layers, totalBytes }) => {
    if (layer === said) return
    if (said === 0) say(`The image has ${layers} layers, ${mebibytes(totalBytes)}.`)
    said = layer
    say(`Reading layer ${layer} of ${layers}.`)
  }
}

/** A line each time so many more are done, so that long work is seen to go on. */
export function countReporter(what: string, step: number, say: Say): (done: number) => void {
  let next = step
  return (done) => {
    if (done < next) return
    next = done + step
    say(`${done} ${what} are done.`)
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
