import { mkdir, open, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Random } from './random.ts'
import { type Answer, digestOf, pushBlob, pushImage, RegistryClient } from './registry-client.ts'
import { makeWorkplace, runBerth, ServerProcess, type Workplace } from './server-process.ts'
import { fileOfBlob } from './stored.ts'

const repository = 'team/app'
const random = new Random('damaged store')
const sizes = { small: 50_000, large: 3_000_000 }

let place: Workplace
let server: ServerProcess
let http: RegistryClient

beforeEach(async () => {
  place = await makeWorkplace()
  await restart()
})

afterEach(async () => {
  await http?.close()
  await server?.kill()
  await place?.remove()
})

/** A restart empties the caches, as the days between a push and the damage would. */
async function restart(): Promise<void> {
  await http?.close()
  await server?.kill()
  server = await ServerProcess.start(place)
  http = new RegistryClient(server.origin)
}

/** Pulls a blob; `cut` when the connection ended before the promised length. */
async function pull(digest: string): Promise<Answer | 'cut'> {
  try {
    return await http.send('GET', `/v2/${repository}/blobs/${digest}`)
  } catch {
    return 'cut'
  }
}

async function expectUnknown(digest: string): Promise<void> {
  const answer = await pull(digest)
  expect(answer).toMatchObject({ status: 404 })
  const head = await http.send('HEAD', `/v2/${repository}/blobs/${digest}`)
  expect(head.status).toBe(404)
}

/** Pushes the same bytes again and shows that they are served again. */
async function expectHealing(bytes: Buffer): Promise<void> {
  await pushBlob(http, repository, bytes)
  const answer = await pull(digestOf(bytes))
  expect(answer).toMatchObject({ status: 200 })
  if (answer !== 'cut') expect(answer.body.equals(bytes)).toBe(true)
  const verified = await runBerth(place, ['fsck'])
  expect(verified.code, verified.stdout).toBe(0)
}

async function flipByte(file: string, position: number): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    const byte = Buffer.alloc(1)
    await handle.read(byte, 0, 1, position)
    byte[0] = (byte[0] ?? 0) ^ 0xff
    await handle.write(byte, 0, 1, position)
  } finally {
    await handle.close()
  }
}

test.each(Object.entries(sizes))(
  'a flipped byte in a %s blob is found by `berth fsck`, is served no more, and a new push heals it',
  async (_, size) => {
    const bytes = random.bytes(size)
    const good = random.bytes(1000)
    const image = await pushImage(http, repository, 'latest', [bytes, good])
    const digest = digestOf(bytes)
    await flipByte(fileOfBlob(place, digest), size >> 1)

    const verified = await runBerth(place, ['fsck'])
    expect(verified.code, verified.stderr).toBe(2)
    expect(verified.stdout).toContain(digest)
    expect(verified.stdout).toContain(repository)
    expect(verified.stdout).not.toContain(digestOf(good))
    await expectUnknown(digest)
    expect(await pull(digestOf(good))).toMatchObject({ status: 200 })
    const manifest = await http.send('GET', `/v2/${repository}/manifests/latest`)
    expect(digestOf(manifest.body)).toBe(image.digest)

    await restart()
    await expectUnknown(digest)
    await expectHealing(bytes)
  },
)

test('a flipped byte in a small blob is found by the first pull, before anybody verifies', async () => {
  const bytes = random.bytes(sizes.small)
  const digest = await pushBlob(http, repository, bytes)
  await flipByte(fileOfBlob(place, digest), 7)
  await restart()
  await expectUnknown(digest)
  await expectHealing(bytes)
})

test.each(Object.entries(sizes))('a truncated %s blob is never served as good', async (_, size) => {
  const bytes = random.bytes(size)
  const digest = await pushBlob(http, repository, bytes)
  expect(await pull(digest)).toMatchObject({ status: 200 })
  await truncate(fileOfBlob(place, digest), size - 1000)
  // The copy in memory, if there is one, is good; the file that is held open is not.
  const warm = await pull(digest)
  if (warm !== 'cut' && warm.status === 200) expect(warm.body.equals(bytes)).toBe(true)
  await restart()
  await expectUnknown(digest)
  await expectHealing(bytes)
})

test.each(Object.entries(sizes))(
  'a %s blob that lost its file is never served',
  async (_, size) => {
    const bytes = random.bytes(size)
    const digest = await pushBlob(http, repository, bytes)
    await rm(fileOfBlob(place, digest))
    await restart()
    await expectUnknown(digest)
    await expectHealing(bytes)
  },
)

test.each(Object.entries(sizes))(
  'a %s blob that cannot be read is never served, and `berth fsck` reports it',
  async (_, size) => {
    const bytes = random.bytes(size)
    const digest = await pushBlob(http, repository, bytes)
    const file = fileOfBlob(place, digest)
    await restart()
    // Reading it fails with EISDIR, as it would with EIO on a broken disk; the mode of a file would not stop root.
    await rm(file)
    await mkdir(file)
    const answer = await pull(digest)
    if (answer !== 'cut') expect([404, 503]).toContain(answer.status)
    const verified = await runBerth(place, ['fsck'])
    expect(verified.code, verified.stdout).toBe(2)
    expect(verified.stdout).toContain(digest)
    await expectUnknown(digest)
    await expectHealing(bytes)
  },
)

test('a read error in the middle of a large blob cuts the pull off, and nobody else notices', async () => {
  const bytes = random.bytes(sizes.large)
  const other = random.bytes(sizes.large)
  const digest = await pushBlob(http, repository, bytes)
  await pushBlob(http, repository, other)
  const file = fileOfBlob(place, digest)
  const content = await readFile(file)
  await restart()
  expect(await pull(digest)).toMatchObject({ status: 200 })
  // The server holds the file open with its size, so it begins to answer and only then finds nothing.
  await truncate(file, 0)
  expect(await pull(digest)).toBe('cut')
  const intact = await pull(digestOf(other))
  expect(intact).toMatchObject({ status: 200 })
  await writeFile(file, content)
  await restart()
  const verified = await runBerth(place, ['fsck'])
  expect(verified.code, verified.stdout).toBe(0)
  expect(await pull(digest)).toMatchObject({ status: 200 })
})
