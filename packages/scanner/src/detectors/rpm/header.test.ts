import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Unreadable } from '../../detector.ts'
import { answersOrRefuses, mutationsOf } from '../testing/mutations.ts'
import { gatherRpmPackages } from './gather.ts'
import { readRpmHeader, RpmTag } from './header.ts'
import { rpmHeaderOf } from './testing/sample.ts'
import { writeRpmHeader } from './testing/write-header.ts'

describe('an rpm header', () => {
  it('gives strings, lists of strings and numbers by their tags', () => {
    const header = readRpmHeader(
      writeRpmHeader(
        new Map<number, string | string[] | number[]>([
          [RpmTag.name, 'bash'],
          [RpmTag.baseNames, ['a', '', 'ä']],
          [RpmTag.epoch, [0xffffffff, 7]],
        ]),
      ),
    )
    expect(header.string(RpmTag.name)).toBe('bash')
    expect(header.strings(RpmTag.baseNames)).toEqual(['a', '', 'ä'])
    expect(header.numbers(RpmTag.epoch)).toEqual([0xffffffff, 7])
    expect(header.string(RpmTag.vendor)).toBeUndefined()
    expect(header.numbers(RpmTag.name)).toEqual([])
    expect(header.strings(RpmTag.epoch)).toEqual([])
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no entries', Buffer.alloc(64)],
    ['more entries than rpm allows', Buffer.from('0001000000000000', 'hex')],
    ['an index beyond the blob', Buffer.from('0000000900000000', 'hex')],
    ['a store beyond the blob', Buffer.from(`0000000100000009${'00'.repeat(16)}`, 'hex')],
  ])('with %s is refused', (_, blob) => {
    expect(() => readRpmHeader(blob)).toThrow(Unreadable)
  })

  it.each([
    ['an offset beyond the store', 1],
    ['more strings than there is room for', 2],
  ])('whose entry has %s is refused when that tag is read', (_, word) => {
    const blob = writeRpmHeader(new Map([[RpmTag.baseNames, ['a', 'b']]]))
    blob.writeUInt32BE(0xfffffff0, 8 + 4 + word * 4)
    expect(() => readRpmHeader(blob).strings(RpmTag.baseNames)).toThrow(/outside of the header/)
  })

  it('that is broken in any way is read or refused', async () => {
    await fc.assert(
      fc.asyncProperty(mutationsOf(rpmHeaderOf()), (blob) =>
        answersOrRefuses(async () => gatherRpmPackages([blob], blob.length)),
      ),
      { numRuns: 2_000 },
    )
  })
})
