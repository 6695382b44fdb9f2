import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask, basic, digestOf, readJson } from '../../testing/http-client.ts'
import { testDatabases } from '../../testing/open-test-databases.ts'
import { openTestScans, type TestScans, until } from '../../testing/open-test-scans.ts'
import { debianLayer, pushImage, tarLayer } from '../../testing/scan-fixtures.ts'

type Layers = {
  digest: string
  items: {
    digest: string
    diffId: string
    createdBy: string | null
    isStored: boolean
    repositories: { count: number }
    manifests: { count: number }
  }[]
}
type Files = {
  state: string
  reason: string | null
  progress: { totalBytes: number } | null
  files: number
  size: number
  items: { name: string; kind: string; size: number; files: number | null; mode: number | null }[]
  next: string | null
}
type Tag = {
  kind: string
  platforms: string[] | null
  totalSize: number
  scan: {
    digest: string
    platform: string
    state: string
    counts: Record<string, number>
    worst: string | null
    fixable: number
  } | null
}

const slow = 120_000
const indexType = 'application/vnd.oci.image.index.v1+json'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const base = debianLayer({ openssl: '3.0.11-1', zlib1g: '1:1.2.13' })
const app = tarLayer({ 'srv/app/run': 'run', 'srv/app/lib/a': 'aa', 'srv/readme': 'read me' })

for (const engine of testDatabases) {
  describe.skipIf(!engine.available)(`images in lists on ${engine.name}`, { timeout: slow }, () => {
    let scans: TestScans

    beforeEach(async () => {
      scans = await openTestScans(engine)
    }, slow)

    afterEach(() => scans.close(), slow)

    const repository = '/repositories/acme%2Fapp'
    const status = async (
      path: string,
      headers = basic(scans.readerName, 'heron basalt umbrella'),
    ) =>
      (
        await ask(scans.first.url, {
          method: 'GET',
          path: `/api/v1${path}`,
          headers: { authorization: headers },
        })
      ).status

    test('a tag tells of its image: platform, size, findings; an index of its images', async () => {
      await scans.useAdvisories([
        { cve: 'CVE-2026-1', package: 'openssl', fixed: '3.0.13-1', score: 9.8 },
        { cve: 'CVE-2026-2', package: 'zlib1g', score: 5.3 },
      ])
      const amd64 = await scans.pushScanned('acme/app', 'amd64', [base, app])
      const arm64 = await pushImage(scans.registry, 'acme/app', 'arm64', [app], {
        architecture: 'arm64',
      })
      const size = async (reference: string) =>
        (await scans.manage<{ size: number }>('GET', `${repository}/manifests/${reference}`)).size
      const child = async (digest: string, architecture: string) => ({
        mediaType: manifestType,
        digest,
        size: await size(digest),
        platform: { os: 'linux', architecture },
      })
      await scans.registry.pushManifest(
        'acme/app',
        'v1',
        JSON.stringify({
          schemaVersion: 2,
          mediaType: indexType,
          manifests: [await child(arm64, 'arm64'), await child(amd64, 'amd64')],
        }),
        indexType,
      )
      await scans.untilScanned('acme/app', arm64)
      const read = (name: string) => scans.manage<Tag>('GET', `${repository}/tags/${name}`)
      await until(async () => (await read('arm64')).platforms !== null)
      const found = { critical: 1, high: 0, medium: 1, low: 0, negligible: 0, unknown: 0 }
      const summary = { digest: amd64, platform: 'linux/amd64', state: 'catalogued' }
      expect(await read('amd64')).toMatchObject({
        kind: 'image',
        platforms: ['linux/amd64'],
        scan: { ...summary, counts: found, worst: 'critical', fixable: 1 },
        signatures: { verified: 0, refused: 0 },
      })
      expect(await read('arm64')).toMatchObject({
        platforms: ['linux/arm64'],
        scan: { digest: arm64, worst: null, fixable: 0 },
      })
      const { items } = await scans.manage<{ items: Tag[] }>('GET', `${repository}/tags?prefix=v`)
      expect(items).toMatchObject([
        { kind: 'index', platforms: ['linux/arm64', 'linux/amd64'], scan: summary },
      ])
      // The layer that both images have counts once.
      const { totalSize } = await read('v1')
      const sum = (await read('amd64')).totalSize + (await read('arm64')).totalSize
      expect(totalSize).toBe(sum - app.blob.length + (await size('v1')))
      const whole = await scans.manage<Tag>('GET', `${repository}/manifests/v1`)
      expect(totalSize).toBe(whole.totalSize)

      await scans.manage('POST', '/projects/acme/vex-statements', {
        vulnerability: 'CVE-2026-1',
        status: 'not_affected',
        justification: 'vulnerable_code_not_present',
      })
      expect(await read('amd64')).toMatchObject({
        scan: { counts: { ...found, critical: 0 }, worst: 'medium' },
      })
    })

    test('the layers of an image, with what made them and who else has them', async () => {
      const config = JSON.stringify({
        os: 'linux',
        architecture: 'amd64',
        rootfs: { type: 'layers', diff_ids: [base.diffId, app.diffId] },
        history: [
          { created: '2026-01-01T00:00:00Z', created_by: 'ADD rootfs' },
          { created_by: 'ENV a=b', empty_layer: true },
          { created_by: 'COPY . /srv' },
        ],
      })
      const image = await pushImage(scans.registry, 'acme/app', 'v1', [base, app], { config })
      await pushImage(scans.registry, 'acme/app', 'v2', [base])
      await pushImage(scans.registry, 'secret/app', 'v1', [base])
      const one = { count: 1, isMore: false }
      const two = { count: 2, isMore: false }
      const layers = await scans.manage<Layers>('GET', `${repository}/manifests/v1/layers`)
      expect(layers).toMatchObject({ digest: image, isTruncated: false })
      expect(layers.items).toMatchObject([
        {
          digest: digestOf(base.blob),
          diffId: base.diffId,
          createdBy: 'ADD rootfs',
          createdAt: '2026-01-01T00:00:00Z',
          isStored: true,
          repositories: two,
          manifests: two,
        },
        { digest: digestOf(app.blob), createdBy: 'COPY . /srv', repositories: one, manifests: one },
      ])
      // What a caller may not pull is not counted.
      const seen = await scans.manage<Layers>(
        'GET',
        `${repository}/manifests/v1/layers`,
        undefined,
        {
          authorization: basic(scans.readerName, 'heron basalt umbrella'),
        },
      )
      expect(seen.items[0]?.repositories).toEqual(one)
      expect(await status('/repositories/secret%2Fapp/manifests/v1/layers')).toBe(404)
      expect(await status(`${repository}/manifests/v9/layers`)).toBe(404)
    })

    test('the files of a layer, read when somebody asks, a directory and a page at a time', async () => {
      await pushImage(scans.registry, 'acme/app', 'v1', [base, app])
      const digest = digestOf(app.blob)
      const files = (query = '') =>
        scans.manage<Files>('GET', `${repository}/layers/${digest}/files${query}`)
      const first = await files()
      if (first.state !== 'ready') {
        expect(first).toMatchObject({ state: 'reading', items: [], next: null })
        expect(first.progress).toMatchObject({ totalBytes: app.blob.length })
      }
      await until(async () => (await files()).state !== 'reading')
      expect(await files()).toMatchObject({
        state: 'ready',
        progress: null,
        files: 3,
        size: 12,
        items: [{ name: 'srv', kind: 'directory', size: 12, files: 3, mode: null }],
        next: null,
      })
      const page = await files('?path=srv/app&limit=1')
      expect(page.items).toMatchObject([{ name: 'lib', kind: 'directory', size: 2 }])
      expect(await files(`?path=/srv/app/&limit=1&after=${page.next}`)).toMatchObject({
        items: [{ name: 'run', kind: 'file', size: 3, mode: 0o644, uid: 0 }],
        next: null,
      })
      expect(await status(`${repository}/layers/${digest}/files?path=srv/none`)).toBe(404)
      expect(await status(`${repository}/layers/${digest}/files?after=none`)).toBe(400)
    })

    test('what is no layer is refused, and what is broken says so', async () => {
      const broken = { blob: app.blob.subarray(0, app.blob.length - 10), diffId: app.diffId }
      const binary = {
        blob: Buffer.from('weights'),
        diffId: app.diffId,
        mediaType: 'application/vnd.example.weights',
      }
      await pushImage(scans.registry, 'acme/app', 'v1', [broken, binary])
      await pushImage(scans.registry, 'secret/app', 'v1', [app])
      const loose = await scans.registry.pushBlob('acme/app', 'loose')
      const files = (digest: string) => `${repository}/layers/${digest}/files`
      expect(await status(files(digestOf(binary.blob)))).toBe(409)
      expect(await status(files(loose))).toBe(409)
      expect(await status(files(`sha256:${'0'.repeat(64)}`))).toBe(404)
      // It is in another repository, which the caller may not pull from.
      expect(await status(files(digestOf(app.blob)))).toBe(404)
      const path = files(digestOf(broken.blob))
      await until(async () => (await scans.manage<Files>('GET', path)).state !== 'reading')
      const { state, reason } = await scans.manage<Files>('GET', path)
      expect(state).toBe('failed')
      expect(reason).toContain('not read to its end')
      const refused = await ask(scans.first.url, {
        method: 'GET',
        path: `/api/v1${files(digestOf(binary.blob))}`,
        headers: { authorization: basic(scans.first.admin.name, scans.first.admin.password) },
      })
      expect(readJson<{ detail: string }>(refused).detail).toContain(
        'its media type is application/vnd.example.weights',
      )
    })
  })
}
