import { readFile, stat, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import { Command, InvalidArgumentError } from 'commander'
import type { CommandContext } from '../context.ts'
import { gatherRegistry, type GatherProgress } from '../inventory/gather.ts'
import { ManifestCache, manifestCacheFolder } from '../inventory/manifest-cache.ts'
import type { Prices } from '../inventory/prices.ts'
import type { InventoryReport } from '../inventory/report.ts'
import { type InventoryScope, parseScopes } from '../inventory/scope.ts'

type Options = {
  readonly html?: string
  readonly price?: string
  readonly priceTable?: string
  readonly staleDays: number
  readonly concurrency: number
  readonly maxImages: number
  readonly cache: boolean
}

/** What `berth inventory --json` prints: a report for each registry that was asked for, in that order. */
export type InventoryJson = { readonly registries: readonly InventoryReport[] }

const priceTableMax = 1024 * 1024
const tellEveryMs = 2000

export function inventoryCommand(context: CommandContext): Command {
  return new Command('inventory')
    .description('see what a registry holds, what is shared, and what could be saved')
    .argument('<scope...>', 'a registry, repositories of it, or patterns: ghcr.io/acme/*')
    .option('--html <file>', 'write the report as one page that needs nothing else')
    .option('--price <amount>', 'what a GiB costs for a month')
    .option('--price-table <file>', 'prices in YAML: storage and egress, by kind or registry')
    .option('--stale-days <days>', 'what counts as old', wholeNumber(1, 36_500), 90)
    .option('--concurrency <number>', 'requests at a time', wholeNumber(1, 64), 16)
    .option('--max-images <number>', 'stop after so many', wholeNumber(1, 1_000_000), 20_000)
    .option('--no-cache', 'neither use nor keep manifests and configurations on this machine')
    .addHelpText(
      'after',
      `
Examples:
  berth inventory registry.example.com
  berth inventory 'ghcr.io/acme/*' --price 0.25 --html inventory.html
  berth inventory registry.example.com/team/api registry.example.com/team/worker --json`,
    )
    .action(async (texts: string[], options: Options) => {
      const scopes = parseScopes(texts)
      const prices = await readPrices(context, options)
      const reports: InventoryReport[] = []
      for (const scope of scopes) {
        const report = await readRegistry(context, scope, options, prices)
        reports.push(report)
      }
      if (options.html !== undefined) {
        const { renderPage } = await import('../inventory/html/page.ts')
        await writePage(resolve(context.terminal.cwd, options.html), renderPage(reports))
        context.output.note(`The page is in ${options.html}.`)
      }
      const { output } = context
      const { formatReport } = await import('../inventory/text-report.ts')
      output.result({
        json: { registries: reports } satisfies InventoryJson,
        text: reports
          .map((report) =>
            formatReport(report, {
              columns: output.columns,
              bold: (text) => output.style('bold', text),
            }),
          )
          .join('\n\n'),
      })
    })
}

async function readRegistry(
  context: CommandContext,
  scope: InventoryScope,
  { concurrency, maxImages, cache: usesCache, staleDays }: Options,
  prices: Prices | undefined,
): Promise<InventoryReport> {
  const { output, signal, terminal } = context
  const client = await context.client()
  const cache = usesCache
    ? new ManifestCache({ folder: manifestCacheFolder(terminal.env) })
    : undefined
  const progress: GatherProgress = { repositories: 0, repositoriesRead: 0, manifests: 0 }
  const tell = (note: (text: string) => void): void => {
    const { repositories, repositoriesRead, manifests } = progress
    note(
      `Reading ${scope.registry}: ${repositoriesRead} of ${repositories} repositories, ${manifests} manifests`,
    )
  }
  const contents = await output.withProgress(async ({ note }) => {
    const timer = setInterval(tell, tellEveryMs, note)
    try {
      return await gatherRegistry(client, scope, {
        signal,
        concurrency,
        imagesMax: maxImages,
        cache,
        progress,
      })
    } finally {
      clearInterval(timer)
    }
  })
  await cache?.trim()
  for (const problem of contents.problems) output.warn(problem)
  if (contents.repositories.length === 0) {
    output.warn(
      `${scope.registry} has no repository that you may see; "berth whoami" tells who you are there.`,
    )
  }
  const { analyseRegistry } = await import('../inventory/report.ts')
  return analyseRegistry(contents, { now: new Date(), staleDays, prices })
}

async function readPrices(
  { terminal }: CommandContext,
  { price, priceTable }: Options,
): Promise<Prices | undefined> {
  if (price !== undefined && priceTable !== undefined) {
    throw new ClientError('inputInvalid', '--price and --price-table exclude one another.', {
      next: 'Write the price into the table as "storage".',
    })
  }
  const { readPrice, readPriceTable } = await import('../inventory/prices.ts')
  if (price !== undefined) return readPrice(price)
  if (priceTable === undefined) return undefined
  const file = resolve(terminal.cwd, priceTable)
  try {
    const { size } = await stat(file)
    if (size > priceTableMax) {
      throw new ClientError('inputInvalid', `${priceTable} is too large for a table of prices.`)
    }
    return readPriceTable(await readFile(file, 'utf8'), priceTable)
  } catch (cause) {
    if (cause instanceof ClientError) throw cause
    throw new ClientError('localFault', `${priceTable} could not be read: ${messageOf(cause)}.`, {
      cause,
    })
  }
}

async function writePage(file: string, html: string): Promise<void> {
  try {
    await writeFile(file, html)
  } catch (cause) {
    throw new ClientError('localFault', `${file} could not be written: ${messageOf(cause)}.`, {
      cause,
    })
  }
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d{1,9}$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`Write a whole number from ${min} to ${max}.`)
    }
    return value
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
