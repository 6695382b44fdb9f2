import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AccessChanges } from '../access/changes.ts'
import { Placement } from '../access/placement.ts'
import { Projects } from '../access/projects.ts'
import { systemPermit, unrestricted } from '../registry/unrestricted.ts'
import { ask, basic, readJson, RegistryClient } from '../testing/http-client.ts'
import { testDatabases } from '../testing/open-test-databases.ts'
import { TestRegistry } from '../testing/open-test-registry.ts'
import { openTestPolicies, type TestPolicies } from '../testing/open-test-policies.ts'
import { ProjectFigures } from './project-figures.ts'
import { Usage } from './usage.ts'

type Used = {
  project: string
  bytes: number
  repositories: number
  quota: { bytes: number | null }
  share: number | null
  stored: { uniqueBytes: number; sharedBytes: number } | null
}
type Listed = {
  name: string
  description: string
  usage: { bytes: number; repositories: number }
  findings: { critical: number } | null
}
type Page<Item> = { items: Item[]; next: string | null }

const slow = 60_000
const own = 'a'.repeat(100)
const shared = 'b'.repeat(1000)
const within = 'c'.repeat(10)
const held = [
  ['size/one/a', [own, shared, within]],
  ['size/two/a', [within]],
  ['outside/a', [shared]],
] as const
const now = () => Date.parse('2026-01-01T00:00:00Z')

describe.each(testDatabases)('measuring projects, $name', { timeout: slow }, (engine) => {
  it.skipIf(!engine.available)(
    'counts what deleting would free, and what others hold',
    async () => {
      const { database, close } = await engine.open()
      const usage = new Usage({ database })
      const projects = new Projects({ database, changes: new AccessChanges(database, now), usage })
      for (const name of ['size', 'size/one', 'size/two', 'outside']) {
        await projects.createProject(systemPermit, { name })
      }
      const placement = new Placement({ projectsOnPush: 'nobody', usage, now })
      const berth = new TestRegistry(database, {
        admission: {
          ...unrestricted,
          placeRepository: (tx, permit, name) => placement.placeRepository(tx, permit, name),
        },
      })
      for (const [repository, blobs] of held) {
        for (const blob of blobs) await berth.pushBlob(repository, blob)
      }
      const figures = new ProjectFigures({ database, now })
      const before = await figures.ofProjects(['size'])
      expect(before.get('size')?.figures).toBeUndefined()
      expect(await figures.measure(new AbortController().signal)).toEqual({ projects: 5, blobs: 3 })
      const found = await figures.ofProjects(['', 'size', 'size/one', 'size/two', 'outside'])
      const storedOf = (name: string) => {
        const { unique_bytes: unique, shared_bytes: shared } = found.get(name)?.figures ?? {}
        return [unique, shared]
      }
      expect(storedOf('size/one')).toEqual([100, 1010])
      expect(storedOf('size/two')).toEqual([0, 10])
      expect(storedOf('size')).toEqual([110, 1000])
      expect(storedOf('outside')).toEqual([0, 1000])
      expect(storedOf('')).toEqual([1110, 0])
      await berth.close()
      await close()
    },
  )
})

describe.each(testDatabases)('figures of projects, $name', { timeout: slow }, (engine) => {
  describe.skipIf(!engine.available)('figures of projects', () => {
    let test: TestPolicies

    beforeAll(async () => {
      test = await openTestPolicies(engine)
      for (const name of ['size', 'size/one', 'size/two', 'outside']) {
        await test.manage('POST', '/projects', { name, description: `what ${name} is for` })
      }
      const client = new RegistryClient(test.first.url, test.first.admin)
      for (const [repository, blobs] of held) {
        for (const blob of blobs) await client.pushBlob(repository, blob)
      }
    }, slow)
    afterAll(() => test.close(), slow)

    const usage = (query = '') => test.manage<Page<Used>>('GET', `/system/usage/projects?${query}`)
    const projects = (query: string) => test.manage<Page<Listed>>('GET', `/projects?${query}`)
    const names = async (query: string) => (await projects(query)).items.map(({ name }) => name)

    it('tells what each project holds, and the share of its quota', async () => {
      await test.manage('PUT', '/projects/size%2Fone/quota', { bytes: 2220, repositories: null })
      // The books are folded every few seconds.
      await expect
        .poll(async () => (await usage()).items[0], { timeout: 30_000 })
        .toMatchObject({ project: 'size', bytes: 1120, repositories: 2 })
      const byName = new Map((await usage('sort=name')).items.map((item) => [item.project, item]))
      expect(byName.get('size/one')).toMatchObject({
        bytes: 1110,
        repositories: 1,
        quota: { bytes: 2220 },
        share: 0.5,
      })
      expect(byName.get('outside')?.share).toBeNull()
    })

    it('lists the largest first, by pages, and those below one', async () => {
      const all = (await usage()).items.map(({ bytes }) => bytes)
      expect(all).toEqual(all.toSorted((a, b) => b - a))
      for (const sort of ['size', 'name']) {
        const paged: string[] = []
        for (let after: string | null = ''; after !== null; ) {
          const next: string = after === '' ? '' : `&after=${encodeURIComponent(after)}`
          const page: Page<Used> = await usage(`limit=2&sort=${sort}${next}`)
          paged.push(...page.items.map(({ project }) => project))
          after = page.next
        }
        const whole = (await usage(`sort=${sort}`)).items.map(({ project }) => project)
        expect([sort, paged]).toEqual([sort, whole])
      }
      const below = (await usage('parent=size')).items.map(({ project }) => project)
      expect(below).toEqual(['size/one', 'size/two'])
      expect((await usage('parent=nobody-there')).items).toEqual([])
    })

    it('projects are listed with what they hold, sorted and by a part of their name', async () => {
      const [one] = (await projects('prefix=size/one')).items
      expect(one).toMatchObject({
        description: 'what size/one is for',
        usage: { bytes: 1110, repositories: 1 },
      })
      expect(await names('contains=ze/T')).toEqual(['size/two'])
      expect(await names('contains=nothing-like-it')).toEqual([])
      expect(await names('prefix=size&order=descending')).toEqual(['size/two', 'size/one', 'size'])
      expect(await names('prefix=size&sort=createdAt')).toEqual(['size/two', 'size/one', 'size'])
      const first = await projects('prefix=size&sort=createdAt&order=ascending&limit=2')
      expect(first.items.map(({ name }) => name)).toEqual(['size', 'size/one'])
      const rest = `prefix=size&sort=createdAt&order=ascending&after=${first.next}`
      expect(await names(rest)).toEqual(['size/two'])
    })

    it('a description is changed alone and is one line', async () => {
      const change = (body: object) =>
        ask(test.first.url, {
          method: 'PATCH',
          path: '/api/v1/projects/outside',
          headers: {
            authorization: basic(test.first.admin.name, test.first.admin.password),
            'content-type': 'application/json',
          },
          body: JSON.stringify(body),
        })
      const before = await test.manage<{ settings: object }>('GET', '/projects/outside')
      const changed = await change({ description: 'New words.' })
      expect(readJson(changed)).toMatchObject({
        description: 'New words.',
        settings: before.settings,
      })
      expect((await change({ description: 'a\nb' })).status).toBe(400)
      expect((await change({ description: 'x'.repeat(501) })).status).toBe(400)
      expect(readJson(await change({ description: '' }))).toMatchObject({ description: '' })
    })
  })
})
