import { Command, InvalidArgumentError } from 'commander'
import type { Registry } from '../registry/open.ts'
import type { VerificationProgress } from '../registry/verification.ts'
import { formatBytes } from './format-bytes.ts'

/** Found damage is an answer, not a failure of the command, so it has an exit code of its own. */
const exitDamaged = 2
const mebibyte = 1 << 20

/** `berth fsck`: re-reads and re-hashes everything stored, reports what is damaged. A server may be running. */
export function fsckCommand(
  open: () => Promise<{ registry: Registry; close(): Promise<void> }>,
): Command {
  return new Command('fsck')
    .description('re-read everything that is stored and compare it with its digest')
    .option('--rate <MiB>', 'read at most so many MiB a second', parseRate, 200)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit code 0: all is well. 2: something is damaged; push it again.')
    .action(async (options: { rate: number; json?: boolean }) => {
      const { registry, close } = await open()
      const stopping = new AbortController()
      const stop = () => stopping.abort()
      process.once('SIGINT', stop)
      process.once('SIGTERM', stop)
      try {
        const progress = await registry.verification.run({
          before: new Date(),
          bytesPerSecond: options.rate * mebibyte,
          signal: stopping.signal,
          ...(process.stderr.isTTY && !options.json ? { onProgress: progressLine() } : {}),
        })
        if (process.stderr.isTTY && !options.json) process.stderr.write('\n')
        const damaged = await registry.verification.damaged()
        process.stdout.write(
          options.json
            ? `${JSON.stringify({ ...progress, stopped: stopping.signal.aborted, content: damaged })}\n`
            : `${report(progress, damaged, stopping.signal.aborted)}\n`,
        )
        if (damaged.length > 0) process.exitCode = exitDamaged
      } finally {
        process.off('SIGINT', stop)
        process.off('SIGTERM', stop)
        await close()
      }
    })
}

function report(
  progress: VerificationProgress,
  damaged: Awaited<ReturnType<Registry['verification']['damaged']>>,
  stopped: boolean,
): string {
  const lines = [
    `${progress.blobs} blobs and ${progress.manifests} manifests verified, ${formatBytes(progress.bytes)} read.`,
  ]
  if (stopped)
    lines.push('Stopped before the end; the next run goes on with the blobs that are left.')
  if (damaged.length === 0) lines.push('No damage is known.')
  for (const item of damaged) {
    lines.push(`damaged: ${item.kind} ${item.digest} in ${item.repository} ${item.damage}`)
  }
  if (damaged.length > 0) {
    lines.push('Damaged content is not served. Push it again to restore it.')
  }
  return lines.join('\n')
}

/** Redraws one line at most five times a second. */
function progressLine(): (progress: VerificationProgress) => void {
  let shownAt = 0
  return (progress) => {
    const now = performance.now()
    if (now - shownAt < 200) return
    shownAt = now
    process.stderr.write(
      `\r\x1b[K${progress.blobs} blobs, ${progress.manifests} manifests, ${formatBytes(progress.bytes)}, ${progress.damaged} damaged`,
    )
  }
}

function parseRate(text: string): number {
  const rate = Number(text)
  if (!(rate >= 1 && rate <= 100_000)) {
    throw new InvalidArgumentError('It must be a number of MiB from 1 to 100000.')
  }
  return rate
}
