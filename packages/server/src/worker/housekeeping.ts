import type { Config } from '../config/schema.ts'
import type { Metrics } from '../metrics.ts'
import type { Logger } from '../log.ts'
import type { Collection } from '../registry/collection.ts'
import type { Sweep } from '../registry/sweep.ts'
import type { Verification } from '../registry/verification.ts'
import { BackgroundLoops } from './loops.ts'

/** Rests three times as long as it works: collection takes at most a quarter of one core. */
const restFactor = 3
const longestCollectionPauseMs = 60_000
const hourMs = 3_600_000
const dayMs = 24 * hourMs

/**
 * The background work on what is stored: collection, the sweep for unknown objects, verification. Each is a loop of its
 * own that logs a failure and goes on later.
 */
export function startHousekeeping(parts: {
  collection: Collection
  sweep: Sweep
  verification: Verification
  config: Pick<Config, 'collection' | 'verification'>
  logger: Logger
  metrics: Metrics
}): { stop(): Promise<void> } {
  const { config, logger, metrics } = parts
  const loops = new BackgroundLoops(logger)
  const { signal } = loops

  if (config.collection.enabled) {
    const graceMs = config.collection.graceSeconds * 1000
    const pauseMs = Math.min(Math.max(graceMs / 4, 250), longestCollectionPauseMs)
    loops.add('collection', { firstMs: pauseMs, thenMs: pauseMs }, async () => {
      const summary = await parts.collection.run({ restFactor, signal })
      metrics.noteCollection(summary)
      if (summary.objectsLeft > 0) logger.error(summary, 'collection could not remove some objects')
      else if (summary.reviewed + summary.objectsRemoved + summary.uploadsExpired > 0) {
        logger.info(summary, 'collection')
      }
    })
    const sweepMs = config.collection.sweepIntervalHours * hourMs
    loops.add('sweep', { firstMs: Math.min(sweepMs, hourMs), thenMs: sweepMs }, async () => {
      const found = await parts.sweep.run({ restFactor, signal })
      logger.info(found, 'sweep for unknown objects')
    })
  }
  if (config.verification.enabled) {
    const ageMs = config.verification.intervalDays * dayMs
    const lookMs = Math.min(hourMs, ageMs)
    loops.add('verification', { firstMs: lookMs / 60, thenMs: lookMs }, async () => {
      const progress = await parts.verification.run({
        before: new Date(Date.now() - ageMs),
        bytesPerSecond: config.verification.bytesPerSecond,
        signal,
      })
      metrics.noteVerification(progress)
      if (progress.damaged > 0) logger.error(progress, 'verification found damaged content')
      else if (progress.blobs > 0) logger.info(progress, 'verification')
    })
  }
  return loops
}
