import { expectHeader, expectStatus } from './check.ts'
import { addQuery, locationOf, openSession, uploadsPath } from './content.ts'
import type { Answer, Registry } from './registry.ts'

/** One way to push a blob. `push` returns the answer that ends it, whatever that says. */
export type BlobWay = {
  name: string
  push(registry: Registry, repository: string, bytes: Buffer, digest: string): Promise<Answer>
}

const octets = { 'content-type': 'application/octet-stream' }

async function patch(
  registry: Registry,
  location: string,
  body: Uint8Array | readonly Uint8Array[],
  start?: number,
): Promise<string> {
  const range = start !== undefined && body instanceof Uint8Array && rangeOf(start, body)
  const headers = { ...octets, ...(range && { 'content-range': range }) }
  const answer = await registry.ask('PATCH', location, { headers, body })
  expectStatus(answer, 202)
  if (range) expectHeader(answer, 'range', `0-${start + body.length - 1}`)
  return locationOf(registry, answer)
}

function finish(
  registry: Registry,
  location: string,
  digest: string,
  body: Uint8Array | readonly Uint8Array[] = Buffer.alloc(0),
  start?: number,
): Promise<Answer> {
  const range = start !== undefined && body instanceof Uint8Array && rangeOf(start, body)
  return registry.ask('PUT', addQuery(location, { digest }), {
    headers: { ...octets, ...(range && { 'content-range': range }) },
    body,
  })
}

export function rangeOf(start: number, chunk: Uint8Array): string {
  return `${start}-${start + chunk.length - 1}`
}

/** Cuts bytes into three pieces, the last one the smallest. */
export function thirds(bytes: Buffer): { start: number; chunk: Buffer }[] {
  const size = Math.floor(bytes.length / 3) + 1
  return [0, size, 2 * size].map((start) => ({ start, chunk: bytes.subarray(start, start + size) }))
}

async function inChunks(
  registry: Registry,
  repository: string,
  bytes: Buffer,
  digest: string,
  endsWithChunk: boolean,
): Promise<Answer> {
  let location = await openSession(registry, repository)
  const chunks = thirds(bytes)
  const last = endsWithChunk ? chunks.pop() : undefined
  for (const { start, chunk } of chunks) location = await patch(registry, location, chunk, start)
  return finish(registry, location, digest, last?.chunk, last?.start)
}

export const blobWays: readonly BlobWay[] = [
  {
    name: 'POST with the body',
    push: (registry, repository, bytes, digest) =>
      registry.ask('POST', addQuery(uploadsPath(repository), { digest }), {
        headers: octets,
        body: bytes,
      }),
  },
  {
    name: 'POST, PUT',
    push: async (registry, repository, bytes, digest) =>
      finish(registry, await openSession(registry, repository), digest, bytes),
  },
  {
    name: 'POST, PUT without a length',
    push: async (registry, repository, bytes, digest) =>
      finish(registry, await openSession(registry, repository), digest, [
        bytes.subarray(0, 100),
        bytes.subarray(100),
      ]),
  },
  {
    name: 'POST, PATCH, PUT',
    push: async (registry, repository, bytes, digest) => {
      const location = await openSession(registry, repository)
      return finish(registry, await patch(registry, location, bytes), digest)
    },
  },
  {
    name: 'POST, PATCH without a length, PUT',
    push: async (registry, repository, bytes, digest) => {
      const location = await openSession(registry, repository)
      const pieces = [bytes.subarray(0, 1), bytes.subarray(1)]
      return finish(registry, await patch(registry, location, pieces), digest)
    },
  },
  {
    name: 'POST, two PATCH streams, PUT',
    push: async (registry, repository, bytes, digest) => {
      let location = await openSession(registry, repository)
      location = await patch(registry, location, [bytes.subarray(0, 200)])
      location = await patch(registry, location, [bytes.subarray(200)])
      return finish(registry, location, digest)
    },
  },
  {
    name: 'POST, one chunk, PUT',
    push: async (registry, repository, bytes, digest) => {
      const location = await openSession(registry, repository)
      return finish(registry, await patch(registry, location, bytes, 0), digest)
    },
  },
  {
    name: 'POST, three chunks, PUT',
    push: (registry, repository, bytes, digest) =>
      inChunks(registry, repository, bytes, digest, false),
  },
  {
    name: 'POST, two chunks, PUT with the last',
    push: (registry, repository, bytes, digest) =>
      inChunks(registry, repository, bytes, digest, true),
  },
  {
    name: 'POST with the algorithm, PATCH, PUT',
    push: async (registry, repository, bytes, digest) => {
      const algorithm = digest.slice(0, digest.indexOf(':'))
      const path = addQuery(uploadsPath(repository), { 'digest-algorithm': algorithm })
      const opened = await registry.ask('POST', path)
      expectStatus(opened, 202)
      return finish(registry, await patch(registry, locationOf(registry, opened), bytes), digest)
    },
  },
]

/** Ways that can carry no bytes at all: a Content-Range cannot name an empty one. */
export const wholeWays = blobWays.filter(({ name }) => !name.includes('chunk'))
