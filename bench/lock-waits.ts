import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

export type LockWaits = {
  /** The longest, as it was when last seen and the time to the next look on top; 0 when none was seen. */
  longestMilliseconds: number
  /** How many waits were seen. */
  seen: number
  /** The longest time between two looks. */
  longestGapMilliseconds: number
}

/**
 * Looks every 5 ms at who waits for a lock in a PostgreSQL database, until it is stopped. In a thread of its own, which what
 * the benchmark does besides cannot hold up.
 */
export async function watchLockWaits(url: string): Promise<{ stop(): Promise<LockWaits> }> {
  const worker = new Worker(new URL('./lock-waits-thread.ts', import.meta.url), { workerData: url })
  await once(worker, 'message')
  return {
    async stop() {
      const answered = once(worker, 'message') as Promise<[LockWaits]>
      worker.postMessage('stop')
      const [waits] = await answered
      return waits
    },
  }
}
