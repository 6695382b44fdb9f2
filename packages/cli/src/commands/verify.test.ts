import { createHash } from 'node:crypto'
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeSmallLayouts, type SmallLayouts } from '../../../../test/fixtures/layout.ts'
import { type Berth, startBerth } from '../../../../test/tools/berth.ts'
import { makeHome } from '../testing/logged-in.ts'
import { ImagePusher } from '../testing/push-images.ts'
import { runCommand } from '../testing/run-command.ts'

let berth: Berth
let home: Awaited<ReturnType<typeof makeHome>>
let pusher: ImagePusher
let scratch: string
let fixture: SmallLayouts
const run = (...argv: string[]) => runCommand(argv, { env: home.env, cwd: scratch })

type Report = { images: { manifests: number; blobs: number; faults: { digest: string }[] }[] }

beforeAll(async () => {
  berth = await startBerth()
  home = await makeHome({ [berth.host]: berth })
  pusher = new ImagePusher({ ...berth, repository: 'acme/api' })
  scratch = await mkdtemp(join(tmpdir(), 'berth-verify-'))
  fixture = await writeSmallLayouts(join(scratch, 'fixture'), 'verify-test')
})

afterAll(async () => {
  pusher.close()
  await berth.stop()
  await home.remove()
  await rm(scratch, { recursive: true, force: true })
})

let copies = 0
async function damagedCopy(): Promise<{ name: string; blob: (digest: string) => string }> {
  const name = `copy-${(copies += 1)}`
  await cp(fixture.index.directory, join(scratch, name), { recursive: true, dereference: true })
  return { name, blob: (digest) => join(scratch, name, 'blobs', digest.replace(':', '/')) }
}

async function layersOf(): Promise<readonly { digest: string }[]> {
  const path = join(fixture.image.directory, 'blobs', fixture.image.root.digest.replace(':', '/'))
  return JSON.parse(await readFile(path, 'utf8')).layers
}

test('a whole image is whole, unpacked too, and each blob is read once', async () => {
  const { code, json } = await run('--json', 'verify', `oci:${fixture.index.directory}`, '--deep')
  expect(code).toBe(0)
  expect(json<Report>().images).toMatchObject([{ manifests: 3, blobs: 5, faults: [] }])
})

test.each([
  ['changed', async (path: string) => writeFile(path, (await readFile(path)).fill(7, 100, 101))],
  ['cut short', (path: string) => truncate(path, 1000)],
  [
    'longer',
    async (path: string) => writeFile(path, Buffer.concat([await readFile(path), Buffer.alloc(9)])),
  ],
  ['gone', (path: string) => rm(path)],
])('a blob that is %s ends with the code of integrity and its name', async (_, damage) => {
  const copy = await damagedCopy()
  const [layer] = await layersOf()
  await damage(copy.blob(layer?.digest ?? ''))
  for (const options of [[], ['--deep']]) {
    const { code, json, stderr } = await run('--json', 'verify', `oci:${copy.name}`, ...options)
    expect(code).toBe(8)
    expect(stderr).toContain(layer?.digest)
    expect(json<Report>().images[0]?.faults.map(({ digest }) => digest)).toContain(layer?.digest)
  }
})

test('every fault is found, not the first alone', async () => {
  const copy = await damagedCopy()
  const layers = await layersOf()
  for (const { digest } of layers) await rm(copy.blob(digest))
  const { json } = await run('--json', 'verify', `oci:${copy.name}`)
  expect(json<Report>().images[0]?.faults).toHaveLength(layers.length)
})

const sha256 = (bytes: Buffer): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const tar = Buffer.alloc(5000, 'not really a tar')
const config = (...diffIds: string[]) => ({
  os: 'linux',
  architecture: 'amd64',
  rootfs: { type: 'layers', diff_ids: diffIds },
})

test.each([
  ['gzip', gzipSync(tar)],
  ['zstd', zstdCompressSync(tar)],
  ['no compression', tar],
])('--deep compares a layer in %s with its diff id', async (kind, layer) => {
  const tag = kind.replace(' ', '-')
  const image = `${berth.host}/acme/api:${tag}`
  await pusher.image({ config: config(sha256(tar)), layers: [layer] }, [tag])
  expect((await run('verify', image, '--deep')).code).toBe(0)
  const wrong = Buffer.from('another')
  await pusher.image({ config: config(sha256(wrong)), layers: [layer] }, [tag])
  expect((await run('verify', image)).code).toBe(0)
  const deep = await run('verify', image, '--deep')
  expect(deep.code).toBe(8)
  expect(deep.stderr).toContain(sha256(wrong))
})

test('a layer that cannot be unpacked, and a config with too few layers, are told', async () => {
  const image = `${berth.host}/acme/api:broken`
  const layer = gzipSync(tar).fill(3, 12, 30)
  await pusher.image({ config: config(sha256(tar)), layers: [layer] }, ['broken'])
  const deep = await run('verify', image, '--deep')
  expect(deep).toMatchObject({ code: 8 })
  expect(deep.stderr).toContain('cannot be unpacked')
  await pusher.image({ config: config(), layers: [layer] }, ['broken'])
  expect((await run('verify', image)).stderr).toContain('1 layers')
})

test('--referrers reads what refers to the image', async () => {
  const subject = await pusher.image({ config: config(), layers: [] }, ['signed'])
  await pusher.image({ subject, artifactType: 'application/x-sbom', layers: ['an SBOM'] })
  const image = `${berth.host}/acme/api:signed`
  const alone = await run('--json', 'verify', image)
  const all = await run('--json', 'verify', image, '--referrers')
  expect(alone.json<Report>().images[0]?.manifests).toBe(1)
  expect(all.json<Report>().images[0]?.manifests).toBe(2)
})

test('--lock compares with what is pinned', async () => {
  const first = await pusher.image({ config: config(), layers: [] }, ['pinned'])
  const image = `${berth.host}/acme/api:pinned`
  const entry = { digest: first.digest, mediaType: first.mediaType, platforms: [], usedIn: [] }
  const lock = { version: 1, images: { [image]: entry }, services: {} }
  const file = join(scratch, 'build-lock.json')
  await writeFile(file, JSON.stringify(lock))
  expect((await run('verify', image, '--lock', file)).code).toBe(0)
  await pusher.image({ config: config(), layers: [], annotations: { moved: 'on' } }, ['pinned'])
  const moved = await run('verify', image, '--lock', file)
  expect(moved.code).toBe(8)
  expect(moved.stderr).toContain(first.digest)
  // What is pinned is still there, and whole.
  expect((await run('verify', '--lock', file)).code).toBe(0)
})

test('an image that is not there is not found, and nothing to verify is a slip', async () => {
  expect((await run('verify', `${berth.host}/acme/api:none`)).code).toBe(3)
  expect((await run('verify')).code).toBe(2)
})
