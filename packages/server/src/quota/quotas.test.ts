import * as fc from 'fast-check'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { AccessChanges } from '../access/changes.ts'
import { Placement } from '../access/placement.ts'
import { Projects } from '../access/projects.ts'
import { usageOf } from '../metadata/usage.ts'
import { systemPermit, unrestricted } from '../registry/unrestricted.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { TestRegistry, bodyOf, digestOf, name, writer } from '../testing/open-test-registry.ts'
import { Quotas } from './quotas.ts'
import { Usage } from './usage.ts'

const now = () => Date.parse('2026-01-01T00:00:00Z')

describe.each(testDatabases)('quotas on $name', ({ name: engine, available, open }) => {
  describe.skipIf(!available)('quotas', () => {
    let test: TestDatabase
    let berth: TestRegistry
    let usage: Usage
    let quotas: Quotas
    let projects: Projects
    let number = 0
    let top = ''

    beforeAll(async () => {
      test = await open()
      const changes = new AccessChanges(test.database, now)
      usage = new Usage(test)
      quotas = new Quotas({ database: test.database, changes, usage })
      projects = new Projects({ database: test.database, changes, usage })
    })
    afterAll(() => test.close())
    beforeEach(async () => {
      number += 1
      top = `top${number}`
      const placement = new Placement({ projectsOnPush: 'nobody', usage, now })
      berth = new TestRegistry(test.database, {
        admission: {
          ...unrestricted,
          admitUpload: (repository, bytes) => quotas.admitUpload(repository, bytes),
          placeRepository: (tx, permit, repository) =>
            placement.placeRepository(tx, permit, repository),
          record: (tx, _, event) => quotas.record(tx, event),
        },
      })
      await projects.createProject(systemPermit, { name: top })
    })
    afterEach(async () => {
      await usage.fold()
      expect(await usage.recount()).toEqual([])
      await berth.close()
    })

    const usedBy = async (project: string) => {
      const { id } = await test.database.read
        .selectFrom('projects')
        .select('id')
        .where('name', '=', project)
        .executeTakeFirstOrThrow()
      return usageOf(test.database.read, id)
    }
    const quotaExceeded = (details: object) => ({
      kind: 'quotaExceeded',
      details: [expect.objectContaining(details)],
    })

    it('counts a blob once for each repository that holds it, and all of it in the projects above', async () => {
      await projects.createProject(systemPermit, { name: `${top}/below` })
      await berth.pushBlob(`${top}/a`, 'ten bytes.')
      await berth.pushBlob(`${top}/a`, 'ten bytes.')
      await berth.pushBlob(`${top}/below/b`, 'ten bytes.')
      expect(await usedBy(top)).toMatchObject({ bytes: 20, repositories: 2 })
      expect(await usedBy(`${top}/below`)).toMatchObject({ bytes: 10, repositories: 1 })
      await usage.fold()
      expect(await usedBy(top)).toMatchObject({ bytes: 20, repositories: 2 })
    })

    it('refuses an upload before its bytes are read, naming what is missing', async () => {
      await quotas.setQuota(systemPermit, top, { bytes: 25, repositories: null })
      await berth.pushBlob(`${top}/a`, 'ten bytes.')
      let isRead = false
      const body = bodyOf(Buffer.from('twenty bytes, at most'))
      const put = berth.registry.uploads.putBlob({
        repository: name(`${top}/a`),
        permit: writer,
        digest: digestOf('twenty bytes, at most'),
        body: {
          ...body,
          get stream() {
            isRead = true
            return body.stream
          },
        },
      })
      await expect(put).rejects.toMatchObject(
        quotaExceeded({ project: top, quota: 'bytes', limit: 25, used: 10, needed: 21 }),
      )
      expect(isRead).toBe(false)
    })

    it('refuses a session where nothing fits, and a piece that is too much', async () => {
      await quotas.setQuota(systemPermit, top, { bytes: 10, repositories: null })
      const target = { repository: name(`${top}/a`), permit: writer }
      const { id } = await berth.registry.uploads.startUpload(target)
      const append = (text: string, length?: undefined) =>
        berth.registry.uploads.appendUpload({
          ...target,
          id,
          body: bodyOf(Buffer.from(text), length === undefined ? {} : { length }),
        })
      await append('six by')
      await expect(append('tes more')).rejects.toMatchObject(quotaExceeded({ needed: 14 }))
      await append('tes.')
      await berth.registry.uploads.commitUpload({ ...target, id, digest: digestOf('six bytes.') })
      await expect(berth.registry.uploads.startUpload(target)).rejects.toMatchObject(
        quotaExceeded({ used: 10 }),
      )
    })

    it('refuses at the end what came without a length', async () => {
      await quotas.setQuota(systemPermit, top, { bytes: 10, repositories: null })
      const put = berth.registry.uploads.putBlob({
        repository: name(`${top}/a`),
        permit: writer,
        digest: digestOf('eleven bytes'),
        body: bodyOf(Buffer.from('eleven bytes'), { length: undefined }),
      })
      await expect(put).rejects.toMatchObject({ kind: 'quotaExceeded' })
      expect(await usedBy(top)).toMatchObject({ bytes: 0, repositories: 0 })
    })

    it('refuses a manifest and a mount that go beyond, and a repository too many', async () => {
      await quotas.setQuota(systemPermit, top, { bytes: 12, repositories: 1 })
      const outside = `elsewhere${number}/b`
      await berth.pushBlob(outside, 'ten bytes.')
      await berth.pushBlob(`${top}/a`, '{}')
      await expect(berth.pushImage(`${top}/a`, 'latest', [])).rejects.toMatchObject(
        quotaExceeded({ used: 2 }),
      )
      const mount = (to: string) =>
        berth.registry.blobs.mountBlob({
          repository: name(to),
          permit: writer,
          digest: digestOf('ten bytes.'),
          from: name(outside),
          mayPull: () => Promise.resolve(true),
        })
      await expect(mount(`${top}/b`)).rejects.toMatchObject(
        quotaExceeded({ quota: 'repositories', limit: 1, used: 1 }),
      )
      expect(await mount(`${top}/a`)).toBe(true)
      await berth.pushBlob(outside, 'one more')
      await expect(berth.pushBlob(`${top}/a`, 'one more')).rejects.toMatchObject({
        kind: 'quotaExceeded',
      })
    })

    it('the quota of every project above holds', async () => {
      await projects.createProject(systemPermit, { name: `${top}/below` })
      await quotas.setQuota(systemPermit, top, { bytes: 10, repositories: null })
      await quotas.setQuota(systemPermit, `${top}/below`, { bytes: 1000, repositories: null })
      await expect(berth.pushBlob(`${top}/below/a`, 'eleven bytes')).rejects.toMatchObject(
        quotaExceeded({ project: top }),
      )
    })

    it('a quota below what is there stops growth only', async () => {
      await berth.pushBlob(`${top}/a`, 'ten bytes.')
      const { version } = await quotas.setQuota(systemPermit, top, { bytes: 5, repositories: 0 })
      expect(await projects.readProject(top)).toMatchObject({ version })
      await expect(berth.pushBlob(`${top}/a`, 'x')).rejects.toMatchObject({ kind: 'quotaExceeded' })
      await berth.registry.blobs.deleteBlob(name(`${top}/a`), digestOf('ten bytes.'), writer)
      await berth.pushBlob(`${top}/a`, 'x')
      const stale = quotas.setQuota(systemPermit, top, { bytes: 5, repositories: 0 }, version - 1)
      await expect(stale).rejects.toMatchObject({ kind: 'versionMismatch' })
    })

    it('a new project takes over what is below its name', async () => {
      await berth.pushBlob(`${top}/below/a`, 'ten bytes.')
      await berth.pushBlob(`${top}/b`, 'ten bytes.')
      await projects.createProject(systemPermit, { name: `${top}/below` })
      expect(await usedBy(`${top}/below`)).toMatchObject({ bytes: 10, repositories: 1 })
      expect(await usedBy(top)).toMatchObject({ bytes: 20, repositories: 2 })
    })

    it('finds and corrects wrong books', async () => {
      await projects.createProject(systemPermit, { name: `${top}/below` })
      await berth.pushBlob(`${top}/below/a`, 'ten bytes.')
      await usage.fold()
      await test.database.transaction((tx) =>
        tx
          .updateTable('usage_totals')
          .set({ bytes: 7 })
          .where('project_id', 'in', (eb) =>
            eb.selectFrom('projects').select('id').where('name', '=', `${top}/below`),
          )
          .execute(),
      )
      expect(await usage.recount()).toEqual([
        {
          project: `${top}/below`,
          before: { bytes: 7, repositories: 1 },
          after: { bytes: 10, repositories: 1 },
        },
      ])
    })

    it('32 pushes at once go beyond a quota by no more than those under way', async () => {
      const size = 100
      const quota = 20 * size
      await quotas.setQuota(systemPermit, top, { bytes: quota, repositories: null })
      const stopping = new AbortController()
      const folding = (async () => {
        while (!stopping.signal.aborted) {
          await usage.fold()
          await wait(5)
        }
      })()
      const outcomes = await Promise.allSettled(
        Array.from({ length: 32 }, async (_, client) => {
          for (let push = 0; push < 3; push += 1) {
            const content = `${client} ${push}`.padEnd(size)
            await berth.pushBlob(`${top}/r${client % 4}`, content)
          }
        }),
      )
      stopping.abort()
      await folding
      const { bytes = 0 } = (await usedBy(top)) ?? {}
      expect(bytes).toBeGreaterThanOrEqual(quota - size)
      expect(bytes).toBeLessThanOrEqual(quota + 32 * size)
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') {
          expect(outcome.reason).toMatchObject({ kind: 'quotaExceeded' })
        }
      }
      expect(outcomes.some((outcome) => outcome.status === 'rejected')).toBe(true)
    })

    // SQLite has one writer at a time, and no rows to wait for.
    it.runIf(engine === 'postgres')('a push does not wait for the books of another', async () => {
      await quotas.setQuota(systemPermit, top, { bytes: 100, repositories: null })
      await berth.pushBlob(`${top}/a`, 'ten bytes.')
      await usage.fold()
      const repository = { id: 1, name: name(`${top}/a`), projectId: 1 }
      const event = { kind: 'blobLinked', repository, digest: 'sha256:1', size: 60 } as const
      class Undo extends Error {}
      await test.database
        .transaction(async (tx) => {
          await quotas.record(tx, event)
          const beside = await test.database.yieldingTransaction(async (other) => {
            await quotas.record(other, { ...event, digest: 'sha256:2' })
            return 'did not wait'
          })
          expect(beside).toBe('did not wait')
          expect(await usage.fold()).toBeGreaterThan(0)
          // Both are in now, and one of them is too much.
          await expect(quotas.record(tx, { ...event, size: 1 })).rejects.toMatchObject({
            kind: 'quotaExceeded',
          })
          throw new Undo()
        })
        .catch((error: unknown) => {
          if (!(error instanceof Undo)) throw error
        })
      await usage.recount()
    })

    it('after any pushes, mounts, deletions and collections the books say what is there', async () => {
      const repository = fc.constantFrom('a', 'b', 'below/a', 'below', 'other/c')
      const content = fc.constantFrom('x', 'yy', 'zzz', '{}')
      const step = fc.oneof(
        fc.record({ kind: fc.constant('push' as const), repository, content }),
        fc.record({ kind: fc.constant('image' as const), repository, content }),
        fc.record({ kind: fc.constant('mount' as const), repository, content }),
        fc.record({ kind: fc.constant('deleteBlob' as const), repository, content }),
        fc.record({ kind: fc.constant('deleteImage' as const), repository, content }),
        fc.record({ kind: fc.constant('project' as const), repository, content }),
        fc.record({ kind: fc.constant('collect' as const), repository, content }),
        fc.record({ kind: fc.constant('fold' as const), repository, content }),
      )
      let run = 0
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          run += 1
          for (const { kind, ...step } of steps) {
            const target = `${top}/run${run}/${step.repository}`
            await act(kind, target, step.content).catch((error: unknown) => {
              const { kind: reason } = error as { kind?: string }
              const expected = [
                'blobUnknown',
                'blobReferenced',
                'manifestUnknown',
                'nameUnknown',
                'alreadyExists',
              ]
              if (!expected.includes(reason ?? '')) throw error
            })
          }
          await usage.fold()
          expect(await usage.recount()).toEqual([])
        }),
        { numRuns: engine === 'sqlite' ? 30 : 10 },
      )
    })

    async function act(kind: string, target: string, content: string): Promise<unknown> {
      switch (kind) {
        case 'push':
          return berth.pushBlob(target, content)
        case 'image':
          return berth.pushImage(target, 'latest', [content])
        case 'mount':
          return berth.registry.blobs.mountBlob({
            repository: name(target),
            permit: writer,
            digest: digestOf(content),
            from: undefined,
            mayPull: () => Promise.resolve(true),
          })
        case 'deleteBlob':
          return berth.registry.blobs.deleteBlob(name(target), digestOf(content), writer)
        case 'deleteImage':
          return berth.remove(target, (await berth.pull(target, 'latest')).digest)
        case 'project':
          return projects.createProject(systemPermit, { name: target })
        case 'collect':
          berth.pass(10 * 24 * 3600)
          return berth.collect()
        default:
          return usage.fold()
      }
    }
  })
})
