import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { type Digest, makeDigest } from '@berth/oci/digest.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import { OCI_IMAGE_MANIFEST } from '@berth/oci/media-type.ts'
import { parsePlatform } from '@berth/oci/platform.ts'
import { parseTagName, type Reference } from '@berth/oci/reference.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { writeSmallLayouts } from '../../../../test/fixtures/layout.ts'
import { type Berth, startBerth } from '../../../../test/tools/berth.ts'
import { type FaultyProxy, startFaultyProxy } from '../../../../test/tools/faulty-proxy.ts'
import { type RecordingProxy, startRecordingProxy } from '../../../../test/tools/recording-proxy.ts'
import type { ContentTarget, ManifestContent } from '../content.ts'
import { parseRepositoryAddress } from '../image-reference.ts'
import { OciLayout } from '../layout/oci-layout.ts'
import { RegistryClient } from '../registry/registry-client.ts'
import type { RemoteRepository } from '../registry/remote-repository.ts'
import { Transport } from '../transport/transport.ts'
import { copyImage } from './copy-image.ts'
import { CopySession } from './copy-session.ts'

let [source, target]: Berth[] = []
let recorder: RecordingProxy
let faulty: FaultyProxy
let folder: string
const transport = new Transport({ retry: { firstWaitMs: 5 } })

beforeAll(async () => {
  ;[source, target] = await Promise.all([startBerth(), startBerth()])
  recorder = await startRecordingProxy(target.port)
  faulty = await startFaultyProxy(target.port)
  folder = await mkdtemp(join(tmpdir(), 'berth-copy-'))
})
afterEach(() => {
  recorder.clear()
  faulty.fault = () => undefined
})
afterAll(async () => {
  transport.close()
  await Promise.all([recorder.stop(), faulty.stop()])
  await Promise.all([source?.stop(), target?.stop()])
  await rm(folder, { recursive: true, force: true })
})

function repository(host: string, name: string, berth: Berth | undefined): RemoteRepository {
  const { username = '', password = '' } = berth ?? {}
  return new RegistryClient({
    transportFor: () => transport,
    credentials: {
      credentialsFor: () => Promise.resolve({ kind: 'password', username, password }),
    },
  }).repository(parseRepositoryAddress(`${host}/${name}`))
}
const from = (name: string) => repository(source?.host ?? '', name, source)
const to = (name: string, host = target?.host ?? '') => repository(host, name, target)
const tag = (name: string): Reference => ({ kind: 'tag', tag: parseTagName(name) })
const tags = (...names: string[]) => names.map((name) => parseTagName(name))
const digestOf = (bytes: Buffer): Digest =>
  makeDigest('sha256', createHash('sha256').update(bytes).digest('hex'))

async function addBlob(there: ContentTarget, bytes: Buffer): Promise<Descriptor> {
  const mediaType = 'application/vnd.oci.image.layer.v1.tar'
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length }
  await there.putBlob(descriptor, (start) =>
    Promise.resolve(Readable.from([bytes.subarray(start)])),
  )
  return descriptor
}

async function addManifest(
  there: ContentTarget,
  body: object,
  ...names: string[]
): Promise<ManifestContent> {
  const whole = { schemaVersion: 2, mediaType: OCI_IMAGE_MANIFEST, ...body }
  const bytes = Buffer.from(JSON.stringify(whole))
  const parsed = parseManifest(bytes, OCI_IMAGE_MANIFEST)
  const descriptor = { mediaType: OCI_IMAGE_MANIFEST, digest: digestOf(bytes), size: bytes.length }
  const content = { descriptor, bytes, parsed }
  await there.putManifest(content, tags(...names))
  return content
}

/** How often each blob's bytes went to the target. */
function sentBlobs(): Map<string, number> {
  const sent = new Map<string, number>()
  for (const { method, url, status } of recorder.requests) {
    const digest = new URL(url, 'http://there').searchParams.get('digest')
    if (method !== 'PUT' || digest === null || status !== 201) continue
    sent.set(digest, (sent.get(digest) ?? 0) + 1)
  }
  return sent
}

describe('an index with all that belongs to it', () => {
  beforeAll(async () => {
    const { index } = await writeSmallLayouts(join(folder, 'small'), 'copy')
    const layout = new OciLayout(index.directory)
    const session = new CopySession()
    await copyImage(
      layout,
      from('acme/multi'),
      { reference: tag('latest'), tags: tags('v1') },
      session,
    )
    const image = await from('acme/multi').readManifest(tag('v1'))
    const config = await addBlob(from('acme/multi'), Buffer.from('{}'))
    const signature = await addManifest(from('acme/multi'), {
      artifactType: 'application/vnd.example.signature',
      config,
      layers: [],
      subject: image.descriptor,
    })
    await addManifest(from('acme/multi'), {
      artifactType: 'application/vnd.example.time',
      config,
      layers: [],
      subject: signature.descriptor,
    })
    const { digest } = image.descriptor
    await addManifest(from('acme/multi'), { config, layers: [] }, `${digest.replace(':', '-')}.sig`)
  })

  test('arrives byte for byte, with referrers of referrers and the tags of signatures', async () => {
    const session = new CopySession()
    const request = { reference: tag('v1'), tags: tags('v1', 'latest') }
    const copied = await copyImage(from('acme/multi'), to('acme/multi'), request, session)
    const there = to('acme/multi')
    expect((await there.readManifest(tag('latest'))).bytes).toEqual(
      (await from('acme/multi').readManifest(tag('v1'))).bytes,
    )
    const [signature] = await Array.fromAsync(there.listReferrers(copied.digest))
    expect(signature?.artifactType).toBe('application/vnd.example.signature')
    const about = signature?.digest ?? copied.digest
    expect(await Array.fromAsync(there.listReferrers(about))).toHaveLength(1)
    const names = await Array.fromAsync(there.listTags())
    expect(names).toContain(`${copied.digest.replace(':', '-')}.sig`)

    // Once more: nothing is sent.
    const again = new CopySession()
    await copyImage(from('acme/multi'), to('acme/multi'), request, again)
    expect(again.counts.manifests.sent).toBe(0)
    expect(again.counts.bytesSent).toBe(0)
  })

  test('without its referrers, when they are not wanted', async () => {
    const request = { reference: tag('v1'), tags: tags('v1'), referrers: false }
    const copied = await copyImage(from('acme/multi'), to('acme/bare'), request, new CopySession())
    expect(await Array.fromAsync(to('acme/bare').listReferrers(copied.digest))).toEqual([])
    expect(await Array.fromAsync(to('acme/bare').listTags())).toEqual(['v1'])
  })

  test('for one platform, for several, and not for one that is not there', async () => {
    const copy = (name: string, ...platforms: string[]) =>
      copyImage(
        from('acme/multi'),
        to(name),
        { reference: tag('v1'), tags: tags('v1'), platforms: platforms.map(parsePlatform) },
        new CopySession(),
      )
    expect((await copy('acme/one', 'linux/arm64')).mediaType).toBe(OCI_IMAGE_MANIFEST)
    const both = await copy('acme/both', 'linux/arm64', 'amd64')
    expect((await to('acme/both').readManifest(tag('v1'))).parsed.manifests).toHaveLength(2)
    expect(both.mediaType).toContain('index')
    await expect(copy('acme/none', 'linux/s390x')).rejects.toMatchObject({
      kind: 'platformMissing',
      next: 'It is there for linux/amd64, linux/arm64.',
    })
    expect(await to('acme/none').resolve(tag('v1'))).toBeUndefined()
  })
})

test('200 images that share layers: every shared blob goes to the registry once', async () => {
  const shared = await Promise.all(
    Array.from({ length: 5 }, () => addBlob(from('many/base'), randomBytes(20_000))),
  )
  const names = Array.from({ length: 200 }, (_, at) => `many/image-${at % 20}`)
  await Promise.all(
    names.map(async (name, at) => {
      const there = from(name)
      for (const descriptor of shared) {
        await there.putBlob(descriptor, () => Promise.reject(new Error('is mounted')), {
          mountFrom: ['many/base'],
        })
      }
      const own = await addBlob(there, Buffer.from(`layer of image ${at}`))
      const config = await addBlob(there, Buffer.from(JSON.stringify({ at })))
      await addManifest(there, { config, layers: [...shared, own] }, `v${at}`)
    }),
  )
  const session = new CopySession()
  await Promise.all(
    names.map((name, at) =>
      copyImage(
        from(name),
        to(name, recorder.host),
        { reference: tag(`v${at}`), tags: tags(`v${at}`), referrers: false },
        session,
      ),
    ),
  )
  const sent = sentBlobs()
  expect([...sent.values()].every((times) => times === 1)).toBe(true)
  expect(sent.size).toBe(5 + 200 + 200)
  // Into each of the other 19 repositories the five are mounted.
  expect(session.counts.blobs.mounted).toBe(19 * 5)
  expect(session.counts.blobs.sent).toBe(405)
}, 120_000)

describe('a target that misbehaves', () => {
  const layer = randomBytes(500_000)
  beforeAll(async () => {
    const own = await addBlob(from('acme/api'), layer)
    const config = await addBlob(from('acme/api'), Buffer.from('{"os":"linux"}'))
    await addManifest(from('acme/api'), { config, layers: [own] }, 'v1')
  })
  const copy = (name: string, session = new CopySession()) =>
    copyImage(
      from('acme/api'),
      to(name, faulty.host),
      { reference: tag('v1'), tags: tags('v1') },
      session,
    )

  test('connections that are cut, 503 and 429 now and then: the image arrives all the same', async () => {
    const seen = new Map<string, number>()
    faulty.fault = (method, url) => {
      const key = `${method} ${url.replace(/[?].*/, '').replace(/uploads\/.+/, 'uploads/')}`
      const times = (seen.get(key) ?? 0) + 1
      seen.set(key, times)
      if (times === 2 && method !== 'PUT') return { kind: 'answer', status: 503 }
      if (times === 1 && method === 'GET') {
        return { kind: 'answer', status: 429, headers: { 'retry-after': '0' } }
      }
      return method === 'PUT' && times === 1 ? { kind: 'cut', afterBytes: 1000 } : undefined
    }
    await copy('acme/shaky')
    expect(await to('acme/shaky').resolve(tag('v1'))).toBeDefined()
  })

  test.each([
    [{ kind: 'answer', status: 500 } as const, 'serverFault'],
    [{ kind: 'answer', status: 429, headers: { 'retry-after': '3600' } } as const, 'rateLimited'],
    [{ kind: 'answer', status: 403 } as const, 'denied'],
    [{ kind: 'cut', afterBytes: 100_000 } as const, 'connectionLost'],
  ])(
    '%o to every upload: %s, and no tag is set',
    async (fault, kind) => {
      const name = `acme/${kind.toLowerCase()}`
      faulty.fault = (method, url) =>
        (method === 'PUT' || method === 'PATCH') && url.includes('uploads') ? fault : undefined
      await expect(copy(name)).rejects.toMatchObject({ kind })
      faulty.fault = () => undefined
      expect(await to(name).resolve(tag('v1'))).toBeUndefined()
    },
    60_000,
  )

  test('bytes that changed on the way are refused, whichever side changed them', async () => {
    const damaged = await startFaultyProxy(source?.port ?? 0)
    damaged.fault = (method, url) =>
      method === 'GET' && url.includes('/blobs/') ? { kind: 'corrupt' } : undefined
    try {
      const copying = copyImage(
        repository(damaged.host, 'acme/api', source),
        to('acme/damaged'),
        { reference: tag('v1'), tags: tags('v1') },
        new CopySession(),
      )
      await expect(copying).rejects.toMatchObject({ kind: 'digestMismatch' })
      expect(await to('acme/damaged').resolve(tag('v1'))).toBeUndefined()
    } finally {
      await damaged.stop()
    }
  })

  test('a copy that is stopped ends soon and leaves no tag', async () => {
    const stopped = new AbortController()
    const session = new CopySession({
      signal: stopped.signal,
      onTransfer: ({ kind }) => kind === 'advanced' && stopped.abort(),
    })
    await expect(copy('acme/stopped', session)).rejects.toThrow()
    expect(await to('acme/stopped').resolve(tag('v1'))).toBeUndefined()
  })
})
