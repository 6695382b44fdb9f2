import { Command, InvalidArgumentError } from 'commander'
import { type CollectionPlan, planCollection } from '../registry/collection-plan.ts'
import type { Database } from '../metadata/database.ts'
import type { Registry } from '../registry/open.ts'
import { formatBytes } from './format-bytes.ts'

type Opened = { database: Database; registry: Registry; close(): Promise<void> }

/** `berth gc`: collection by hand, or with `--dry-run` an explanation of what it would do. A server may be running. */
export function gcCommand(open: () => Promise<Opened>): Command {
  return new Command('gc')
    .description('remove what nothing refers to; a running server does this by itself')
    .option('--dry-run', 'change nothing; explain what is waiting and what would happen')
    .option('--sweep', 'also look for stored objects that the database does not know')
    .option('--limit <count>', 'with --dry-run: reviews to explain', parseCount, 50)
    .option('--json', 'print JSON')
    .action(
      async (options: { dryRun?: boolean; sweep?: boolean; limit: number; json?: boolean }) => {
        const opened = await open()
        try {
          const text = options.dryRun
            ? await explain(opened, options)
            : await collect(opened, options)
          process.stdout.write(`${text}\n`)
        } finally {
          await opened.close()
        }
      },
    )
}

async function collect(
  { registry }: Opened,
  options: { sweep?: boolean; json?: boolean },
): Promise<string> {
  const swept = options.sweep ? await registry.sweep.run({ restFactor: 0 }) : undefined
  const summary = await registry.collection.run({ restFactor: 0 })
  if (options.json) return JSON.stringify({ collection: summary, sweep: swept })
  return [
    `${summary.reviewed} reviews: removed ${summary.manifestsRemoved} manifests, ${summary.linksRemoved} links, ${summary.blobsRemoved} blobs, ${summary.repositoriesRemoved} empty repositories.`,
    `${summary.uploadsExpired} idle upload sessions ended.`,
    `${summary.objectsRemoved} objects removed, ${formatBytes(summary.bytesFreed)} freed.`,
    ...(summary.objectsLeft > 0
      ? [`${summary.objectsLeft} objects could not be removed; they are tried again in an hour.`]
      : []),
    ...(swept
      ? [`${swept.seen} objects looked at, ${swept.unknown} unknown to the database.`]
      : []),
  ].join('\n')
}

async function explain(
  { database, registry }: Opened,
  options: { sweep?: boolean; limit: number; json?: boolean },
): Promise<string> {
  const plan = await planCollection(database, { limit: options.limit, clock: () => new Date() })
  const swept = options.sweep
    ? await registry.sweep.run({ restFactor: 0, dryRun: true })
    : undefined
  if (options.json) return JSON.stringify({ ...plan, sweep: swept })
  return [...planLines(plan), ...(swept ? [sweepLine(swept)] : [])].join('\n')
}

function planLines(plan: CollectionPlan): string[] {
  const { waiting } = plan
  const lines = [
    'Dry run: nothing is changed.',
    `${waiting.reviews} reviews waiting, ${waiting.reviewsDue} due now. ${waiting.trash} objects in the trash (${formatBytes(waiting.trashBytes)}).`,
  ]
  for (const review of plan.reviews) {
    const what = [review.subject, review.repository, review.digest].filter(Boolean).join(' ')
    lines.push(`  ${review.dueAt}  ${review.verdict.padEnd(6)}  ${what}: ${review.reason}`)
  }
  if (plan.reviews.length < waiting.reviews) {
    lines.push(`  … and ${waiting.reviews - plan.reviews.length} more; see --limit`)
  }
  return lines
}

function sweepLine(swept: { seen: number; unknown: number; unknownBytes: number }): string {
  return `${swept.seen} objects looked at: ${swept.unknown} that no row names (${formatBytes(swept.unknownBytes)}) would go to the trash.`
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1 || count > 100_000) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 100000.')
  }
  return count
}
