import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { parseDigest } from '@berth/oci/digest.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import { parseReference, parseTagName } from '@berth/oci/reference.ts'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SmallLayouts, writeSmallLayouts } from '../../../../test/fixtures/layout.ts'
import type { ContentSource, ContentTarget, ManifestContent } from '../content.ts'
import { OciLayout } from './oci-layout.ts'

let scratch: string
let fixture: SmallLayouts

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'berth-layout-'))
  fixture = await writeSmallLayouts(join(scratch, 'fixture'), 'layout-test')
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

let made = 0
const newFolder = (): string => join(scratch, `made-${(made += 1)}`)

/** Moves an image with all that it leads to, as a copy does: blobs, then children, then the root. */
async function copy(source: ContentSource, target: ContentTarget, from: string, tags: string[]) {
  const content = await source.readManifest(parseReference(from))
  for (const child of content.parsed.manifests) await copy(source, target, child.digest, [])
  for (const blob of blobsOf(content)) {
    await target.putBlob(blob, (start) => source.openBlob(blob, { start }))
  }
  await target.putManifest(content, tags.map(parseTagName))
  return content
}

function blobsOf({ parsed }: ManifestContent): readonly Descriptor[] {
  return [...(parsed.config === undefined ? [] : [parsed.config]), ...parsed.layers]
}

function blob(bytes: Buffer): Descriptor {
  const digest = parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`)
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: bytes.length }
}

function image(layers: readonly Descriptor[], config: Descriptor, subject?: Descriptor) {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType, config, layers, ...(subject && { subject }) }),
  )
  const descriptor = { ...blob(bytes), mediaType }
  return { descriptor, bytes, parsed: parseManifest(bytes, mediaType) }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

test('an index goes through a layout unchanged, and is listed by its tags alone', async () => {
  const source = new OciLayout(fixture.index.directory)
  const target = new OciLayout(newFolder())
  await copy(source, target, 'latest', ['1.0', 'latest'])
  expect(await collect(target.listTags())).toEqual(['1.0', 'latest'])
  const root = await target.resolve(parseReference('1.0'))
  expect(root?.digest).toBe(fixture.index.root.digest)
  const index = JSON.parse(await readFile(join(target.folder, 'index.json'), 'utf8'))
  expect(index.manifests.map(({ digest }: Descriptor) => digest)).toEqual([
    root?.digest,
    root?.digest,
  ])
  const reread = new OciLayout(target.folder)
  for (const child of (await reread.readManifest(parseReference('1.0'))).parsed.manifests) {
    for (const each of blobsOf(await reread.readManifest(parseReference(child.digest)))) {
      expect(blob(await buffer(await reread.openBlob(each))).digest).toBe(each.digest)
    }
    expect(await reread.hasManifest(child.digest)).toBe(true)
  }
})

test('whatever is put can be read back, from any position on', async () => {
  const generated = fc.record({
    layers: fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 4 }),
    config: fc.uint8Array({ minLength: 1, maxLength: 200 }),
    tags: fc.uniqueArray(fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}$/), { maxLength: 3 }),
    start: fc.nat(3000),
  })
  await fc.assert(
    fc.asyncProperty(generated, async ({ layers, config, tags, start }) => {
      const layout = new OciLayout(newFolder())
      const blobs = [...layers, config].map((each) => Buffer.from(each))
      for (const bytes of blobs) {
        await layout.putBlob(blob(bytes), async (from) => Readable.from([bytes.subarray(from)]))
      }
      const content = image(blobs.slice(0, -1).map(blob), blob(blobs.at(-1) ?? Buffer.alloc(0)))
      await layout.putManifest(content, tags.map(parseTagName))
      const again = new OciLayout(layout.folder)
      expect(await collect(again.listTags())).toEqual([...tags].sort())
      for (const name of [...tags, content.descriptor.digest]) {
        const read = await again.readManifest(parseReference(name))
        expect(read.bytes.equals(content.bytes)).toBe(true)
      }
      for (const bytes of blobs) {
        const rest = await buffer(await again.openBlob(blob(bytes), { start }))
        expect(rest.equals(bytes.subarray(start))).toBe(true)
      }
    }),
    { numRuns: 25 },
  )
})

test('a tag that is set again points at the new image only', async () => {
  const layout = new OciLayout(newFolder())
  const config = Buffer.from('{}')
  const open = async () => Readable.from([config])
  await layout.putBlob(blob(config), open)
  const first = image([], blob(config))
  const second = image([blob(config)], blob(config))
  await layout.putManifest(first, [parseTagName('a'), parseTagName('b')])
  await layout.putManifest(second, [parseTagName('a')])
  expect((await layout.resolve(parseReference('a')))?.digest).toBe(second.descriptor.digest)
  expect((await layout.resolve(parseReference('b')))?.digest).toBe(first.descriptor.digest)
})

test('referrers are found by their subject', async () => {
  const layout = new OciLayout(newFolder())
  const config = Buffer.from('{}')
  await layout.putBlob(blob(config), async () => Readable.from([config]))
  const subject = image([], blob(config))
  await layout.putManifest(subject, [parseTagName('latest')])
  expect(await collect(layout.listReferrers(subject.descriptor.digest))).toEqual([])
  const referrer = image([], blob(config), subject.descriptor)
  await layout.putManifest(referrer, [])
  const [found, ...others] = await collect(layout.listReferrers(subject.descriptor.digest))
  expect(found).toMatchObject({
    digest: referrer.descriptor.digest,
    artifactType: 'application/vnd.oci.image.layer.v1.tar',
  })
  expect(others).toEqual([])
})

test('content that differs from its digest is refused and leaves nothing', async () => {
  const layout = new OciLayout(newFolder())
  const bytes = Buffer.from('right')
  for (const wrong of ['wrong', 'righ', 'rightright']) {
    const put = layout.putBlob(blob(bytes), async () => Readable.from([Buffer.from(wrong)]))
    await expect(put).rejects.toMatchObject({ kind: 'digestMismatch' })
  }
  expect(await readdir(join(layout.folder, 'blobs/sha256'))).toEqual([])
  expect(await readdir(join(layout.folder, '.berth'))).toEqual([])
})

test('a broken-off blob is invisible and is carried on from where it was', async () => {
  const layout = new OciLayout(newFolder())
  const bytes = Buffer.alloc(300_000, 'berth')
  const broken = async () =>
    Readable.from(
      (async function* () {
        yield bytes.subarray(0, 200_000)
        await new Promise((resolve) => setTimeout(resolve, 20))
        throw new Error('the cable was pulled')
      })(),
    )
  await expect(layout.putBlob(blob(bytes), broken)).rejects.toThrow('cable')
  await expect(layout.openBlob(blob(bytes))).rejects.toMatchObject({ kind: 'notFound' })
  let asked = -1
  const rest = async (start: number) => {
    asked = start
    return Readable.from([bytes.subarray(start)])
  }
  expect(await new OciLayout(layout.folder).putBlob(blob(bytes), rest)).toBe('resumed')
  expect(asked).toBe(200_000)
  expect((await buffer(await layout.openBlob(blob(bytes)))).equals(bytes)).toBe(true)
  expect(await readdir(join(layout.folder, '.berth'))).toEqual([])
})

test('what an earlier run left is not trusted', async () => {
  const layout = new OciLayout(newFolder())
  const bytes = Buffer.alloc(5000, 'berth')
  const { digest } = blob(bytes)
  await mkdir(join(layout.folder, '.berth'), { recursive: true })
  const left = `${digest.replace(':', '-')}.00000000-1-00000000.free`
  await writeFile(join(layout.folder, '.berth', left), Buffer.alloc(2000, 'x'))
  const open = async (start: number) => Readable.from([bytes.subarray(start)])
  expect(await layout.putBlob(blob(bytes), open)).toBe('sent')
  expect((await buffer(await layout.openBlob(blob(bytes)))).equals(bytes)).toBe(true)
})

test('writers at the same time lose nothing', async () => {
  const folder = newFolder()
  const config = Buffer.from('{}')
  const names = Array.from({ length: 20 }, (_, at) => `tag-${at}`)
  await Promise.all(
    names.map(async (name) => {
      const layout = new OciLayout(folder)
      await layout.putBlob(blob(config), async () => Readable.from([config]))
      const bytes = Buffer.from(name)
      await layout.putBlob(blob(bytes), async () => Readable.from([bytes]))
      await layout.putManifest(image([blob(bytes)], blob(config)), [parseTagName(name)])
    }),
  )
  expect(await collect(new OciLayout(folder).listTags())).toEqual([...names].sort())
})

test('a damaged manifest is told by its digest', async () => {
  const folder = newFolder()
  await cp(fixture.image.directory, folder, { recursive: true, dereference: true })
  const path = join(folder, 'blobs', fixture.image.root.digest.replace(':', '/'))
  await writeFile(path, `${await readFile(path, 'utf8')} `)
  const reading = new OciLayout(folder).readManifest(parseReference('latest'))
  await expect(reading).rejects.toMatchObject({ kind: 'digestMismatch' })
})

test.each([
  ['{"manifests":{}}', 'no list'],
  ['{"manifests":[{"digest":"sha256:../../etc/passwd"}]}', 'a digest that is a path'],
  ['not json', 'no JSON'],
])('an index.json that is wrong is refused: %s (%s)', async (text) => {
  const folder = newFolder()
  await mkdir(folder)
  await writeFile(join(folder, 'index.json'), text)
  const reading = new OciLayout(folder).resolve(parseReference('latest'))
  await expect(reading).rejects.toMatchObject({ kind: 'inputInvalid' })
})

test('a folder that is no layout is told apart from a missing tag', async () => {
  const missing = new OciLayout(newFolder()).resolve(parseReference('latest'))
  await expect(missing).rejects.toMatchObject({ kind: 'notFound' })
  const layout = new OciLayout(fixture.image.directory)
  expect(await layout.resolve(parseReference('other'))).toBeUndefined()
})
