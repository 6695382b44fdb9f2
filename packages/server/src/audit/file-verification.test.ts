import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BerthError } from '../errors.ts'
import type { AuditEntry } from '../metadata/audit-entries.ts'
import { csvLine, type ExportedEntry, jsonLine } from './entry-line.ts'
import { type FileReport, verifyExport } from './file-verification.ts'
import { genesis, hashEntry } from './hash.ts'
import { readLines } from './lines.ts'

const text = fc.string({ unit: 'binary', maxLength: 20 }).map((value) => value.toWellFormed())

const entry = fc.record({
  actor_name: text,
  target: text,
  project: text,
  before: fc.option(text),
  after: fc.option(text),
})

/** A chain as an export would hold it. */
function exportOf(values: readonly Partial<AuditEntry>[]): ExportedEntry[] {
  let previous = genesis.hash
  return values.map((value, index) => {
    const row = { ...filler, ...value, id: index + 1, position: index + 1 }
    const hash = hashEntry(previous, row.position, row)
    const exported = { ...row, previous_hash: previous, hash }
    previous = hash
    return exported
  })
}

const filler: AuditEntry = {
  id: 0,
  position: null,
  hash: null,
  at: '2026-01-01T00:00:00.000Z',
  actor_kind: 'user',
  actor_id: 'u',
  actor_name: 'a',
  action: 'tag.moved',
  target_kind: 'tag',
  target: 't',
  project: '',
  outcome: 'success',
  address: '',
  request_id: '',
  before: null,
  after: null,
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const verify = (bytes: Buffer, partial = false, size = 7): Promise<FileReport> =>
  verifyExport(readLines(inPieces(bytes, size)), { partial })

const bytesOf = (entries: readonly ExportedEntry[]) =>
  Buffer.from(entries.map((each) => `${jsonLine(each)}\n`).join(''))

describe('verifyExport', () => {
  it('takes any chain in any order, and any part of it as a part', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        fc.integer({ min: 1, max: 50 }),
        async (values, numbers, size) => {
          const whole = exportOf(values)
          const keys = new Map(whole.map((each) => [each, numbers.next().value ?? 0]))
          const shuffled = whole.toSorted((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0))
          expect(await verify(bytesOf(shuffled), false, size)).toMatchObject({
            fault: undefined,
            verified: whole.length,
            absent: 0,
          })
          const part = shuffled.filter((_, index) => index % 2 === 0)
          expect(await verify(bytesOf(part), true, size)).toMatchObject({ fault: undefined })
        },
      ),
      { numRuns: 100 },
    )
  })

  it('finds any byte that was altered', async () => {
    const whole = bytesOf(
      exportOf(Array.from({ length: 6 }, (_, index) => ({ target: `${index}` }))),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 2),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const altered = Buffer.from(whole)
          altered[at] = (altered[at] ?? 0) ^ flip
          const outcome = await verify(altered).then(
            ({ fault }) => fault !== undefined,
            (error: unknown) => error instanceof BerthError && error.kind === 'requestInvalid',
          )
          expect(outcome).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('finds a chain put together from two', async () => {
    const one = exportOf([{ target: 'a' }, { target: 'b' }, { target: 'c' }])
    const other = exportOf([{ target: 'x' }, { target: 'y' }, { target: 'z' }])
    expect((await verify(bytesOf([...one.slice(0, 2), ...other.slice(2)]))).fault).toEqual({
      line: 3,
      position: 3,
      check: 'altered',
    })
  })
})

describe('csvLine', () => {
  /** What spreadsheets take for the start of a formula (OWASP, CSV injection), and its wide forms. */
  const formulaStarts = [
    '=',
    '+',
    '-',
    '@',
    '\t',
    '\r',
    '\n',
    '\uff1d',
    '\uff0b',
    '\uff0d',
    '\uff20',
  ]

  it('holds every text, and no cell that a spreadsheet computes', () => {
    fc.assert(
      fc.property(fc.constantFrom('', '"', ',', ...formulaStarts), text, (first, rest) => {
        const target = first + rest
        const [row] = exportOf([{ target }])
        if (!row) throw new Error('There is one.')
        const line = csvLine(row)
        expect(line.endsWith('\r\n')).toBe(true)
        const quoted = target.replaceAll('"', '""')
        if (formulaStarts.some((start) => target.startsWith(start))) {
          expect(line).toContain(`,"'${quoted}",`)
        } else if (/[",\r\n]/.test(target)) expect(line).toContain(`,"${quoted}",`)
        else expect(line).toContain(`,${target},`)
      }),
      { examples: [['', '\n']], numRuns: 500 },
    )
  })
})
