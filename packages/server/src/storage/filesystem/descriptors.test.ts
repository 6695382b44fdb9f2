import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { writeFully } from './descriptors.ts'

it('writes every byte in its place however little each write takes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 10 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      fc.nat({ max: 50 }),
      async (chunks, takes, position) => {
        const bytes = Buffer.concat(chunks)
        const file = Buffer.alloc(position + bytes.length)
        let calls = 0
        const write = async (rest: Uint8Array[], at: number) => {
          const take = takes[calls % takes.length] ?? 1
          calls += 1
          return Buffer.concat(rest).copy(file, at, 0, take)
        }
        await writeFully(write, chunks, position)
        expect(file.subarray(position).equals(bytes)).toBe(true)
        expect(file.subarray(0, position).every((byte) => byte === 0)).toBe(true)
      },
    ),
  )
})

it('gives up on a file that takes nothing', async () => {
  await expect(writeFully(async () => 0, [Buffer.from('x')], 0)).rejects.toThrow('no more bytes')
})
