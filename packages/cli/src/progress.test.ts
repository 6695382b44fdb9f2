import { Writable } from 'node:stream'
import { styleText } from 'node:util'
import type { TransferEvent } from '@berth/client/transfer.ts'
import fc from 'fast-check'
import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import type { Style } from './output.ts'
import type { Clock } from './progress/clock.ts'
import { Rate } from './progress/rate.ts'
import { openProgress } from './progress.ts'

const MiB = 1024 * 1024

/** A clock whose hands the test turns. */
function handClock(): Clock & { readonly advance: (ms: number) => void } {
  let time = 0
  const beats = new Set<{ ms: number; next: number; run: () => void }>()
  return {
    now: () => time,
    every: (ms, run) => {
      const beat = { ms, next: time + ms, run }
      beats.add(beat)
      return () => void beats.delete(beat)
    },
    advance: (ms) => {
      for (const end = time + ms; time < end; ) {
        time += 1
        for (const beat of beats) {
          if (beat.next > time) continue
          beat.next += beat.ms
          beat.run()
        }
      }
    },
  }
}

/** A terminal that understands what the bars use, and nothing else: whatever else is sent to it is a fault. */
class Grid extends Writable {
  readonly isTTY = true
  columns: number
  rows: number
  readonly lines: string[] = ['']
  writes = 0
  bytes = 0
  isCursorShown = true
  #row = 0
  #text = ''

  constructor(columns: number, rows: number) {
    super({ decodeStrings: false })
    this.columns = columns
    this.rows = rows
  }

  override _write(text: string, _encoding: string, done: () => void): void {
    this.writes += 1
    this.bytes += text.length
    for (let rest = text; rest !== ''; ) rest = rest.slice(this.#take(rest))
    done()
  }

  /** What is to be seen; lines that were cleared at the lower end are not. */
  get shown(): readonly string[] {
    return this.lines.slice(0, this.lines.findLastIndex((line) => line !== '') + 1)
  }

  /** Breaks what has become too long, as terminals do when they get narrower. */
  resize(columns: number): void {
    const pieces = (line: string): string[] =>
      Array.from({ length: Math.max(1, Math.ceil(line.length / columns)) }, (_, at) =>
        line.slice(at * columns, (at + 1) * columns),
      )
    const above = this.lines.slice(0, this.#row).flatMap(pieces)
    this.lines.splice(0, this.lines.length, ...this.lines.flatMap(pieces))
    this.#row = above.length
    this.columns = columns
  }

  #take(text: string): number {
    const escape = /^\p{Cc}\[(\??)(\d*)([A-Za-z])/u.exec(text)
    if (escape !== null) {
      const [whole, mark, digits, letter] = escape
      const count = Number(digits === '' ? 1 : digits)
      if (mark === '?' && count === 25) this.isCursorShown = letter === 'h'
      else if (letter === 'A') this.#move(-count)
      else if (letter === 'B') this.#move(count)
      else if (letter === 'K') this.lines[this.#row] = this.#text
      else if (letter === 'J') {
        this.lines.length = this.#row + 1
        this.lines[this.#row] = this.#text
      } else if (letter !== 'm') throw new Error(`unknown escape ${JSON.stringify(whole)}`)
      return whole.length
    }
    const character = String.fromCodePoint(text.codePointAt(0) ?? 0)
    if (character === '\r') this.#text = ''
    else if (character === '\n') {
      // Text that was written over a longer one leaves its tail, as on a terminal.
      this.#row += 1
      this.#text = ''
      this.lines[this.#row] ??= ''
    } else if (character < ' ') throw new Error(`stray ${JSON.stringify(character)}`)
    else {
      this.#text += character
      const there = this.lines[this.#row] ?? ''
      this.lines[this.#row] = this.#text + there.slice(this.#text.length)
      if (stringWidth(this.#text) >= this.columns) throw new Error(`too wide: ${this.#text}`)
    }
    return character.length
  }

  #move(by: number): void {
    this.#row += by
    this.#text = ''
    if (this.#row < 0 || this.#row >= this.lines.length) throw new Error('moved off the screen')
  }
}

const plain = (_: Style, text: string): string => text
const coloured = (style: Style, text: string): string =>
  styleText(style, text, { validateStream: false })

function open(columns = 80, rows = 24, style = plain) {
  const grid = new Grid(columns, rows)
  const clock = handClock()
  const progress = openProgress(grid, { isQuiet: false, style, clock })
  const start = (id: string, label: string, total?: number): void => {
    progress.onTransfer({ kind: 'started', id, label, total })
  }
  const advance = (id: string, bytes: number): void => {
    progress.onTransfer({ kind: 'advanced', id, bytes })
  }
  return { grid, clock, progress, start, advance }
}

describe('on a terminal', () => {
  test('a bar tells label, bytes, rate and remaining time, and a line tells all of them', () => {
    const { grid, clock, start, advance } = open()
    start('a', 'layer 1f2e3d4c5b6a', 40 * MiB)
    start('b', 'layer 222222222222', 10 * MiB)
    for (let step = 1; step <= 20; step += 1) {
      advance('a', step * MiB)
      clock.advance(100)
    }
    expect(grid.lines).toEqual([
      'layer 1f2e3d4c5b6a  [========>       ]     20.0/40.0 MiB     9.5 MiB/s     0:03',
      'layer 222222222222  [>               ]      0.0/10.0 MiB',
      '0 of 2 done  20.0/50.0 MiB  9.5 MiB/s  0:04 left',
      '',
    ])
    expect(grid.isCursorShown).toBe(false)
  })

  test('it is drawn ten times a second at most, and only lines that changed', () => {
    const { grid, clock, start, advance } = open()
    for (let at = 0; at < 10; at += 1) start(`${at}`, `layer ${at}`, MiB)
    clock.advance(100)
    const [writes, bytes] = [grid.writes, grid.bytes]
    for (let step = 1; step <= 1000; step += 1) {
      advance('3', step * 1000)
      clock.advance(1)
    }
    expect(grid.writes - writes).toBeLessThanOrEqual(10)
    expect(grid.bytes - bytes).toBeLessThan(10 * 2 * 110)
    clock.advance(10_000)
    const still = grid.writes
    clock.advance(10_000)
    expect(grid.writes).toBe(still)
  })

  test('no more lines than the screen has, and the rest is counted', () => {
    const { grid, clock, start } = open(80, 10)
    for (let at = 0; at < 50; at += 1) start(`${at}`, `layer ${at}`, MiB)
    clock.advance(100)
    expect(grid.lines.length).toBeLessThanOrEqual(9)
    expect(grid.lines.at(-2)).toContain('43 more not shown')
  })

  test('what has ended leaves a count, and in the end one line and the cursor', () => {
    const { grid, clock, progress, start, advance } = open()
    for (const id of ['a', 'b', 'c']) start(id, `layer ${id}`, 2 * MiB)
    advance('a', 2 * MiB)
    clock.advance(2000)
    progress.onTransfer({ kind: 'finished', id: 'a', outcome: 'sent' })
    progress.onTransfer({ kind: 'finished', id: 'b', outcome: 'already there' })
    progress.onTransfer({ kind: 'failed', id: 'c', reason: 'the line broke' })
    clock.advance(100)
    expect(grid.lines[0]).toBe('layer c: failed: the line broke')
    progress.close()
    progress.close()
    expect(grid.shown).toEqual([
      'layer c: failed: the line broke',
      '4.0 MiB in 2.1 s: 1 sent, 1 already there, 1 failed',
    ])
    expect(grid.isCursorShown).toBe(true)
  })

  test('a note stands above the bars and stays', () => {
    const { grid, clock, progress, start } = open()
    start('a', 'layer a', MiB)
    clock.advance(100)
    progress.note('first')
    clock.advance(100)
    progress.print('second')
    expect(grid.lines.slice(0, 2)).toEqual(['first', 'second'])
    expect(grid.lines[2]).toContain('layer a')
    expect(grid.lines.filter((line) => line.includes('layer a'))).toHaveLength(1)
  })

  test('80 and 160 columns, and a change between them', () => {
    const { grid, clock, start, advance } = open(160)
    start('a', 'repository/with/a/rather/long/name:and-a-tag layer 0123456789ab', 3 * MiB)
    advance('a', MiB)
    clock.advance(300)
    expect(stringWidth(grid.lines[0] ?? '')).toBeGreaterThan(100)
    grid.resize(80)
    for (const columns of [80, 40, 160]) {
      grid.resize(columns)
      advance('a', 2 * MiB)
      clock.advance(100)
      expect(grid.shown).toHaveLength(2)
      expect(grid.lines[0]).toMatch(/^repository/)
      expect(grid.lines[1]).toMatch(/^0 of 1 done/)
    }
  })

  test('names with control characters cannot move the cursor', () => {
    const { grid, clock, start } = open()
    start('a', 'x\u001b[2Jy\n\u0007z', MiB)
    clock.advance(100)
    expect(grid.lines[0]).toMatch(/^xy {2}z/)
  })

  test('whatever happens, no line is too wide and the screen is right', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')
    const label = fc.string({ unit: 'grapheme', maxLength: 60 })
    const bytes = fc.nat(4_000_000_000_000)
    const event: fc.Arbitrary<TransferEvent> = fc.oneof(
      fc.record({
        kind: fc.constant('started' as const),
        id,
        label,
        total: fc.option(bytes, { nil: undefined }),
      }),
      fc.record({ kind: fc.constant('advanced' as const), id, bytes }),
      fc.record({ kind: fc.constant('finished' as const), id, outcome: label }),
      fc.record({ kind: fc.constant('failed' as const), id, reason: fc.constant('broke') }),
    )
    fc.assert(
      fc.property(
        fc.array(fc.tuple(event, fc.nat(400)), { maxLength: 40 }),
        fc.constantFrom(30, 80, 160),
        fc.integer({ min: 4, max: 30 }),
        fc.boolean(),
        (steps, columns, rows, isColoured) => {
          const { grid, clock, progress } = open(columns, rows, isColoured ? coloured : plain)
          for (const [each, ms] of steps) {
            progress.onTransfer(each)
            clock.advance(ms)
          }
          progress.close()
          expect(grid.isCursorShown).toBe(true)
          expect(grid.lines.join('\n')).not.toContain('[>')
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('elsewhere', () => {
  function pipe(isQuiet = false, extra: { isTTY?: boolean; term?: string } = {}) {
    let text = ''
    const stream = Object.assign(
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          text += chunk.toString()
          done()
        },
      }),
      { isTTY: extra.isTTY },
    )
    const clock = handClock()
    const progress = openProgress(stream, { isQuiet, style: plain, clock, term: extra.term })
    return { progress, clock, text: () => text }
  }

  function runSome({ progress, clock }: ReturnType<typeof pipe>): void {
    for (let at = 0; at < 8; at += 1) {
      progress.onTransfer({ kind: 'started', id: `${at}`, label: `layer ${at}`, total: 2 * MiB })
    }
    progress.onTransfer({ kind: 'advanced', id: '0', bytes: MiB })
    clock.advance(31_000)
    progress.onTransfer({ kind: 'finished', id: '0', outcome: 'sent' })
    progress.onTransfer({ kind: 'failed', id: '1', reason: 'no' })
    progress.note('a note')
    progress.close()
    clock.advance(60_000)
  }

  test('a line for what has ended, and each half minute one for what runs', () => {
    for (const extra of [{}, { isTTY: true, term: 'dumb' }]) {
      const piped = pipe(false, extra)
      runSome(piped)
      expect(piped.text().split('\n')).toEqual([
        'still running: layer 0 1.0/2.0 MiB, layer 1 0.0/2.0 MiB, layer 2 0.0/2.0 MiB, layer 3 0.0/2.0 MiB, layer 4 0.0/2.0 MiB, and 3 more',
        'layer 0: sent, 2.0 MiB in 31 s',
        'layer 1: failed: no',
        'a note',
        '',
      ])
    }
  })

  test('nothing when quiet, but what is printed', () => {
    const piped = pipe(true)
    runSome(piped)
    piped.progress.print('warning: x')
    expect(piped.text()).toBe('warning: x\n')
  })
})

test('a steady rate is told as it is, and forgets what was three seconds ago', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 1, max: 900 }),
      (perMs, step) => {
        const rate = new Rate()
        let at = 0
        for (let value = 0; at < 10_000; at += step, value += step * perMs) rate.note(value, at)
        const now = at - step
        expect((rate.perSecond(now) ?? 0) / (perMs * 1000)).toBeCloseTo(1, 1)
        expect(rate.perSecond(now + 3001)).toBe(0)
      },
    ),
  )
})
