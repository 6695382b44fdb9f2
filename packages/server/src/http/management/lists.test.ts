import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openTestBrowsing, type TestBrowsing } from '../../testing/open-test-browsing.ts'
import { type TestDatabase, testDatabases } from '../../testing/open-test-databases.ts'
import { testCaller } from '../../testing/open-test-management.ts'

type Page = { items: { name: string; size: number }[]; next: string | null }

for (const { name: engine, available, open } of testDatabases) {
  describe.skipIf(!available)(`sorted lists in the management API on ${engine}`, () => {
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

    /** Names in the order of the list, whatever the size of a page. */
    async function names(path: string): Promise<string[]> {
      const lists: string[][] = []
      for (const limit of [1, 2, 200]) {
        const list: string[] = []
        for (let next: string | null = ''; next !== null; ) {
          const after: string = next === '' ? '' : `&after=${encodeURIComponent(next)}`
          const { body } = await browsing.api.send('GET', `${path}&limit=${limit}${after}`)
          list.push(...(body as Page).items.map(({ name }) => name))
          next = (body as Page).next
        }
        lists.push(list)
      }
      expect(lists[1]).toEqual(lists[0])
      expect(lists[2]).toEqual(lists[0])
      return lists[0] ?? []
    }

    test('tags by version, name and time, in both directions, with filters', async () => {
      const newestFirst = ['v2.0.0', '1.10.0', '1.9', '1.9.1', '1.9.1-rc.1', 'latest', 'main']
      for (const tag of newestFirst.toSorted()) {
        await browsing.store.pushImage('team/app', tag, ['layer'])
        browsing.store.pass(1)
      }
      await browsing.store.pushImage('team/other', '1.9.5', ['layer'])
      const list = (query: string) => names(`/repositories/team%2Fapp/tags?${query}`)
      expect(await list('sort=version')).toEqual(newestFirst)
      expect(await list('sort=version&order=ascending')).toEqual(newestFirst.toReversed())
      expect(await list('sort=name')).toEqual(newestFirst.toSorted())
      expect(await list('order=descending')).toEqual(newestFirst.toSorted().toReversed())
      expect(await list('sort=updatedAt')).toEqual(newestFirst.toSorted().toReversed())
      expect(await list('sort=updatedAt&order=ascending')).toEqual(newestFirst.toSorted())
      expect(await list('sort=version&contains=9.1')).toEqual(['1.9.1', '1.9.1-rc.1'])
      expect(await list('sort=version&prefix=1.1')).toEqual(['1.10.0'])
      expect(await list('contains=a&prefix=m')).toEqual(['main'])
      expect(await list('contains=_')).toEqual([])
    })

    test('repositories by when they were pushed to and by size, before and after the books are folded', async () => {
      const sizes = { 'acme/big': 3000, 'acme/small': 10, 'other/middle': 500 }
      for (const [name, size] of Object.entries(sizes)) {
        await browsing.store.pushImage(name, 'v1', ['x'.repeat(size)])
        browsing.store.pass(60)
      }
      const size = async () => {
        const { body } = await browsing.api.send('GET', '/repositories?contains=big')
        return (body as Page).items[0]?.size
      }
      const before = await size()
      expect(before).toBeGreaterThan(3000)
      await browsing.books.fold()
      expect(await size()).toBe(before)
      const list = (query: string) => names(`/repositories?${query}`)
      expect(await list('sort=size')).toEqual(['acme/big', 'other/middle', 'acme/small'])
      expect(await list('sort=size&order=ascending&project=acme')).toEqual([
        'acme/small',
        'acme/big',
      ])
      expect(await list('sort=pushedAt')).toEqual(['other/middle', 'acme/small', 'acme/big'])
      expect(await list('order=descending&contains=l')).toEqual(['other/middle', 'acme/small'])
      await browsing.store.pushImage('acme/big', 'v2', ['y'])
      await browsing.books.fold()
      expect(await list('sort=pushedAt&prefix=acme')).toEqual(['acme/big', 'acme/small'])
      const { body } = await browsing.api.send('GET', '/repositories/acme%2Fbig')
      expect(body).toMatchObject({ tags: { count: 2 }, pushedAt: '2026-01-01T00:03:00.000Z' })
      // The figures are those of the usage report, which counts the rows themselves.
      await browsing.api.send('DELETE', '/repositories/acme%2Fbig/tags/v2')
      await browsing.books.fold()
      expect((await browsing.api.send('GET', '/repositories/acme%2Fbig')).body).toMatchObject({
        tags: { count: 1 },
      })
    })

    test('a caller who may pull few repositories finds them in every order', async () => {
      for (const name of ['a/1', 'a/2', 'b/1', 'b/2']) {
        await browsing.store.pushImage(name, 'v1', [name])
        browsing.store.pass(1)
      }
      await browsing.books.fold()
      browsing.api.setCaller(
        testCaller({ may: (_, name) => Promise.resolve(String(name).endsWith('1')) }),
      )
      expect(await names('/repositories?sort=pushedAt')).toEqual(['b/1', 'a/1'])
      browsing.api.setCaller(testCaller({ readableProjects: () => Promise.resolve([99]) }))
      expect(await names('/repositories?sort=pushedAt')).toEqual([])
      browsing.api.setCaller(testCaller({ readableProjects: () => Promise.resolve([1, 99]) }))
      expect(await names('/repositories?sort=size&contains=b')).toEqual(['b/2', 'b/1'])
    })

    test('a repository is described by those who may delete from it, each change from what was read', async () => {
      await browsing.store.pushImage('team/app', 'v1', ['layer'])
      const path = '/repositories/team%2Fapp'
      const change = (body: object, headers: Record<string, string> = {}) =>
        browsing.api.send('PATCH', path, { body, headers })
      const first = await change({ description: 'The trainer', readme: '# Trainer' })
      expect(first.status).toBe(200)
      expect(first.headers.get('etag')).toBe('"2"')
      expect(first.body).toMatchObject({
        description: 'The trainer',
        readme: '# Trainer',
        version: 2,
      })
      expect((await change({ description: 'late' }, { 'if-match': '"1"' })).status).toBe(412)
      const second = await change({ readme: null }, { 'if-match': '"2"' })
      expect(second.body).toMatchObject({ description: 'The trainer', readme: null, version: 3 })
      for (const body of [
        { description: 'two\nlines' },
        { description: 'x'.repeat(501) },
        { readme: 'x'.repeat(65_537) },
        { readme: '\0' },
        { name: 'other' },
      ]) {
        expect((await change(body)).status).toBe(400)
      }
      browsing.api.setCaller(
        testCaller({ may: (action) => Promise.resolve(['pull', 'push'].includes(action)) }),
      )
      expect((await change({ description: 'mine' })).status).toBe(403)
      const { body } = await browsing.api.send('GET', path)
      expect(body).toMatchObject({ description: 'The trainer', readme: null, version: 3 })
    })
  })
}
