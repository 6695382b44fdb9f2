import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { ClientError } from '@berth/client/client-error.ts'
import type { ContentSource, ReadBlobOptions } from '@berth/client/content.ts'
import { parseDigest } from '@berth/oci/digest.ts'
import { expect, test } from 'vitest'
import { pseudoRandomBytes } from '../../../../test/fixtures/content.ts'
import { ParallelSource } from './parallel-source.ts'

const mebibyte = 1024 * 1024
const large = pseudoRandomBytes('parallel-source', 40 * mebibyte + 123)
const blobOf = (bytes: Buffer) => ({
  mediaType: 'application/octet-stream',
  digest: parseDigest(`sha256:${'0'.repeat(64)}`),
  size: bytes.length,
})

type Request = { start: number; length: number | undefined }

/** A source of one blob; `cut` says after how many bytes a request breaks off, if it does. */
function sourceOf(bytes: Buffer, cut: (request: Request, at: number) => number | undefined) {
  const requests: Request[] = []
  let open = 0
  let most = 0
  const openBlob = async (_: unknown, { start = 0, length }: ReadBlobOptions = {}) => {
    const request = { start, length }
    const broken = cut(request, requests.push(request) - 1)
    const end = length === undefined ? bytes.length : start + length
    return Readable.from(
      (async function* () {
        open += 1
        most = Math.max(most, open)
        try {
          for (let at = start; at < end; at += 64 * 1024) {
            if (broken !== undefined && at - start >= broken) {
              throw new ClientError('connectionLost', 'It was cut.')
            }
            yield bytes.subarray(at, Math.min(at + 64 * 1024, end))
            await new Promise(setImmediate)
          }
        } finally {
          open -= 1
        }
      })(),
      { objectMode: false },
    )
  }
  const unused = (): never => {
    throw new Error('not asked for')
  }
  const source: ContentSource = {
    name: 'test',
    openBlob,
    resolve: unused,
    readManifest: unused,
    listReferrers: unused,
    listTags: unused,
  }
  return { source, requests, most: () => most, open: () => open }
}

test('a large blob comes in order through several connections, no more than allowed', async () => {
  const { source, requests, most } = sourceOf(large, () => undefined)
  const parallel = new ParallelSource(source, 3)
  const bytes = await buffer(await parallel.openBlob(blobOf(large)))
  expect(bytes.equals(large)).toBe(true)
  expect(requests.length).toBeGreaterThan(4)
  expect(most()).toBe(3)
  const rest = await buffer(await parallel.openBlob(blobOf(large), { start: 12_345_678 }))
  expect(rest.equals(large.subarray(12_345_678))).toBe(true)
})

test('a connection that breaks off is taken up where it was', async () => {
  const { source, requests } = sourceOf(large, (_, at) => (at % 2 === 0 ? mebibyte : undefined))
  const bytes = await buffer(await new ParallelSource(source, 2).openBlob(blobOf(large)))
  expect(bytes.equals(large)).toBe(true)
  expect(requests.some(({ start }) => start % (8 * mebibyte) === mebibyte)).toBe(true)
  const small = large.subarray(0, 3 * mebibyte)
  const one = sourceOf(small, (_, at) => (at === 0 ? mebibyte : undefined))
  expect(
    (await buffer(await new ParallelSource(one.source, 2).openBlob(blobOf(small)))).equals(small),
  ).toBe(true)
  expect(one.requests.map(({ start }) => start)).toEqual([0, mebibyte])
})

test('one that never brings anything is given up', async () => {
  const { source, requests } = sourceOf(large, () => 0)
  const reading = new ParallelSource(source, 1).openBlob(blobOf(large)).then(buffer)
  await expect(reading).rejects.toMatchObject({ kind: 'connectionLost' })
  expect(requests.length).toBeLessThan(20)
})

test('whoever stops reading leaves no connection behind', async () => {
  const { source, open } = sourceOf(large, () => undefined)
  const stream = await new ParallelSource(source, 4).openBlob(blobOf(large))
  for await (const piece of stream) {
    if ((piece as Buffer).length > 0) break
  }
  await expect.poll(open).toBe(0)
})
