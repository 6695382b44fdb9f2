import { ClientError } from '@berth/client/client-error.ts'
import { formatRepositoryAddress } from '@berth/client/image-reference.ts'
import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { type CopyFlags, collect, readCopyFlags, withCopyOptions } from '../copy/copy-options.ts'
import { formatBytes, shortDigest } from '../format.ts'
import { parsePattern } from '../pattern.ts'
import { askConfirmation } from '../prompt.ts'
import { runSync, type SyncReport } from '../sync/run-sync.ts'
import { planSync, type SyncStep } from '../sync/sync-plan.ts'
import { formatTable } from '../table.ts'

type Flags = CopyFlags & {
  readonly match?: readonly string[]
  readonly exclude?: readonly string[]
  readonly latest?: string
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** `berth sync`: many repositories of one registry into another, the plan first. */
export function syncCommand(context: CommandContext): Command {
  return withCopyOptions(
    new Command('sync')
      .description('bring repositories of one registry into another, the plan first')
      .usage('[options] <source...> <target>')
      .argument(
        '<names...>',
        'sources (registry/glob, or whole names of repositories), then the target (registry, or registry/prefix)',
      ),
    { tags: false },
  )
    .option('--match <pattern>', 'only tags like this; may be repeated', collect)
    .option('--exclude <pattern>', 'no tags like this; may be repeated', collect)
    .option('--latest <number>', 'only so many tags of each repository, newest versions first')
    .option('-n, --dry-run', 'show the plan and change nothing')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      `
A repository keeps its name behind the prefix. Tags that the source does not
have are left alone. Blobs that images share are sent once. Run it again to
carry on.

Examples:
  berth sync --dry-run 'ghcr.io/acme/*' 127.0.0.1:5000/mirror
  berth sync --yes --match '1.*' --latest 5 ghcr.io/acme/api 127.0.0.1:5000`,
    )
    .action(async (names: string[], flags: Flags) => {
      const { output, signal } = context
      const { sources, target } = splitNames(names)
      const client = await context.client()
      const plan = await planSync(
        {
          sources,
          target: target.replace(/\/+$/, ''),
          tags: (flags.match ?? []).map(parsePattern),
          excluded: (flags.exclude ?? []).map(parsePattern),
          latest: readLatest(flags.latest),
        },
        client,
        signal,
      )
      const steps = plan.filter(({ action }) => action !== 'none')
      const planned = formatPlan(plan, output.columns)
      if (flags.dryRun === true || steps.length === 0) {
        output.result({ json: { plan: plan.map(stepJson), done: null }, text: planned })
        return
      }
      output.note(planned)
      if (flags.yes !== true) {
        const text = `Copy ${steps.length} images?`
        const otherwise = 'Give --yes to go ahead, or --dry-run to see the plan alone.'
        if (!(await askConfirmation(output, { text, otherwise }))) {
          throw new ClientError('cancelled', 'Nothing was copied.')
        }
      }
      const { platforms, referrers, parallel } = readCopyFlags(flags)
      const options = { platforms, referrers, blobsAtOnce: parallel }
      const report = await runSync(steps, options, { client, output, signal })
      if (report.failed.length > 0) output.exit = 'failed'
      output.result({
        json: { plan: plan.map(stepJson), done: report },
        text: formatReport(report),
      })
    })
}

function formatPlan(plan: readonly SyncStep[], columns: number | undefined): string {
  const words = { copy: 'new', move: 'moves', none: 'up to date' }
  const steps = plan.filter(({ action }) => action !== 'none')
  const same = plan.length - steps.length
  const table = formatTable(
    [
      { title: 'SOURCE', shrinks: true },
      { title: 'TARGET', shrinks: true },
      { title: 'DIGEST' },
      { title: '' },
    ],
    steps.map(({ source, target, tag, digest, action }) => [
      `${formatRepositoryAddress(source)}:${tag}`,
      formatRepositoryAddress(target),
      shortDigest(digest),
      words[action],
    ]),
    columns,
  )
  const summary = `${steps.length} to copy, ${same} up to date.`
  return steps.length === 0 ? summary : `${table}\n${summary}`
}

function formatReport({ copied, failed, blobs, bytesSent }: SyncReport): string {
  const sent = blobs.sent + blobs.resumed
  const head = `${copied} images copied${failed.length === 0 ? '' : `, ${failed.length} failed`}.`
  const counts = `${sent} sent, ${blobs.mounted} mounted, ${blobs.present} there already`
  return `${head} Blobs: ${counts}. ${formatBytes(bytesSent)} sent.`
}

function stepJson({ source, target, tag, digest, action }: SyncStep): object {
  const names = { source: formatRepositoryAddress(source), target: formatRepositoryAddress(target) }
  return { ...names, tag, digest, action }
}

function readLatest(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1) return number
  throw new ClientError('inputInvalid', `--latest ${text} is not a number of tags.`)
}

/** The last name is the target, whatever stands before it. */
function splitNames(names: readonly string[]): { sources: readonly string[]; target: string } {
  const target = names.at(-1)
  if (target === undefined || names.length < 2) {
    throw new ClientError('inputInvalid', 'A source and a target are needed.', {
      next: "Write them as: berth sync 'ghcr.io/acme/*' registry.example.com/mirror",
    })
  }
  return { sources: names.slice(0, -1), target }
}
