import { BerthError } from '../errors.ts'

/**
 * Group commit: callers that arrive while a sync is under way share the next one.
 * A sync that fails once is never trusted again, since the kernel may have dropped the pages it could not write.
 */
export function openSyncGate(run: () => Promise<void>): {
  /** Resolves when a sync that started after this call has ended. */
  sync(): Promise<void>
  /** Set for good after a failed sync; nothing more may be acknowledged. */
  readonly broken: BerthError | undefined
} {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  let broken: BerthError | undefined

  function start(): Promise<void> {
    running = run().then(
      () => {
        running = undefined
      },
      (error: unknown) => {
        broken = new BerthError(
          'unavailable',
          'The database could not be written to disk. Nothing more is accepted until Berth is started again.',
          { cause: error },
        )
        throw broken
      },
    )
    return running
  }

  return {
    sync() {
      if (broken) return Promise.reject(broken)
      if (!running) return start()
      next ??= running.then(() => {
        next = undefined
        return start()
      })
      return next
    },
    get broken() {
      return broken
    },
  }
}
