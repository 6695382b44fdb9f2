import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { exportEntries, type ExportFormat } from '../audit/export.ts'
import { type FileReport, verifyExport } from '../audit/file-verification.ts'
import { readLines } from '../audit/lines.ts'
import type { AuditEntry, AuditFilter, AuditLog, ChainPlace } from '../audit/log.ts'
import type { AuditSealer } from '../audit/sealer.ts'
import type { AuditVerification, ChainReport } from '../audit/verification.ts'
import { BerthError } from '../errors.ts'

type Audit = {
  log: AuditLog
  sealer: AuditSealer
  verification: AuditVerification
  close(): Promise<void>
}
type Streams = { stdout: NodeJS.WritableStream }
type VerifyOptions = {
  json?: boolean
  from?: number
  expect?: ChainPlace
  file?: string
  partial?: boolean
}
type FilterOptions = AuditFilter & { project?: string; projectTree?: string }

const exitBroken = 1

/** `berth audit …`: reads and verifies the audit log in the database, whether or not a server is running on it. */
export function auditCommand(open: () => Promise<Audit>, terminal: Streams = process): Command {
  const audit = new Command('audit').description('read and verify the log of who did what')
  const say = (text: string) => void terminal.stdout.write(`${text}\n`)

  const run = async <T>(command: Command, work: (audit: Audit) => Promise<T>): Promise<void> => {
    await telling(command, async () => {
      const opened = await open()
      try {
        await work(opened)
      } finally {
        await opened.close()
      }
    })
  }

  audit
    .command('verify')
    .description('compute the chain of hashes anew and find the first row that was altered')
    .option('--json', 'print JSON')
    .addOption(
      new Option('--from <position>', 'begin here, taking the hash before on trust')
        .argParser(parsePosition)
        .conflicts('file'),
    )
    .option(
      '--expect <position:hash>',
      'a head that was kept elsewhere (berth audit head)',
      parsePlace,
    )
    .option('--file <file>', 'verify an export of JSON lines instead of the database')
    .option('--partial', 'the file holds a part only: positions may be missing')
    .addHelpText('after', '\nExit code 0: all is well. 1: the chain is broken.')
    .action(async (options: VerifyOptions, command: Command) => {
      const { file, expect: expected, from } = options
      if (file !== undefined) {
        await telling(command, async () => {
          const report = await verifyExport(readLines(createReadStream(file)), {
            partial: options.partial ?? false,
            ...(expected && { expected }),
          })
          say(options.json ? JSON.stringify(report) : formatFileReport(report))
          if (report.fault) process.exitCode = exitBroken
        })
        return
      }
      await run(command, async ({ verification }) => {
        const report = await verification.run({
          ...(from !== undefined && { from }),
          ...(expected && { expected }),
        })
        say(options.json ? JSON.stringify(report) : formatReport(report))
        if (report.fault) process.exitCode = exitBroken
      })
    })

  audit
    .command('head')
    .description('print the end of the chain, to be kept elsewhere')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }, command: Command) => {
      await run(command, async ({ log, sealer }) => {
        await sealer.seal()
        const head = await log.head()
        say(options.json ? JSON.stringify(head) : `${head.position}:${head.hash}`)
      })
    })

  withFilters(audit.command('list').description('show entries, the newest first'))
    .option('--limit <count>', 'how many at most', parseCount, 50)
    .option('--json', 'print JSON, one entry a line')
    .action(
      async (options: FilterOptions & { limit: number; json?: boolean }, command: Command) => {
        await run(command, async ({ log }) => {
          for await (const entry of newest(log, filterOf(options), options.limit))
            say(options.json ? JSON.stringify(entry) : formatEntry(entry))
        })
      },
    )

  withFilters(audit.command('export').description('print entries, the oldest first'))
    .addOption(
      new Option('--format <format>', 'JSON lines or CSV')
        .choices(['jsonl', 'csv'] satisfies ExportFormat[])
        .default('jsonl'),
    )
    .action(async (options: FilterOptions & { format: ExportFormat }, command: Command) => {
      await run(command, async ({ log, sealer }) => {
        await sealer.seal()
        const entries = exportEntries(log, filterOf(options), { format: options.format })
        await pipeline(entries, terminal.stdout, { end: false })
      })
    })

  return audit
}

async function telling(command: Command, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (error instanceof BerthError) command.error(`error: ${error.message}`)
    // The reader of a pipe (`| head`) has seen enough.
    const { code, path } = error as { code?: unknown; path?: unknown }
    if (code === 'EPIPE') return
    if (typeof path === 'string')
      command.error(`error: The file ${path} cannot be read (${String(code)}).`)
    throw error
  }
}

function withFilters(command: Command): Command {
  return command
    .option('--actor <name>', 'who did it')
    .option('--action <action>', 'what was done; with a dot at its end all of that kind (tag.)')
    .option('--target <target>', 'what it was done to')
    .option('--target-prefix <text>', 'what the target begins with')
    .option('--project <name>', 'only this very project')
    .option('--project-tree <name>', 'this project and all below it')
    .addOption(
      new Option('--outcome <outcome>', 'how it ended').choices(['success', 'denied', 'failure']),
    )
    .option('--address <address>', 'from where')
    .option('--request-id <id>', 'in which request')
    .option('--from <time>', 'not before, such as 2026-01-31T12:00Z', parseTime)
    .option('--to <time>', 'before', parseTime)
}

function filterOf(options: FilterOptions): AuditFilter {
  const { actor, action, target, targetPrefix, project, projectTree } = options
  const { outcome, address, requestId, from, to } = options
  return {
    actor,
    action,
    target,
    targetPrefix,
    project,
    projectTree,
    outcome,
    address,
    requestId,
    from,
    to,
  }
}

async function* newest(
  log: AuditLog,
  filter: AuditFilter,
  limit: number,
): AsyncGenerator<AuditEntry> {
  let after: number | undefined
  let left = limit
  do {
    const page = await log.findPage(filter, { after, limit: Math.min(left, 200) })
    yield* page.entries
    left -= page.entries.length
    after = page.next
  } while (after !== undefined && left > 0)
}

/** Control characters of a stranger must not reach a terminal. */
function formatEntry(entry: AuditEntry): string {
  const { at, actor_name: actor, action, target, outcome, address } = entry
  return [at, outcome.padEnd(7), actor, action, target, address === '' ? '-' : address]
    .join('  ')
    .replaceAll(/\p{C}/gu, '\u{fffd}')
}

const meanings: Readonly<Record<string, string>> = {
  altered: 'does not match its hash',
  missing: 'is missing',
  inserted: 'is there but should not be',
  head: 'is the end of the chain as it was noted down, and does not match',
  expected: 'is not what the head that was kept elsewhere says',
}

function formatReport({ fault, verified, after, head, unsealed }: ChainReport): string {
  const waiting = unsealed === 0 ? '' : `\n${unsealed} entries wait to be sealed.`
  const checked = `${verified} entries verified, from position ${after.position + 1}`
  if (fault === undefined)
    return `The chain is whole: ${checked} to ${head.position}.\nHead: ${head.position}:${head.hash}${waiting}`
  const row = fault.id === undefined ? '' : ` (row ${fault.id})`
  return `The chain is broken: the entry at position ${fault.position}${row} ${meanings[fault.check]}.\n${checked}.${waiting}`
}

function formatFileReport(report: FileReport): string {
  const { fault, verified, unsealed, absent, first, last } = report
  const waiting =
    unsealed === 0 ? '' : `\n${unsealed} entries were not sealed when they were exported.`
  if (fault === undefined) {
    const range = first === undefined ? '' : `, positions ${first} to ${last}`
    const missing = absent === 0 ? '' : `, ${absent} of them not in the file`
    return `The export is whole: ${verified} entries verified${range}${missing}.${waiting}`
  }
  const where = fault.line === undefined ? '' : `, in line ${fault.line},`
  return `The export is broken: the entry at position ${fault.position ?? 'unknown'}${where} ${meanings[fault.check]}.`
}

function parsePosition(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 1.')
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 1 to 999999.')
}

function parsePlace(text: string): ChainPlace {
  const [, position = '', hash = ''] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? []
  if (hash !== '') return { position: Number(position), hash }
  throw new InvalidArgumentError('It must be a position, a colon and 64 hexadecimal digits.')
}

function parseTime(text: string): string {
  const time = new Date(text)
  if (/^\d{4}-\d\d/.test(text) && !Number.isNaN(time.getTime())) return time.toISOString()
  throw new InvalidArgumentError('It must be a time such as 2026-01-31T12:00Z.')
}
