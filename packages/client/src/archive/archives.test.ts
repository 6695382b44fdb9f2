import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { parseDigest } from '@berth/oci/digest.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import { parseReference, parseTagName } from '@berth/oci/reference.ts'
import fc from 'fast-check'
import { type Header, pack } from 'tar-stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeDockerArchive } from '../../../../test/fixtures/docker-archive.ts'
import { type SmallLayouts, writeSmallLayouts } from '../../../../test/fixtures/layout.ts'
import type { ContentSource } from '../content.ts'
import { copyImage } from '../copy/copy-image.ts'
import { CopySession } from '../copy/copy-session.ts'
import { OciLayout } from '../layout/oci-layout.ts'
import { ArchiveTarget } from './archive-target.ts'
import { openDockerArchive, openOciArchive, type OpenedArchive } from './open-archive.ts'
import { Spool } from './spool.ts'

let scratch: string
let fixture: SmallLayouts
let count = 0
const newFile = (): string => join(scratch, `${(count += 1)}.tar`)

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'berth-archives-'))
  fixture = await writeSmallLayouts(join(scratch, 'fixture'), 'archive-test')
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

const open = (kind: 'docker' | 'oci', file: string, more = {}): Promise<OpenedArchive> =>
  (kind === 'docker' ? openDockerArchive : openOciArchive)({
    file,
    stdin: Readable.from([]),
    name: `${kind}-archive:test`,
    ...more,
  })

/** Copies an image into a new archive, as the command does. */
async function archive(
  format: 'docker' | 'oci',
  source: ContentSource,
  reference: string,
): Promise<string> {
  const file = newFile()
  const sink = createWriteStream(file)
  const spool = new Spool()
  const target = new ArchiveTarget(sink, {
    format,
    name: 'test',
    nameOf: (tag) => `127.0.0.1:5000/acme/api:${tag}`,
    spool,
  })
  const tags = [parseTagName('1.0'), parseTagName('latest')]
  const request = { reference: parseReference(reference), tags }
  await copyImage(source, target, request, new CopySession())
  await target.finish()
  await new Promise<void>((resolve) => sink.end(resolve))
  await spool.close()
  return file
}

const sha256 = (bytes: Buffer) =>
  parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`)

async function readAll(source: ContentSource, descriptor: Descriptor): Promise<void> {
  const bytes = await buffer(await source.openBlob(descriptor))
  expect(sha256(bytes)).toBe(descriptor.digest)
  const rest = await buffer(await source.openBlob(descriptor, { start: 5 }))
  expect(rest.equals(bytes.subarray(5))).toBe(true)
}

test.each(['docker', 'oci'] as const)(
  'an image goes through a %s archive unchanged',
  async (kind) => {
    const file = await archive(kind, new OciLayout(fixture.image.directory), 'latest')
    const { source, find, close } = await open(kind, file)
    for (const name of ['1.0', '127.0.0.1:5000/acme/api:1.0', undefined]) {
      const { parsed, descriptor } = await source.readManifest(await find(name))
      expect(descriptor.digest).toBe(fixture.image.root.digest)
      for (const blob of [...parsed.layers, parsed.config!]) await readAll(source, blob)
    }
    await expect(find('other').then((found) => source.readManifest(found))).rejects.toMatchObject({
      kind: 'notFound',
    })
    await close()
  },
)

test('an index goes into an OCI archive and not into one of docker', async () => {
  const layout = new OciLayout(fixture.index.directory)
  const { source, find, close } = await open('oci', await archive('oci', layout, 'latest'))
  const top = await source.readManifest(await find('latest'))
  expect(top.descriptor.digest).toBe(fixture.index.root.digest)
  for (const child of top.parsed.manifests) {
    const { parsed } = await source.readManifest(parseReference(child.digest))
    for (const blob of parsed.layers) await readAll(source, blob)
  }
  await close()
  await expect(archive('docker', layout, 'latest')).rejects.toMatchObject({ kind: 'unsupported' })
})

test('generated images go through both kinds', async () => {
  const layers = fc.array(fc.uint8Array({ minLength: 1, maxLength: 2000 }), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(
      layers,
      fc.constantFrom('docker' as const, 'oci' as const),
      async (all, kind) => {
        const tars = all.map((each) => Buffer.from(each))
        const layout = await imageOf(tars, (tar) => gzipSync(tar), 'gzip')
        const { source, find, close } = await open(kind, await archive(kind, layout, 'latest'))
        const content = await source.readManifest(await find(undefined))
        const before = await layout.readManifest(parseReference('latest'))
        expect(content.bytes.equals(before.bytes)).toBe(true)
        for (const blob of content.parsed.layers) await readAll(source, blob)
        await close()
      },
    ),
    { numRuns: 15 },
  )
})

async function imageOf(
  tars: readonly Buffer[],
  compress: (tar: Buffer) => Buffer,
  name: string,
): Promise<OciLayout> {
  const layout = new OciLayout(newFile())
  const put = async (bytes: Buffer, mediaType: string): Promise<Descriptor> => {
    const descriptor = { mediaType, digest: sha256(bytes), size: bytes.length }
    await layout.putBlob(descriptor, async (start) => Readable.from([bytes.subarray(start)]))
    return descriptor
  }
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const rootfs = { type: 'layers', diff_ids: tars.map(sha256) }
  const body = JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs })
  const config = await put(Buffer.from(body), 'application/vnd.oci.image.config.v1+json')
  const layers: Descriptor[] = []
  for (const tar of tars) {
    layers.push(await put(compress(tar), `application/vnd.oci.image.layer.v1.tar+${name}`))
  }
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }))
  const descriptor = { mediaType, digest: sha256(bytes), size: bytes.length }
  const parsed = parseManifest(bytes, mediaType)
  await layout.putManifest({ descriptor, bytes, parsed }, [parseTagName('latest')])
  return layout
}

test('layers in zstd are unpacked for docker, and stay as they are otherwise', async () => {
  const tars = [Buffer.alloc(4000, 'one'), Buffer.alloc(70_000, 'two')]
  const layout = await imageOf(tars, (tar) => zstdCompressSync(tar), 'zstd')
  const docker = await open('docker', await archive('docker', layout, 'latest'), {
    layers: 'plain',
  })
  const { parsed } = await docker.source.readManifest(await docker.find('1.0'))
  expect(parsed.layers.map(({ digest }) => digest)).toEqual(tars.map(sha256))
  await docker.close()
  const oci = await open('oci', await archive('oci', layout, 'latest'))
  const kept = await oci.source.readManifest(await oci.find('1.0'))
  expect(kept.parsed.layers[0]?.mediaType).toMatch(/zstd$/)
  await oci.close()
})

test('what docker wrote gets the same manifest each time, with layers compressed or plain', async () => {
  const file = newFile()
  await writeDockerArchive(fixture.image, 'acme/api:1.0', file)
  const digests = new Set<string>()
  for (let turn = 0; turn < 2; turn += 1) {
    const { source, find, close } = await open('docker', file)
    const { descriptor, parsed } = await source.readManifest(await find('docker.io/acme/api:1.0'))
    digests.add(descriptor.digest)
    expect(parsed.layers.every(({ mediaType }) => mediaType.endsWith('tar+gzip'))).toBe(true)
    for (const layer of parsed.layers) await readAll(source, layer)
    await close()
  }
  expect(digests.size).toBe(1)
  const plain = await open('docker', file, { layers: 'plain' })
  const { parsed } = await plain.source.readManifest(await plain.find(undefined))
  expect(parsed.layers.map(({ digest }) => digest)).toEqual(fixture.image.diffIds)
  for (const layer of parsed.layers) await readAll(plain.source, layer)
  await plain.close()
})

test('an archive may come through a pipe and be compressed; nothing of it stays behind', async () => {
  const file = newFile()
  await writeDockerArchive(fixture.image, 'acme/api:1.0', file)
  const packed = gzipSync(await readFile(file))
  const usual = process.env.TMPDIR
  process.env.TMPDIR = await mkdtemp(join(scratch, 'tmp-'))
  const before = await spoolsIn()
  const { source, find, close } = await open('docker', '-', { stdin: Readable.from([packed]) })
  expect((await source.readManifest(await find('acme/api:1.0'))).parsed.layers).toHaveLength(2)
  await close()
  expect(await spoolsIn()).toEqual(before)
  const plain = await open('docker', '-', { stdin: createReadStream(file) })
  expect(await spoolsIn()).toHaveLength(1)
  await plain.close()
  expect(await spoolsIn()).toEqual(before)
  if (usual === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = usual
})

function spoolsIn(): Promise<readonly string[]> {
  return readdir(tmpdir())
}

type EntryHeader = Partial<Header> & { name: string }
type Entry = { header: EntryHeader; content: string | Buffer }

async function dockerArchiveOf(manifest: unknown, more: readonly Entry[] = []): Promise<string> {
  const file = newFile()
  const tar = pack()
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
  tar.entry({ name: 'manifest.json' }, text)
  for (const { header, content } of more) tar.entry(header, content)
  tar.finalize()
  await writeFile(file, await buffer(tar))
  return file
}

const layer = Buffer.alloc(2048, 'layer')
const config = (...diffIds: string[]): Entry => ({
  header: { name: 'c.json' },
  content: JSON.stringify({ os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } }),
})
const image = { Config: 'c.json', RepoTags: ['a:1'], Layers: ['old/layer.tar'] }

test('old archives, where layers are links to other layers, are read', async () => {
  const link: EntryHeader = { name: 'old/layer.tar', type: 'symlink', linkname: '../x/layer.tar' }
  const file = await dockerArchiveOf(
    [image],
    [
      config(sha256(layer)),
      { header: { name: 'x/layer.tar' }, content: layer },
      { header: link, content: '' },
    ],
  )
  const { source, find, close } = await open('docker', file, { layers: 'plain' })
  const { parsed } = await source.readManifest(await find('a:1'))
  await readAll(source, parsed.layers[0]!)
  await close()
})

test.each<[string, unknown, Entry[]]>([
  ['no JSON', 'nonsense', []],
  ['no list', {}, []],
  ['a config that is missing', [image], []],
  ['a config that is no JSON', [image], [{ header: { name: 'c.json' }, content: 'x' }]],
  ['a layer that is missing', [image], [config(sha256(layer))]],
  ['more layers than the config names', [image], [config()]],
  ['a path out', [{ ...image, Config: '../../etc/passwd' }], []],
])('a manifest.json with %s is refused', async (_, manifest, more) => {
  const file = await dockerArchiveOf(manifest, more)
  const reading = open('docker', file).then(async ({ source, find, close }) => {
    try {
      await source.readManifest(await find(undefined))
    } finally {
      await close()
    }
  })
  await expect(reading).rejects.toMatchObject({ kind: 'inputInvalid' })
})

test('a layer that is not the one of its diff id is refused', async () => {
  const file = await dockerArchiveOf(
    [image],
    [config(sha256(Buffer.from('x'))), { header: { name: 'old/layer.tar' }, content: layer }],
  )
  const { find, close } = await open('docker', file)
  await expect(find(undefined)).rejects.toMatchObject({ kind: 'digestMismatch' })
  await close()
})

test('several images are told apart by their whole names', async () => {
  const other = { ...image, RepoTags: ['b:1'], Config: 'd.json' }
  const file = await dockerArchiveOf(
    [image, other],
    [
      config(sha256(layer)),
      {
        header: { name: 'd.json' },
        content: JSON.stringify({ rootfs: { diff_ids: [sha256(layer)] } }),
      },
      { header: { name: 'old/layer.tar' }, content: layer },
    ],
  )
  const { find, close } = await open('docker', file)
  const [a, b] = [await find('a:1'), await find('b:1')]
  expect(a).not.toEqual(b)
  for (const name of ['1', undefined]) {
    await expect(find(name)).rejects.toMatchObject({ kind: 'inputInvalid' })
  }
  await close()
})

test('a fault in the middle spoils an archive for good', async () => {
  const sink = createWriteStream(newFile())
  const target = new ArchiveTarget(sink, {
    format: 'oci',
    name: 'test',
    nameOf: () => undefined,
    spool: new Spool(),
  })
  const descriptor = { mediaType: 'x/y', digest: sha256(layer), size: layer.length }
  const put = target.putBlob(descriptor, async () => Readable.from([layer.subarray(1)]))
  await expect(put).rejects.toMatchObject({ kind: 'digestMismatch' })
  await expect(target.finish()).rejects.toMatchObject({ kind: 'digestMismatch' })
  sink.destroy()
})
