import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { type FileHandle, mkdir, open, rm, stat, statfs, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { testWhere } from './machine.ts'
import { Random } from './random.ts'
import { eventually } from './raw-request.ts'
import {
  type Answer,
  digestOf,
  expectStatus,
  imageType,
  pushBlob,
  pushImage,
  RegistryClient,
  startUpload,
  withDigest,
} from './registry-client.ts'
import { makeWorkplace, ServerProcess, type Workplace } from './server-process.ts'

const mebibyte = 1 << 20
const diskBytes = 48 * mebibyte
const repository = 'team/app'

/** Says what is lacking for a small file system of our own. */
function lackingForMounts(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'berth-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'berth-test', folder], { stdio: 'pipe' })
    execFileSync('umount', [folder])
    return undefined
  } catch {
    return 'the right to mount a tmpfs (root)'
  } finally {
    rmdirSync(folder)
  }
}

const lacking = lackingForMounts()

/** Runs `body` with a data folder on a small disk of its own. */
async function onSmallDisk(body: (place: Workplace) => Promise<void>): Promise<void> {
  const place = await makeWorkplace()
  await mkdir(place.dataDirectory)
  const options = ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'berth-test', place.dataDirectory]
  execFileSync('mount', options)
  try {
    await body(place)
  } finally {
    execFileSync('umount', ['--lazy', place.dataDirectory])
    await place.remove()
  }
}

/**
 * Takes every free byte of the disk, as a neighbour on it would, whatever the server takes or gives back meanwhile: a scan
 * of what was pushed, or a checkpoint of its database.
 */
async function fill(place: Workplace): Promise<string> {
  const path = join(place.dataDirectory, 'somebody-elses.bin')
  const file = await open(path, 'w')
  try {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; ) {
      const { bavail, bsize } = await statfs(place.dataDirectory)
      if (bavail === 0) return path
      await takeUpTo(file, bavail * bsize)
    }
  } finally {
    await file.close()
  }
  throw new Error('The disk never was full.')
}

/** Appends so many bytes, or fewer when there is no room for them any more. */
async function takeUpTo(file: FileHandle, size: number): Promise<void> {
  const zeros = Buffer.alloc(size)
  for (let taken = 0; taken < size; ) {
    try {
      taken += (await file.write(zeros, taken)).bytesWritten
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      return
    }
  }
}

function expectStorageFull(answer: Answer, what: string): void {
  expect(answer.status, `${what}: ${answer.body.toString()}`).toBe(507)
  const { errors } = JSON.parse(answer.body.toString()) as { errors: { message: string }[] }
  expect(errors[0]?.message).toMatch(/full/)
}

testWhere(
  'a full disk: pushes fail with 507 and a reason, pulls go on, and pushes work again when there is room',
  lacking,
  () =>
    onSmallDisk(async (place) => {
      const random = new Random('full disk')
      const server = await ServerProcess.start(place)
      const http = new RegistryClient(server.origin)
      try {
        const layers = [random.bytes(5 * mebibyte), random.bytes(3_000)]
        const image = await pushImage(http, repository, 'latest', layers)
        const session = await startUpload(http, repository)

        const expectPulls = async (): Promise<void> => {
          const manifest = await http.send('GET', `/v2/${repository}/manifests/latest`)
          expect(manifest.body.equals(image.payload)).toBe(true)
          for (const layer of layers) {
            const blob = await http.send('GET', `/v2/${repository}/blobs/${digestOf(layer)}`)
            expect(blob.body.equals(layer)).toBe(true)
          }
          expect((await http.send('GET', '/livez')).status).toBe(200)
        }

        // A push that is larger than the disk, in each of the three ways.
        const tooLarge = random.bytes(diskBytes)
        const digest = digestOf(tooLarge)
        const single = `/v2/${repository}/blobs/uploads/?digest=${digest}`
        expectStorageFull(await http.send('POST', single, { body: tooLarge }), 'POST')
        expectStorageFull(await http.send('PATCH', session, { body: tooLarge }), 'PATCH')
        expect((await http.send('GET', session)).headers['range']).toBe('0-0')
        const put = withDigest(session, digest)
        expectStorageFull(await http.send('PUT', put, { body: tooLarge }), 'PUT')
        await expectPulls()
        // What did not fit was given back, so a small push fits.
        await pushBlob(http, repository, random.bytes(mebibyte))

        const file = await fill(place)
        await expectPulls()
        const manifest = Buffer.from(image.payload.toString().replace('{', '{ '))
        const headers = { 'content-type': imageType }
        const refusals: Answer[] = []
        // What the write-ahead log still has room for is accepted, and must then be kept.
        const accepted: string[] = []
        for (let count = 0; count < 400 && refusals.length < 20; count += 1) {
          const tag = `full-${count}`
          const path = `/v2/${repository}/manifests/${tag}`
          const answer = await http.send('PUT', path, { headers, body: manifest })
          if (answer.status === 201) accepted.push(tag)
          else refusals.push(answer)
        }
        expect(refusals.length).toBeGreaterThan(0)
        for (const refusal of refusals) expectStorageFull(refusal, 'manifest PUT')
        const blob = random.bytes(200_000)
        const post = `/v2/${repository}/blobs/uploads/?digest=${digestOf(blob)}`
        for (let count = 0; count < 5; count += 1) {
          expectStorageFull(await http.send('POST', post, { body: blob }), 'POST')
        }
        await expectPulls()

        await rm(file)
        await pushBlob(http, repository, blob)
        await pushImage(http, repository, 'after', [blob])
        await expectPulls()
        for (const tag of accepted) {
          const answer = await http.send('GET', `/v2/${repository}/manifests/${tag}`)
          expect(answer.body.equals(manifest), tag).toBe(true)
        }
      } finally {
        await http.close()
        await server.kill()
      }
    }),
)

const endings = {
  'kill -9': (server: ServerProcess) => server.kill(),
  SIGTERM: (server: ServerProcess) => server.terminate(),
}

for (const [name, end] of Object.entries(endings)) {
  testWhere(`a server that ended by ${name} starts on a full disk and serves pulls`, lacking, () =>
    onSmallDisk(async (place) => {
      const random = new Random('restart on a full disk')
      const layer = random.bytes(mebibyte)
      const first = await ServerProcess.start(place)
      const before = new RegistryClient(first.origin)
      const image = await pushImage(before, repository, 'latest', [layer])
      await before.close()
      await end(first)
      const file = await fill(place)
      const server = await ServerProcess.start(place)
      const http = new RegistryClient(server.origin)
      try {
        const manifest = await http.send('GET', `/v2/${repository}/manifests/latest`)
        expect(manifest.body.equals(image.payload)).toBe(true)
        const blob = await http.send('GET', `/v2/${repository}/blobs/${digestOf(layer)}`)
        expect(blob.body.equals(layer)).toBe(true)
        expect((await http.send('GET', '/livez')).status).toBe(200)
        const more = random.bytes(mebibyte)
        const post = `/v2/${repository}/blobs/uploads/?digest=${digestOf(more)}`
        expectStorageFull(await http.send('POST', post, { body: more }), 'POST')
        await rm(file)
        expectStatus(await http.send('POST', post, { body: more }), 201)
      } finally {
        await http.close()
        await server.kill()
      }
    }),
  )
}

testWhere('with a little room made by hand, deleting images makes the rest', lacking, () =>
  onSmallDisk(async (place) => {
    const random = new Random('deleting on a full disk')
    const collection = { graceSeconds: 2, trashDelaySeconds: 0 }
    const server = await ServerProcess.start(place, { collection })
    const http = new RegistryClient(server.origin)
    try {
      const image = await pushImage(http, repository, 'old', [random.bytes(20 * mebibyte)])
      const file = await fill(place)
      const remove = () => http.send('DELETE', `/v2/${repository}/manifests/${image.digest}`)
      // A delete is a record, too: whether the write-ahead log has room for it is chance.
      const first = await remove()
      if (first.status !== 202) expectStorageFull(first, 'DELETE')
      await truncate(file, (await stat(file)).size - mebibyte)
      if (first.status !== 202) expectStatus(await remove(), 202)
      await eventually('collection makes room', 20_000, async () => {
        const { bavail, bsize } = await statfs(place.dataDirectory)
        return bavail * bsize > 16 * mebibyte
      })
      await pushImage(http, repository, 'new', [random.bytes(10 * mebibyte)])
    } finally {
      await http.close()
      await server.kill()
    }
  }),
)
