import { randomBytes } from 'node:crypto'
import { open, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Random } from './random.ts'
import {
  digestOf,
  expectStatus,
  locationOf,
  pushImage,
  RegistryClient,
  startUpload,
  withDigest,
} from './registry-client.ts'
import {
  makeWorkplace,
  runBerth,
  ServerProcess,
  type Settings,
  type Workplace,
} from './server-process.ts'
import { query, storedFiles } from './stored.ts'

// What a power cut does is done by hand here: the server is killed, then what was not synced is taken away.

const repository = 'team/app'
const random = new Random('power loss')
const bytes = random.bytes(1_000_000)
const settings: Settings = { collection: { graceSeconds: 1, trashDelaySeconds: 0 } }

let place: Workplace
let server: ServerProcess
let http: RegistryClient

beforeEach(async () => {
  place = await makeWorkplace()
  await start()
})

afterEach(async () => {
  await http?.close()
  await server?.kill()
  await place?.remove()
})

async function start(): Promise<void> {
  server = await ServerProcess.start(place, settings)
  http = new RegistryClient(server.origin)
}

async function cutPower(): Promise<void> {
  await http.close()
  await server.kill()
}

/** Opens a session with the first half of the bytes; returns its next Location and its file. */
async function halfAnUpload(): Promise<{ location: string; file: string }> {
  const before = new Set((await storedFiles(place)).map(({ path }) => path))
  const first = await startUpload(http, repository)
  const body = bytes.subarray(0, 500_000)
  const location = locationOf(expectStatus(await http.send('PATCH', first, { body }), 202))
  const made = (await storedFiles(place)).find(({ path }) => !before.has(path))
  if (made === undefined) throw new Error('the session has no file')
  return { location, file: made.path }
}

async function expectBlob(): Promise<void> {
  const answer = await http.send('GET', `/v2/${repository}/blobs/${digestOf(bytes)}`)
  expect(answer.status).toBe(200)
  expect(answer.body.equals(bytes)).toBe(true)
}

const losses: Record<string, (file: string) => Promise<void>> = {
  'whose last bytes are gone': (file) => truncate(file, 123_456),
  'whose object is gone': (file) => rm(file),
}

test.each(Object.entries(losses))(
  'a session %s starts again from nothing, says so, and can be completed',
  async (_, lose) => {
    const { location, file } = await halfAnUpload()
    await cutPower()
    await lose(file)
    await start()
    const rest = bytes.subarray(500_000)
    const refused = await http.send('PATCH', location, { body: rest })
    expect(refused.status).toBe(416)
    expect(refused.headers['range']).toBe('0-0')
    const status = expectStatus(await http.send('GET', location), 204)
    expect(status.headers['range']).toBe('0-0')
    const again = await http.send('PATCH', locationOf(status), { body: bytes })
    const last = withDigest(locationOf(expectStatus(again, 202)), digestOf(bytes))
    expectStatus(await http.send('PUT', last), 201)
    await expectBlob()
    expect(server.errors).toEqual([])
  },
)

test('a session that lost bytes never becomes a blob by a PUT without a body', async () => {
  const { location, file } = await halfAnUpload()
  await cutPower()
  await truncate(file, 400_000)
  await start()
  const half = digestOf(bytes.subarray(0, 500_000))
  const answer = await http.send('PUT', withDigest(location, half))
  expect(answer.status).toBe(400)
  expect((await http.send('HEAD', `/v2/${repository}/blobs/${half}`)).status).toBe(404)
})

test('bytes that changed under a session are found out at its end', async () => {
  const { location, file } = await halfAnUpload()
  await cutPower()
  // Of the right length, but never written: what some file systems show after a power cut.
  const handle = await open(file, 'r+')
  await handle.write(Buffer.alloc(4096), 0, 4096, 200_000)
  await handle.close()
  await start()
  const path = withDigest(location, digestOf(bytes))
  const answer = await http.send('PUT', path, { body: bytes.subarray(500_000) })
  expect(answer.status).toBe(400)
  expect(answer.body.toString()).toContain('DIGEST_INVALID')
  const blob = `/v2/${repository}/blobs/${digestOf(bytes)}`
  expect((await http.send('HEAD', blob)).status).toBe(404)
})

const tears: Record<string, (log: string, kept: number) => Promise<void>> = {
  'is gone': (log, kept) => truncate(log, kept),
  'ends in the middle of a frame': (log, kept) => truncate(log, kept + 2_000),
  'is garbage': async (log, kept) => {
    const handle = await open(log, 'r+')
    await handle.write(randomBytes(10_000), 0, 10_000, kept)
    await handle.close()
  },
}

test.each(Object.entries(tears))(
  'everything acknowledged survives when what was not synced of the write-ahead log %s; what only the log knew is swept',
  async (_, tear) => {
    const image = await pushImage(http, repository, 'latest', [random.bytes(2000), bytes])
    const log = join(place.dataDirectory, 'metadata.sqlite-wal')
    // Sessions are not synced; all that follows the last acknowledged push may go.
    const kept = (await stat(log)).size
    const acknowledged = new Set((await storedFiles(place)).map(({ path }) => path))
    const { location } = await halfAnUpload()
    await startUpload(http, repository)
    expect((await stat(log)).size).toBeGreaterThan(kept)
    await cutPower()
    await tear(log, kept)
    await start()

    const manifest = await http.send('GET', `/v2/${repository}/manifests/latest`)
    expect(manifest.body.equals(image.payload)).toBe(true)
    await expectBlob()
    expect((await http.send('GET', location)).status).toBe(404)

    await age(place)
    const swept = await runBerth(place, ['gc', '--sweep', '--json'])
    expect(swept.code, swept.stderr).toBe(0)
    expect(JSON.parse(swept.stdout)).toMatchObject({ sweep: { unknown: 1 } })
    const files = (await storedFiles(place)).map(({ path }) => path)
    expect(new Set(files)).toEqual(acknowledged)
    await expectBlob()
    const verified = await runBerth(place, ['fsck'])
    expect(verified.code, verified.stdout).toBe(0)
  },
)

test('a stored object that no row names is swept once it is old enough to belong to no request, and not before', async () => {
  await pushImage(http, repository, 'latest', [bytes])
  const file = join(place.dataDirectory, 'blobs', 'ab', randomBytes(16).toString('hex'))
  await writeFile(file, 'left over')
  const young = await runBerth(place, ['gc', '--sweep', '--json'])
  expect(JSON.parse(young.stdout)).toMatchObject({ sweep: { unknown: 0 } })
  await age(place)
  const dry = await runBerth(place, ['gc', '--sweep', '--dry-run', '--json'])
  expect(JSON.parse(dry.stdout)).toMatchObject({ sweep: { unknown: 1 } })
  expect((await storedFiles(place)).map(({ path }) => path)).toContain(file)
  const old = await runBerth(place, ['gc', '--sweep', '--json'])
  expect(JSON.parse(old.stdout)).toMatchObject({ sweep: { unknown: 1 } })
  const files = (await storedFiles(place)).map(({ path }) => path)
  expect(files).toHaveLength(query(place, 'select digest from blobs').length)
  expect(files).not.toContain(file)
  await expectBlob()
})

/** Makes every stored object look an hour old. */
async function age(of: Workplace): Promise<void> {
  const hourAgo = new Date(Date.now() - 3_600_000)
  for (const { path } of await storedFiles(of)) await utimes(path, hourAgo, hourAgo)
}
