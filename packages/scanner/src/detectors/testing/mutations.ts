import fc from 'fast-check'
import { type Detected, ScanLimit, Unreadable } from '../../detector.ts'

/** Numbers that break what counts and points. */
const hostileNumber = fc.oneof(
  fc.constantFrom(
    0,
    1,
    2,
    7,
    26,
    0xff,
    0x7fff,
    0xffff,
    0x10000,
    0x7fffffff,
    0x80000000,
    0xffffffff,
  ),
  fc.nat(0xffffffff),
)

const change = fc.record({
  /** Where, as a part of the length. */
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  value: hostileNumber,
  isWord: fc.boolean(),
  isBigEndian: fc.boolean(),
})

/** Good bytes made bad: some places overwritten, and sometimes the end cut off. */
export function mutationsOf(good: Buffer): fc.Arbitrary<Buffer> {
  return fc
    .record({
      changes: fc.array(change, { minLength: 1, maxLength: 6 }),
      kept: fc.oneof(
        { weight: 4, arbitrary: fc.constant(1) },
        { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
      ),
      // Heads and tables are at the start, where most of what can be broken lies.
      reach: fc.constantFrom(1, 0.1, 0.01),
    })
    .map(({ changes, kept, reach }) => {
      const bytes = Buffer.from(good.subarray(0, Math.floor(good.length * kept)))
      for (const { place, value, isWord, isBigEndian } of changes) {
        const at = Math.floor(place * reach * bytes.length)
        if (!isWord && at < bytes.length) bytes.writeUInt8(value & 0xff, at)
        else if (at + 4 <= bytes.length && isBigEndian) bytes.writeUInt32BE(value, at)
        else if (at + 4 <= bytes.length) bytes.writeUInt32LE(value, at)
      }
      return bytes
    })
}

const maxMilliseconds = 2_000

/** Fails unless the detector answers in time, with facts or with one of its two refusals. */
export async function answersOrRefuses(detect: () => Promise<Detected>): Promise<void> {
  const start = performance.now()
  try {
    await detect()
  } catch (error) {
    if (!(error instanceof ScanLimit || error instanceof Unreadable)) throw error
  }
  const took = performance.now() - start
  if (took > maxMilliseconds) throw new Error(`the detector took ${took} ms`)
}
