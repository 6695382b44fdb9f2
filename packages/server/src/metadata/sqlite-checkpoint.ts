import { Worker } from 'node:worker_threads'

/** About 8 MiB of log at 4 KiB a page and a few pages a commit. */
const commitsBetweenCheckpoints = 500
const longestWaitMs = 5_000

/**
 * Moves committed pages from the write-ahead log into the database file, in a thread of its own:
 * a checkpoint syncs both files and would stop the event loop.
 */
export function startCheckpoints(file: string): {
  noteCommit(): void
  stop(): Promise<void>
} {
  const worker = new Worker(new URL('./sqlite-checkpoint-thread.js', import.meta.url), {
    workerData: { file },
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
  })
  worker.unref()
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  // Without checkpoints the log grows but nothing is lost, so a dead thread must not stop the server.
  worker.once('error', () => undefined)
  let commits = 0
  const timer = setInterval(request, longestWaitMs)
  timer.unref()

  function request(): void {
    if (commits === 0) return
    commits = 0
    worker.postMessage('checkpoint')
  }

  return {
    noteCommit() {
      commits += 1
      if (commits >= commitsBetweenCheckpoints) request()
    },
    async stop() {
      clearInterval(timer)
      // From here on somebody waits for it.
      worker.ref()
      worker.postMessage('stop')
      await exited
    },
  }
}
