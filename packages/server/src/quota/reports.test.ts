import { parseReference } from '@berth/oci/reference.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { AccessChanges } from '../access/changes.ts'
import { Placement } from '../access/placement.ts'
import { Projects } from '../access/projects.ts'
import { systemPermit, unrestricted } from '../registry/unrestricted.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { TestRegistry, digestOf, name, writer } from '../testing/open-test-registry.ts'
import { Quotas } from './quotas.ts'
import { ReclaimableReports } from './reclaimable.ts'
import { Usage } from './usage.ts'
import { UsageReports } from './usage-report.ts'

const now = () => Date.parse('2026-01-01T00:00:00Z')

describe.each(testDatabases)('usage reports on $name', ({ available, open }) => {
  describe.skipIf(!available)('reports', () => {
    let test: TestDatabase
    let berth: TestRegistry
    let quotas: Quotas
    let projects: Projects
    let reports: UsageReports
    let number = 0
    let top = ''

    beforeAll(async () => {
      test = await open()
      const { database } = test
      const usage = new Usage({ database })
      const changes = new AccessChanges(database, now)
      quotas = new Quotas({ database, changes, usage })
      projects = new Projects({ database, changes, usage })
      reports = new UsageReports({ database })
      const placement = new Placement({ projectsOnPush: 'nobody', usage, now })
      berth = new TestRegistry(database, {
        admission: {
          ...unrestricted,
          placeRepository: (tx, permit, repository) =>
            placement.placeRepository(tx, permit, repository),
          record: (tx, _, event) => quotas.record(tx, event),
        },
      })
    })
    afterAll(async () => {
      await berth.close()
      await test.close()
    })
    beforeEach(async () => {
      number += 1
      top = `top${number}`
      await projects.createProject(systemPermit, { name: top })
      await projects.createProject(systemPermit, { name: `${top}/below` })
    })

    // Of this test alone, so that no other test holds it too.
    const own = (text: string) => `${text} ${number}`.padEnd(10)

    it('tells unique from shared, and counts a blob that lies twice in a project once', async () => {
      await berth.pushBlob(`${top}/a`, own('inside'))
      await berth.pushBlob(`${top}/below/b`, own('inside'))
      await berth.pushBlob(`${top}/a`, own('both'))
      await berth.pushBlob(`${top}-x/c`, own('both'))
      await quotas.setQuota(systemPermit, top, { bytes: 1000, repositories: null })
      expect(await reports.projectUsage(top, { stored: true })).toEqual({
        bytes: 30,
        repositories: 2,
        stored: { uniqueBytes: 10, sharedBytes: 10, complete: true },
        limits: [{ project: top, bytes: 1000, repositories: null }],
      })
      expect(await reports.projectUsage(`${top}/below`, { stored: true })).toMatchObject({
        bytes: 10,
        stored: { uniqueBytes: 0, sharedBytes: 10 },
        limits: [{ project: top, bytes: 1000, repositories: null }],
      })
      expect(await reports.repositoryUsage(name(`${top}/a`))).toMatchObject({
        bytes: 20,
        uniqueBytes: 0,
        sharedBytes: 20,
        manifestBytes: 0,
      })
      expect(await reports.projectUsage(top, { stored: false })).toMatchObject({ stored: null })
      await expect(reports.projectUsage('missing', { stored: true })).rejects.toMatchObject({
        kind: 'notFound',
      })
    })

    it('what it says is freed is what collection frees', async () => {
      const repo = `${top}/a`
      const base = own('base')
      const kept = await berth.pushImage(repo, 'kept', [base, own('kept')])
      const first = await berth.pushImage(repo, undefined, [base, own('first')])
      const second = await berth.pushImage(repo, undefined, [own('second'), own('elsewhere')])
      await berth.pushImage(`${top}/b`, 'latest', [own('elsewhere')])
      const index = await berth.pushManifest(repo, 'multi', {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests: [first, second, kept].map((digest) => ({
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest,
          size: 1,
        })),
      })
      await berth.pushManifest(repo, undefined, {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: {
          mediaType: 'application/vnd.example.signature',
          digest: await berth.pushBlob(repo, own('sign')),
          size: 10,
        },
        layers: [],
        subject: {
          mediaType: 'application/vnd.oci.image.index.v1+json',
          digest: index,
          size: 1,
        },
      })
      const settle = async () => {
        for (let turn = 0; turn < 2; turn += 1) {
          berth.pass(10 * 24 * 3600)
          await berth.collect()
        }
      }
      await settle()
      const said = await reclaim('keep').reclaimable(name(repo), parseReference(index))
      // The index, two images and the signature; `first`, `second` and the signature's own blob.
      expect(said).toMatchObject({ manifests: 4, blobs: 3, bytes: 30, complete: true })
      const before = await bytesStored()
      await berth.remove(repo, index)
      await settle()
      expect(before - (await bytesStored())).toBe(30)
    })

    it('a tag frees something only when it is the last and untagged manifests are collected', async () => {
      const repo = `${top}/a`
      await berth.pushImage(repo, 'one', [own('layer')])
      const one = parseReference('one')
      expect(await reclaim('keep').reclaimable(name(repo), one)).toMatchObject({ manifests: 0 })
      expect(await reclaim('collect').reclaimable(name(repo), one)).toMatchObject({ manifests: 1 })
      await berth.pushImage(repo, 'two', [own('layer')])
      expect(await reclaim('collect').reclaimable(name(repo), one)).toMatchObject({ manifests: 0 })
      await expect(
        reclaim('keep').reclaimable(name(repo), parseReference('three')),
      ).rejects.toMatchObject({ kind: 'notFound' })
      await expect(
        reclaim('keep').reclaimable(name(`${top}/none`), { kind: 'digest', digest: digestOf('') }),
      ).rejects.toMatchObject({ kind: 'notFound' })
      await berth.registry.manifests.deleteManifest(name(repo), one, writer)
    })

    const reclaim = (untagged: 'keep' | 'collect') =>
      new ReclaimableReports({ database: test.database, untagged })

    async function bytesStored(): Promise<number> {
      const rows = await test.database.read.selectFrom('blobs').select('size').execute()
      return rows.reduce((sum, { size }) => sum + size, 0)
    }
  })
})
