import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { Gather } from './gather.ts'

it('gives the bytes back in order and accounts for exactly what they cost, however it is emptied', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 10 }),
      fc.array(fc.nat({ max: 60 })),
      (chunks, takes) => {
        const gather = new Gather()
        let owed = 0
        for (const chunk of chunks) owed += gather.push(chunk)
        const out: Uint8Array[] = []
        for (const wanted of [...takes, Number.POSITIVE_INFINITY]) {
          const bytes = Math.min(wanted, gather.bytes)
          const taken = gather.take(bytes)
          const length = taken.chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
          expect([taken.bytes, length]).toEqual([bytes, bytes])
          owed -= taken.cost
          out.push(...taken.chunks)
        }
        expect(Buffer.concat(out).equals(Buffer.concat(chunks))).toBe(true)
        expect([gather.bytes, gather.count, owed]).toEqual([0, 0, 0])
      },
    ),
  )
})
