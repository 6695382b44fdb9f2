import { Readable, Writable } from 'node:stream'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteSource } from './byte-source.ts'

test('any cut of any chunks passes every byte on, in order and once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 30 }),
      fc.array(fc.nat({ max: 60 }), { maxLength: 40 }),
      fc.boolean(),
      async (chunks, cuts, isSlow) => {
        const all = Buffer.concat(chunks)
        const source = new ByteSource(Readable.from(chunks.map((chunk) => Buffer.from(chunk))))
        const written: Buffer[] = []
        let told = 0
        const target = new Writable({
          write(chunk: Buffer, _encoding, done) {
            written.push(Buffer.from(chunk))
            if (isSlow) setImmediate(done)
            else done()
          },
        })
        let left = all.length
        for (const cut of [...cuts, all.length]) {
          const length = Math.min(cut, left)
          await source.writeTo(target, length, (bytes) => (told += bytes))
          left -= length
        }
        expect(Buffer.concat(written)).toEqual(all)
        expect(told).toBe(all.length)
      },
    ),
    { numRuns: 100 },
  )
})

test('a source that ends too early, or breaks, is said so', async () => {
  const target = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() })
  const short = new ByteSource(Readable.from([Buffer.from('abc')]))
  await expect(short.writeTo(target(), 10, () => {})).rejects.toMatchObject({
    kind: 'connectionLost',
    message: expect.stringContaining('7 bytes'),
  })
  const broken = new ByteSource(
    new Readable({
      read() {
        this.destroy(new Error('broken'))
      },
    }),
  )
  await expect(broken.writeTo(target(), 10, () => {})).rejects.toMatchObject({
    kind: 'connectionLost',
    message: expect.stringContaining('broken'),
  })
})
