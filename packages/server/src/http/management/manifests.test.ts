import { createHash } from 'node:crypto'
import { makeDigest } from '@berth/oci/digest.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openTestBrowsing, type TestBrowsing } from '../../testing/open-test-browsing.ts'
import { type TestDatabase, testDatabases } from '../../testing/open-test-databases.ts'
import { testCaller } from '../../testing/open-test-management.ts'

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'
const configType = 'application/vnd.oci.image.config.v1+json'
const layerType = 'application/vnd.oci.image.layer.v1.tar'

type Page = { items: Record<string, unknown>[]; next: string | null }

for (const { name: engine, available, open } of testDatabases) {
  describe.skipIf(!available)(`manifests and tags in the management API on ${engine}`, () => {
    let opened: TestDatabase
    let browsing: TestBrowsing

    beforeEach(async () => {
      opened = await open()
      browsing = await openTestBrowsing(opened.database)
    })

    afterEach(async () => {
      expect(browsing.api.failures).toEqual([])
      await browsing.close()
      await opened.close()
    })

    const get = async (path: string) =>
      (await browsing.api.send('GET', `/repositories/team%2Fapp${path}`)).body as Record<
        string,
        unknown
      >

    async function pushImage(tag: string | undefined, config: string | object, more: object = {}) {
      const text = typeof config === 'string' ? config : JSON.stringify(config)
      const { store } = browsing
      const digest = await store.pushBlob('team/app', text)
      const layer = await store.pushBlob('team/app', 'layer')
      return store.pushManifest('team/app', tag, {
        schemaVersion: 2,
        mediaType: manifestType,
        config: { mediaType: configType, digest, size: Buffer.byteLength(text) },
        layers: [{ mediaType: layerType, digest: layer, size: 5, annotations: { title: 'x' } }],
        ...more,
      })
    }

    test('an image with its config, history and layers', async () => {
      const config = {
        created: '2026-01-01T00:00:00Z',
        author: 'ada',
        architecture: 'arm64',
        os: 'linux',
        config: {
          User: 'app',
          WorkingDir: '/srv',
          Entrypoint: ['/bin/app'],
          Cmd: ['--help'],
          Env: ['A=1'],
          ExposedPorts: { '80/tcp': {} },
          Volumes: { '/data': {} },
          StopSignal: 'SIGINT',
          Labels: { team: 'blue' },
        },
        history: [{ created_by: 'COPY . .' }, { created_by: 'ENV A=1', empty_layer: true }],
      }
      const digest = await pushImage('v1', config, { annotations: { note: 'hello' } })
      const size = Buffer.byteLength(JSON.stringify(config))
      const manifest = await get('/manifests/v1')
      expect(manifest).toMatchObject({
        digest,
        kind: 'image',
        mediaType: manifestType,
        tags: ['v1'],
        subject: null,
        annotations: { note: 'hello' },
        config: { mediaType: configType, size },
        layers: [{ mediaType: layerType, size: 5, annotations: { title: 'x' } }],
        children: [],
        imageFault: null,
        referrers: { count: 0, isMore: false },
        isTruncated: false,
        image: {
          created: '2026-01-01T00:00:00Z',
          author: 'ada',
          architecture: 'arm64',
          os: 'linux',
          variant: null,
          user: 'app',
          workingDirectory: '/srv',
          entrypoint: ['/bin/app'],
          command: ['--help'],
          environment: ['A=1'],
          exposedPorts: ['80/tcp'],
          volumes: ['/data'],
          stopSignal: 'SIGINT',
          labels: { team: 'blue' },
          history: [
            { created: null, createdBy: 'COPY . .', comment: null, isEmptyLayer: false },
            { created: null, createdBy: 'ENV A=1', comment: null, isEmptyLayer: true },
          ],
        },
      })
      expect(manifest.totalSize).toBe((manifest.size as number) + size + 5)
      expect(await get(`/manifests/${digest}`)).toEqual(manifest)
    })

    test.each([
      ['is not JSON', 'no json'],
      ['is not an object', '[]'],
      ['has a key twice', '{"a":1,"a":2}'],
    ])('a config that %s is said to be so', async (_, text) => {
      await pushImage('v1', text)
      const manifest = await get('/manifests/v1')
      expect(manifest).toMatchObject({ kind: 'image', image: null })
      expect(manifest.imageFault).toMatch(/^The config /)
    })

    test('a config whose fields are of the wrong type shows what is left of it', async () => {
      await pushImage('v1', {
        os: 1,
        author: null,
        config: { Env: 'A=1', Entrypoint: [1, 'x', null], Labels: ['a'], ExposedPorts: 'none' },
        history: [1, null, { created_by: {} }],
      })
      expect((await get('/manifests/v1')).image).toMatchObject({
        os: null,
        author: null,
        environment: [],
        entrypoint: ['x'],
        labels: {},
        exposedPorts: [],
        history: [{ createdBy: null }],
      })
    })

    test('a config beyond 4 MiB is not read', async () => {
      await pushImage('v1', `{"a":"${'x'.repeat(4 << 20)}"}`)
      const manifest = await get('/manifests/v1')
      expect(manifest).toMatchObject({ image: null, config: { mediaType: configType } })
      expect(manifest.imageFault).toContain('4 MiB')
    })

    test('an index with its platforms, and all that it leads to counted once', async () => {
      const arm = await pushImage(undefined, { os: 'linux', architecture: 'arm64' })
      const amd = await pushImage(undefined, { os: 'linux', architecture: 'amd64' })
      await browsing.store.pushManifest('team/app', 'multi', {
        schemaVersion: 2,
        mediaType: indexType,
        manifests: [
          {
            mediaType: manifestType,
            digest: arm,
            size: 10,
            platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
          },
          {
            mediaType: manifestType,
            digest: amd,
            size: 10,
            annotations: { 'vnd.docker.reference.type': 'x' },
          },
        ],
      })
      const index = await get('/manifests/multi')
      expect(index).toMatchObject({
        kind: 'index',
        image: null,
        imageFault: null,
        children: [
          {
            digest: arm,
            platform: { os: 'linux', architecture: 'arm64', variant: 'v8', osVersion: null },
          },
          { digest: amd, platform: null, annotations: { 'vnd.docker.reference.type': 'x' } },
        ],
      })
      const [first, second] = await Promise.all([
        get(`/manifests/${arm}`),
        get(`/manifests/${amd}`),
      ])
      expect(index.totalSize).toBe(
        // The layer is in both images.
        (index.size as number) + (first.totalSize as number) + (second.totalSize as number) - 5,
      )
    })

    test('an artifact, its subject and the referrers of that', async () => {
      const subject = await pushImage('v1', {})
      const empty = await browsing.store.pushBlob('team/app', '{}')
      const artifact = await browsing.store.pushManifest('team/app', undefined, {
        schemaVersion: 2,
        mediaType: manifestType,
        artifactType: 'application/vnd.example.signature',
        config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: empty, size: 2 },
        layers: [],
        subject: { mediaType: manifestType, digest: subject, size: 1 },
        annotations: { by: 'me' },
      })
      expect(await get(`/manifests/${artifact}`)).toMatchObject({
        kind: 'artifact',
        subject,
        image: null,
      })
      expect(await get('/manifests/v1')).toMatchObject({ referrers: { count: 1 } })
      const list = '/referrers/' + subject
      expect(await get(list)).toMatchObject({
        items: [
          {
            digest: artifact,
            artifactType: 'application/vnd.example.signature',
            annotations: { by: 'me' },
          },
        ],
        next: null,
      })
      expect(await get(`${list}?artifactType=application/other`)).toEqual({ items: [], next: null })
      const nothing = makeDigest('sha256', 'a'.repeat(64))
      expect(await get(`/referrers/${nothing}`)).toEqual({ items: [], next: null })
    })

    test('a manifest of a kind that Berth does not know', async () => {
      await browsing.store.pushManifest('team/app', 'odd', {
        mediaType: 'application/vnd.example+json',
        x: 1,
      })
      expect(await get('/manifests/odd')).toMatchObject({
        kind: 'unknown',
        layers: [],
        config: null,
      })
    })

    test('the JSON of a manifest and of its config, byte for byte', async () => {
      const text = '{ "os":"linux",\n"architecture":"amd64","big":12345678901234567890 }'
      const digest = await pushImage('v1', text)
      const read = async (path: string) => {
        const answer = await fetch(`${browsing.api.url}/api/v1/repositories/team%2Fapp${path}`)
        return { answer, bytes: Buffer.from(await answer.arrayBuffer()) }
      }
      const manifest = await read('/manifests/v1/content')
      expect(manifest.answer.headers.get('content-type')).toBe('application/json')
      expect(manifest.answer.headers.get('content-disposition')).toContain('team_app-v1')
      expect(`sha256:${createHash('sha256').update(manifest.bytes).digest('hex')}`).toBe(digest)
      const config = await read(`/manifests/${digest}/content?part=config`)
      expect(config.bytes.toString()).toBe(text)
      expect((await read('/manifests/v2/content')).answer.status).toBe(404)
      expect((await read('/manifests/v1/content?part=layers')).answer.status).toBe(400)
    })

    test('a config that is not there, is not JSON or is too large is said to be so', async () => {
      const { store, api } = browsing
      const send = (reference: string) =>
        api.send('GET', `/repositories/team%2Fapp/manifests/${reference}/content?part=config`)
      await store.pushManifest('team/app', 'index', {
        schemaVersion: 2,
        mediaType: indexType,
        manifests: [],
      })
      const weights = await store.pushBlob('team/app', 'weights')
      await store.pushManifest('team/app', 'model', {
        schemaVersion: 2,
        mediaType: manifestType,
        config: { mediaType: 'application/vnd.example.weights', digest: weights, size: 7 },
        layers: [],
      })
      for (const reference of ['index', 'model']) {
        const { status, body } = await send(reference)
        expect([status, body]).toEqual([
          404,
          expect.objectContaining({ detail: 'The manifest names no config that is JSON.' }),
        ])
      }
      await pushImage('large', `{"a":"${'x'.repeat(4 << 20)}"}`)
      const { status, body } = await send('large')
      expect([status, (body as { detail: string }).detail]).toEqual([
        409,
        expect.stringContaining('4 MiB'),
      ])
    })

    test('manifests are listed with the newest first, tags by name or by when they were set', async () => {
      const digests: string[] = []
      for (const tag of ['c', 'a', 'b']) {
        digests.unshift(await pushImage(tag, { author: tag }))
        browsing.store.pass(1)
      }
      async function walk(path: string, key: string): Promise<unknown[]> {
        const found: unknown[] = []
        for (let after = ''; ; ) {
          const page = (await get(
            `${path}${path.includes('?') ? '&' : '?'}limit=2${after}`,
          )) as Page
          found.push(...page.items.map((item) => item[key]))
          if (page.next === null) return found
          after = `&after=${encodeURIComponent(page.next)}`
        }
      }
      expect(await walk('/manifests', 'digest')).toEqual(digests)
      expect(await walk('/tags', 'name')).toEqual(['a', 'b', 'c'])
      expect(await walk('/tags?sort=updatedAt', 'name')).toEqual(['b', 'a', 'c'])
      expect(await walk('/tags?prefix=b', 'name')).toEqual(['b'])
      await pushImage('c', { author: 'again' })
      expect(await walk('/tags?sort=updatedAt', 'name')).toEqual(['c', 'b', 'a'])
    })

    test('a place of one list is refused by another', async () => {
      await pushImage('a', {})
      await pushImage('b', {})
      const page = (await get('/tags?sort=updatedAt&limit=1')) as Page
      for (const path of [
        `/tags?after=${page.next}`,
        '/manifests?after=nonsense',
        '/tags?after=%20',
      ]) {
        const answer = await browsing.api.send('GET', `/repositories/team%2Fapp${path}`)
        expect(answer.status).toBe(400)
        expect(answer.body).toMatchObject({ errors: [{ in: 'query', path: 'after' }] })
      }
    })

    test('deleting a tag keeps the manifest, deleting the manifest takes its tags', async () => {
      const digest = await pushImage('a', {})
      await pushImage('b', {})
      const send = (path: string) => browsing.api.send('DELETE', `/repositories/team%2Fapp${path}`)
      expect((await send('/tags/a')).status).toBe(204)
      expect(await get('/tags/b')).toMatchObject({ digest, mediaType: manifestType })
      expect((await send('/tags/a')).status).toBe(404)
      expect((await send(`/manifests/${digest}`)).status).toBe(204)
      expect((await send(`/manifests/${digest}`)).status).toBe(404)
      expect(await get('/tags')).toMatchObject({ items: [] })
    })

    test('deleting a tag and deleting a manifest are two permissions', async () => {
      const digest = await pushImage('a', {})
      const send = (path: string) => browsing.api.send('DELETE', `/repositories/team%2Fapp${path}`)
      for (const allowed of ['delete', 'deleteTag', 'none']) {
        browsing.api.setCaller(
          testCaller({ may: (action) => Promise.resolve(action === 'pull' || action === allowed) }),
        )
        // The manifest has a tag, so its end takes both.
        expect((await send(`/manifests/${digest}`)).status).toBe(403)
        if (allowed !== 'deleteTag') expect((await send('/tags/a')).status).toBe(403)
      }
    })
  })
}
