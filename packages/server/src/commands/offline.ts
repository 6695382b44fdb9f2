import type { Command } from 'commander'
import type { Page } from '../access/page.ts'
import { BerthError } from '../errors.ts'
import type { Terminal } from './read-password.ts'

const pageSize = 200

/**
 * One action of a command that works on the database itself: opens it, prints the answer (as JSON with `--json`), closes
 * it, and tells faults in plain words with exit code 1.
 */
export async function runOffline<Opened extends { close(): Promise<void> }>(
  parts: {
    readonly command: Command
    readonly terminal: Terminal
    readonly open: () => Promise<Opened>
  },
  work: (opened: Opened) => Promise<{ json: unknown; text: string }>,
): Promise<void> {
  const { command, terminal, open } = parts
  try {
    const opened = await open()
    try {
      const answer = await work(opened)
      const { json } = command.opts<{ json?: boolean }>()
      terminal.stdout.write(`${json ? JSON.stringify(answer.json) : answer.text}\n`)
    } finally {
      await opened.close()
    }
  } catch (error) {
    if (!(error instanceof BerthError)) throw error
    command.error([`error: ${error.message}`, ...lineFaults(error)].join('\n'))
  }
}

/** Every item of a list, page after page. */
export async function readPages<Item>(
  read: (page: { limit: number; after: string | undefined }) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = []
  let after: string | undefined
  do {
    const page = await read({ limit: pageSize, after })
    items.push(...page.items)
    after = page.next ?? undefined
  } while (after !== undefined)
  return items
}

/** Lines with their columns below one another; the first is the heading. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function lineFaults(error: BerthError): string[] {
  return error.details.flatMap(({ line, fault }) =>
    typeof line === 'number' && typeof fault === 'string' ? [`  line ${line}: ${fault}`] : [],
  )
}
