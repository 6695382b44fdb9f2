import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createGzip } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from './raw-request.ts'
import { digestOf, expectStatus, imageType, pushBlob, RegistryClient } from './registry-client.ts'
import { makeWorkplace, ServerProcess, type Workplace } from './server-process.ts'

type Scan = { scans: { state: string; packages: number; progress: { bytes: number } | null }[] }

const repository = 'team/app'
const mebibyte = 1024 ** 2
/** Mostly zeros: little to store and push, and seconds to read; all zeros would be taken for a bomb. */
const fileBytes = 3072 * mebibyte
const gzipLayer = 'application/vnd.oci.image.layer.v1.tar+gzip'
/** A job is another's when it has not been heard of for a minute. */
const takenOverWithinMs = 150_000

let place: Workplace
let temporary: string
let server: ServerProcess
let client: RegistryClient

beforeEach(async () => {
  place = await makeWorkplace()
  temporary = join(place.folder, 'tmp')
  await mkdir(temporary)
  await start()
})

afterEach(async () => {
  await client.close()
  await server.kill()
  await place.remove()
})

async function start(): Promise<void> {
  server = await ServerProcess.start(place, {}, ['env', `TMPDIR=${temporary}`])
  client = new RegistryClient(server.origin)
}

async function readScan(): Promise<Scan['scans'][number] | undefined> {
  const path = `/api/v1/repositories/${encodeURIComponent(repository)}/manifests/v1/scan`
  const { body } = expectStatus(await client.send('GET', path), 200)
  return (JSON.parse(body.toString()) as Scan).scans[0]
}

const folders = async () =>
  (await readdir(temporary)).filter((name) => name.startsWith('berth-layer-'))

test('a scan that kill -9 ends in the middle of a layer is done after the restart, and leaves no file', {
  timeout: 300_000,
}, async () => {
  const layer = await largeLayer()
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [layer.diffId] },
    }),
  )
  const descriptors = []
  for (const [mediaType, bytes] of [
    ['application/vnd.oci.image.config.v1+json', config],
    [gzipLayer, layer.blob],
  ] as const) {
    await pushBlob(client, repository, bytes)
    descriptors.push({ mediaType, digest: digestOf(bytes), size: bytes.length })
  }
  const [configDescriptor, ...layers] = descriptors
  const manifest = { schemaVersion: 2, mediaType: imageType, config: configDescriptor, layers }
  const put = await client.send('PUT', `/v2/${repository}/manifests/v1`, {
    headers: { 'content-type': imageType },
    body: Buffer.from(JSON.stringify(manifest)),
  })
  expectStatus(put, 201)

  await eventually('a layer is being read', 60_000, async () => {
    return (await folders()).length > 0 && (await readScan())?.state === 'running'
  })
  await server.kill()
  await client.close()

  await eventually('the orphaned child is gone with its folder', 10_000, async () => {
    return (await folders()).length === 0
  })
  await start()
  expect(await readScan()).toMatchObject({ state: expect.not.stringMatching('catalogued') })
  await eventually('the scan is done', takenOverWithinMs, async () => {
    return (await readScan())?.state === 'catalogued'
  })
  expect(await readScan()).toMatchObject({ packages: 1, progress: null })
  expect(server.errors).toEqual([])
  expect(await server.terminate()).toBe(0)
  expect(await folders()).toEqual([])
})

/** A tar of a large file and, behind it, a list of packages: they are known only to who has read all of it. */
async function largeLayer(): Promise<{ blob: Buffer; diffId: string }> {
  const status = Buffer.from(
    'Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.11-1\nDescription: of a test\n',
  )
  const hash = createHash('sha256')
  const gzip = createGzip({ level: 1 })
  const chunks: Buffer[] = []
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk))
  const write = (bytes: Buffer): Promise<void> => {
    hash.update(bytes)
    return new Promise((resolve, reject) => {
      gzip.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
  }
  const block = Buffer.concat([randomBytes(12 * 1024), Buffer.alloc(mebibyte - 12 * 1024)])
  await write(tarHeader('var/cache/zeros', fileBytes))
  for (let written = 0; written < fileBytes; written += block.length) await write(block)
  await write(tarHeader('var/lib/dpkg/status', status.length))
  await write(
    Buffer.concat([status, Buffer.alloc(512 - (status.length % 512)), Buffer.alloc(1024)]),
  )
  gzip.end()
  await once(gzip, 'end')
  return { blob: Buffer.concat(chunks), diffId: `sha256:${hash.digest('hex')}` }
}

/** POSIX ustar, a regular file of mode 0644. */
function tarHeader(path: string, size: number): Buffer {
  const header = Buffer.alloc(512)
  const octal = (value: number, length: number) => value.toString(8).padStart(length - 1, '0')
  header.write(path, 0)
  header.write(octal(0o644, 8), 100)
  header.write(octal(0, 8), 108)
  header.write(octal(0, 8), 116)
  header.write(octal(size, 12), 124)
  header.write(octal(0, 12), 136)
  header.write('        ', 148)
  header.write('0', 156)
  header.write('ustar\0', 257, 'latin1')
  header.write('00', 263)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 7)}\0 `, 148, 'latin1')
  return header
}
