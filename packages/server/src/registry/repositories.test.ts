import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { TestRegistry, name } from '../testing/open-test-registry.ts'
import type { Visible } from './repositories.ts'

describe.each(testDatabases)('the list of repositories on $name', ({ available, open }) => {
  describe.skipIf(!available)('pages', () => {
    let test: TestDatabase
    let berth: TestRegistry
    const count = 6000

    beforeAll(async () => {
      test = await open()
      berth = new TestRegistry(test.database)
      await test.database.transaction(async (tx) => {
        for (let start = 0; start < count; start += 500) {
          const rows = Array.from({ length: 500 }, (_, index) => ({
            name: nameOf(start + index),
            created_at: '2026-01-01T00:00:00Z',
            project_id: 1 + ((start + index) % 3),
          }))
          await tx.insertInto('repositories').values(rows).execute()
        }
      })
    })
    afterAll(async () => {
      await berth.close()
      await test.close()
    })

    const nameOf = (number: number) => name(`r${String(number).padStart(5, '0')}`)
    const everything = () => Promise.resolve(true)
    const list = (visible: Visible, limit: number | undefined, after: string | undefined) =>
      berth.registry.repositories.listRepositories({ limit, after }, visible)

    async function walk(visible: Visible, limit?: number) {
      const names: string[] = []
      let pages = 0
      let after: string | undefined
      do {
        const page = await list(visible, limit, after)
        names.push(...page.repositories)
        pages += 1
        after = page.next
      } while (after !== undefined)
      return { names, pages }
    }

    it('shows all to those who may pull all', async () => {
      const { names } = await walk({ projects: 'all', mayPull: everything }, 700)
      expect(names).toEqual(Array.from({ length: count }, (_, number) => nameOf(number)))
    })

    it.each([
      ['few projects', [2, 3]],
      ['many projects', [2, 3, ...Array.from({ length: 200 }, (_, index) => 1000 + index)]],
    ])('shows those of %s only, each once and in order', async (_, projects) => {
      const { names } = await walk({ projects, mayPull: everything }, 333)
      const expected = Array.from({ length: count }, (__, number) => number).filter(
        (number) => number % 3 > 0,
      )
      expect(names).toEqual(expected.map(nameOf))
    })

    it('ends a page early rather than look at everything, and then tells no name that is hidden', async () => {
      const seen = nameOf(count - 1)
      const visible: Visible = {
        projects: 'all',
        mayPull: (repository) => Promise.resolve(repository === seen),
      }
      const first = await list(visible, undefined, undefined)
      expect(first.repositories).toEqual([])
      expect(first.next).toMatch(/^~\d+$/)
      const { names, pages } = await walk(visible)
      expect(names).toEqual([seen])
      expect(pages).toBe(2)
    })

    it('refuses a place that is gone', async () => {
      const visible: Visible = { projects: 'all', mayPull: everything }
      for (const after of ['~999999999', '~', '~x']) {
        await expect(list(visible, 10, after)).rejects.toMatchObject({ kind: 'pageInvalid' })
      }
    })

    it('is empty for those who may pull nothing', async () => {
      expect(await walk({ projects: [], mayPull: everything })).toEqual({ names: [], pages: 1 })
    })
  })
})
