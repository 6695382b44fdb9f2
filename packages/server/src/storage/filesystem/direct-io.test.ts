import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { closeDescriptor, writeBlock } from './descriptors.ts'
import { DirectIo } from './direct-io.ts'

const layout = { from: 40, unit: 10, largest: 30 }

it.runIf(process.platform === 'linux')(
  'writes every byte once, and no unit both directly and otherwise',
  () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 120 }), all: fc.boolean() })),
        (gathers) => {
          const io = new DirectIo(layout, 1)
          const directUnits = new Set<number>()
          const otherUnits = new Set<number>()
          let [written, end] = [0, 0]
          for (const { bytes, all } of gathers) {
            end += bytes
            if (written === end) continue
            const stretches = io.divide(written, end, all)
            expect(stretches.length).toBeGreaterThan(0)
            for (const stretch of stretches) {
              expect(stretch.bytes).toBeGreaterThan(0)
              if (stretch.direct) {
                expect(written).toBeGreaterThanOrEqual(layout.from)
                expect([written % layout.unit, stretch.bytes % layout.unit]).toEqual([0, 0])
                expect(stretch.bytes).toBeLessThanOrEqual(layout.largest)
              }
              for (let at = written; at < written + stretch.bytes; at += 1) {
                ;(stretch.direct ? directUnits : otherUnits).add(Math.floor(at / layout.unit))
              }
              written += stretch.bytes
            }
            if (all) expect(written).toBe(end)
            expect(written).toBeLessThanOrEqual(end)
            expect(end - written).toBeLessThan(layout.largest)
          }
          expect(directUnits.isDisjointFrom(otherUnits)).toBe(true)
        },
      ),
    )
  },
)

it.runIf(process.platform === 'linux')('goes direct again at the next border after a flush', () => {
  const io = new DirectIo(layout, 1)
  expect(io.divide(0, 75, true)).toEqual([
    { bytes: 40, direct: false },
    { bytes: 30, direct: true },
    { bytes: 5, direct: false },
  ])
  expect(io.divide(75, 111, false)).toEqual([
    { bytes: 5, direct: false },
    { bytes: 30, direct: true },
  ])
})

it('never goes direct when told to start at infinity', () => {
  const io = new DirectIo({ from: Number.POSITIVE_INFINITY, unit: 10, largest: 30 }, 1)
  expect(io.divide(1000, 2000, false)).toEqual([{ bytes: 1000, direct: false }])
})

it('has no more buffers than it was told, all of them different', () => {
  const io = new DirectIo({ from: 0, unit: 4096, largest: 8192 }, 3)
  const buffers = [io.takeBuffer(), io.takeBuffer(), io.takeBuffer()]
  expect(io.takeBuffer()).toBeUndefined()
  for (const [index, buffer] of buffers.entries()) buffer?.fill(index + 1)
  for (const [index, buffer] of buffers.entries()) {
    expect(buffer?.length).toBe(8192)
    expect(buffer?.every((byte) => byte === index + 1)).toBe(true)
    if (buffer !== undefined) io.giveBack(buffer)
  }
  expect(io.takeBuffer()).toBe(buffers[2])
})

it.runIf(process.platform === 'linux')(
  'has buffers that the disk takes (needs a temporary folder with direct writes)',
  async ({ skip }) => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-direct-'))
    try {
      const io = new DirectIo({ from: 0, unit: 4096, largest: 8192 }, 3)
      await writeFile(join(folder, 'file'), '')
      const fd = await io.open(join(folder, 'file'))
      if (fd === undefined) return skip()
      for (let buffer = io.takeBuffer(); buffer !== undefined; buffer = io.takeBuffer()) {
        expect(await writeBlock(fd, buffer, 0)).toBe(8192)
      }
      await closeDescriptor(fd)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
)

it('does without when the file cannot be opened so, and remembers when none can', async () => {
  const io = new DirectIo(layout, 1)
  expect(await io.open('/nonexistent/file')).toBeUndefined()
  const direct = () => io.divide(40, 80, true).some((stretch) => stretch.direct)
  expect(direct()).toBe(process.platform === 'linux')
  expect(await io.open('/proc/self/status')).toBeUndefined()
  expect(direct()).toBe(false)
})
