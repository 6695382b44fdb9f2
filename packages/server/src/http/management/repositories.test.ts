import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BerthError } from '../../errors.ts'
import { openTestBrowsing, type TestBrowsing } from '../../testing/open-test-browsing.ts'
import { type TestDatabase, testDatabases } from '../../testing/open-test-databases.ts'
import { anonymousCaller, testCaller } from '../../testing/open-test-management.ts'

type Names = { items: { name: string }[]; next: string | null }

for (const { name: engine, available, open } of testDatabases) {
  describe.skipIf(!available)(`repositories in the management API on ${engine}`, () => {
    let opened: TestDatabase
    let browsing: TestBrowsing
    const immutable = new Set<string>()

    beforeEach(async () => {
      opened = await open()
      immutable.clear()
      browsing = await openTestBrowsing(opened.database, {
        admitTag: async (_tx, _repository, tag) => {
          if (immutable.has(tag)) throw new BerthError('tagImmutable', 'A rule forbids it.')
        },
      })
    })

    afterEach(async () => {
      expect(browsing.api.failures).toEqual([])
      await browsing.close()
      await opened.close()
    })

    const get = async (path: string) => (await browsing.api.send('GET', path)).body

    async function allPages(path: string): Promise<string[]> {
      const names: string[] = []
      for (let next: string | null = ''; next !== null; ) {
        const after: string = next === '' ? '' : `&after=${encodeURIComponent(next)}`
        const page = (await get(`${path}${after}`)) as Names
        names.push(...page.items.map((item) => item.name))
        next = page.next
      }
      return names
    }

    test('the list has every repository once, by name, whatever the size of a page', async () => {
      const names = Array.from({ length: 7 }, (_, number) => `team/app-${number}`)
      for (const name of names.toReversed()) await browsing.store.pushBlob(name, 'a')
      for (const limit of [1, 2, 3, 7, 200]) {
        expect(await allPages(`/repositories?limit=${limit}`)).toEqual(names)
      }
    })

    test('filters by beginning, and by a project with what is below it but not beside it', async () => {
      for (const name of ['acme', 'acme/a', 'acme-b', 'acme/b/c', 'other/acme']) {
        await browsing.store.pushBlob(name, 'a')
      }
      expect(await allPages('/repositories?project=acme')).toEqual(['acme', 'acme/a', 'acme/b/c'])
      expect(await allPages('/repositories?prefix=acme/b')).toEqual(['acme/b/c'])
      expect(await allPages('/repositories?prefix=acme-&project=acme')).toEqual([])
    })

    test('what the caller may not pull is not listed, and pages still lead to the end', async () => {
      for (let number = 0; number < 120; number += 1) {
        await browsing.store.pushBlob(`team/r${String(number).padStart(3, '0')}`, 'a')
      }
      browsing.api.setCaller(testCaller({ may: (_, name) => Promise.resolve(/[05]7$/.test(name)) }))
      expect(await allPages('/repositories?limit=1')).toEqual([
        'team/r007',
        'team/r057',
        'team/r107',
      ])
      browsing.api.setCaller(testCaller({ readableProjects: () => Promise.resolve([]) }))
      expect(await allPages('/repositories?limit=5')).toEqual([])
      browsing.api.setCaller(testCaller({ readableProjects: () => Promise.resolve([2, 3]) }))
      expect(await allPages('/repositories?limit=5')).toEqual([])
    })

    test('one repository with its figures', async () => {
      await browsing.store.pushImage('team/app', 'v1', ['layer'])
      browsing.store.pass(60)
      await browsing.store.pushImage('team/app', 'v2', ['layer'])
      const { size: manifestSize } = (await get('/repositories/team%2Fapp/tags/v1')) as {
        size: number
      }
      browsing.api.setCaller(
        testCaller({
          may: (action) => Promise.resolve(['pull', 'push'].includes(action)),
          mayProject: (action) =>
            Promise.resolve(['readProject', 'updateProject'].includes(action)),
        }),
      )
      expect(await get('/repositories/team%2Fapp')).toEqual({
        name: 'team/app',
        project: '',
        createdAt: '2026-01-01T00:00:00.000Z',
        description: '',
        readme: null,
        version: 1,
        size: '{}'.length + 'layer'.length + manifestSize,
        lastPulledAt: null,
        pulls: 0,
        allowed: ['pull', 'push', 'readProject', 'updateProject'],
        tags: { count: 2, isMore: false },
        manifests: { count: 1, isMore: false },
        pushedAt: '2026-01-01T00:01:00.000Z',
      })
    })

    test('one that is missing and one that may not be seen are the same', async () => {
      await browsing.store.pushBlob('team/secret', 'a')
      const paths = [
        '',
        '/tags',
        '/tags/x',
        '/manifests',
        '/manifests/x',
        `/referrers/sha256:${'0'.repeat(64)}`,
      ]
      browsing.api.setCaller(testCaller({ may: () => Promise.resolve(false) }))
      for (const path of paths) {
        const [hidden, missing] = await Promise.all([
          browsing.api.send('GET', `/repositories/team%2Fsecret${path}`),
          browsing.api.send('GET', `/repositories/team%2Fmissing${path}`),
        ])
        const { requestId: _a, ...first } = hidden.body as Record<string, unknown>
        const { requestId: _b, ...second } = missing.body as Record<string, unknown>
        expect(hidden.status).toBe(404)
        expect(first).toEqual(second)
      }
      browsing.api.setCaller(anonymousCaller())
      expect((await browsing.api.send('GET', '/repositories/team%2Fsecret')).status).toBe(401)
    })

    test('deleting one empties it, and the next collection takes it away', async () => {
      await browsing.store.pushImage('team/app', 'v1', ['one'])
      await browsing.store.pushImage('team/app', 'v2', ['two'])
      await browsing.store.pushBlob('team/app', 'loose')
      await browsing.store.pushImage('team/other', 'v1', ['one'])
      const { status, body } = await browsing.api.send('DELETE', '/repositories/team%2Fapp')
      expect(status).toBe(200)
      expect(body).toEqual({ manifestsDeleted: 2, blobsDeleted: 4, isComplete: true })
      browsing.store.pass(3_000_000_000)
      await browsing.store.collect()
      expect(await allPages('/repositories?limit=9')).toEqual(['team/other'])
      expect((await browsing.api.send('DELETE', '/repositories/team%2Fapp')).status).toBe(404)
    })

    test('an immutable tag saves the whole repository', async () => {
      await browsing.store.pushImage('team/app', 'a', ['one'])
      await browsing.store.pushImage('team/app', 'keep', ['two'])
      immutable.add('keep')
      expect((await browsing.api.send('DELETE', '/repositories/team%2Fapp')).status).toBe(409)
      expect(await get('/repositories/team%2Fapp')).toMatchObject({ tags: { count: 2 } })
    })

    test('deleting takes the permission to delete, asked for again in each transaction', async () => {
      await browsing.store.pushImage('team/app', 'a', ['one'])
      browsing.api.setCaller(testCaller({ may: (action) => Promise.resolve(action === 'pull') }))
      expect((await browsing.api.send('DELETE', '/repositories/team%2Fapp')).status).toBe(403)
      let asked = 0
      browsing.api.setCaller(
        // Taken away right after the request was let in.
        testCaller({ may: (action) => Promise.resolve(action === 'pull' || (asked += 1) === 1) }),
      )
      expect((await browsing.api.send('DELETE', '/repositories/team%2Fapp')).status).toBe(403)
      browsing.api.setCaller(testCaller())
      expect(await get('/repositories/team%2Fapp')).toMatchObject({ manifests: { count: 1 } })
    })
  })
}
