import { parseRepositoryName } from '@berth/oci/reference.ts'
import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { openTestPeople, type TestPeople } from '../testing/open-test-people.ts'
import { commandLine } from './command-line.ts'

const password = 'correct horse battery'

describe.each(testDatabases)('Projects on $name', (engine) => {
  describe.skipIf(!engine.available)('on an empty tree', () => {
    let test: TestDatabase
    let people: TestPeople
    let moved: string[]
    beforeAll(async () => {
      test = await engine.open()
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      moved = []
      people = await openTestPeople(test.database, {
        now: () => Date.parse('2030-01-01T00:00:00Z'),
        usage: {
          async moved(tx, projectId) {
            const row = await tx
              .selectFrom('projects')
              .select('name')
              .where('id', '=', projectId)
              .executeTakeFirstOrThrow()
            moved.push(row.name)
          },
        },
      })
    })

    const create = (name: string, more: object = {}) =>
      people.projects.createProject(commandLine, { name, ...more })
    const pushed = async (...names: string[]) => {
      await test.database.transaction(async (tx) => {
        for (const name of names) {
          const repository = parseRepositoryName(name)
          const id = await people.placement.placeRepository(tx, commandLine, repository)
          await tx
            .insertInto('repositories')
            .values({ name, created_at: '', project_id: id })
            .execute()
        }
      })
    }
    const placement = async () => {
      const rows = await test.database.read
        .selectFrom('repositories')
        .innerJoin('projects', 'projects.id', 'repositories.project_id')
        .select(['repositories.name as name', 'projects.name as project'])
        .execute()
      return Object.fromEntries(rows.map(({ name, project }) => [name, project]))
    }

    it('creates a project below the nearest one and tells of it', async () => {
      const acme = await create('acme', { visibility: 'internal' })
      expect(acme).toMatchObject({ name: 'acme', parent: '' })
      expect(await create('acme/a/b')).toMatchObject({ parent: 'acme' })
      expect(await create('acmes')).toMatchObject({ parent: '' })
      expect(await create('acme/a')).toMatchObject({ parent: 'acme' })
      expect(await people.projects.readProject('acme/a/b')).toMatchObject({ parent: 'acme/a' })
      expect(moved).toEqual(['acme', 'acme/a/b', 'acmes', 'acme/a'])
      expect((await people.audit())[0]).toMatchObject({
        action: 'project.created',
        target: 'acme',
        actor: 'command line',
        after: { visibility: 'internal', allowedAddresses: null },
      })
    })

    it('adopts the repositories below its name that no nearer project has', async () => {
      await create('acme/deep/er')
      await pushed('acme', 'acme/one', 'acme/deep/two', 'acme/deep/er/three', 'acmes/x', 'acme-x')
      await create('acme')
      await create('acme/deep')
      expect(await placement()).toEqual({
        acme: 'acme',
        'acme/one': 'acme',
        'acme/deep/two': 'acme/deep',
        'acme/deep/er/three': 'acme/deep/er',
        'acmes/x': '',
        'acme-x': '',
      })
    })

    it('adopts more than one statement moves', async () => {
      await test.database.transaction(async (tx) => {
        for (let portion = 0; portion < 5; portion += 1) {
          const names = Array.from({ length: 450 }, (_, index) => `acme/r${portion}-${index}`)
          await tx
            .insertInto('repositories')
            .values(names.map((name) => ({ name, created_at: '' })))
            .execute()
        }
      })
      await create('acme')
      expect(new Set(Object.values(await placement()))).toEqual(new Set(['acme']))
    })

    it('puts every repository and project below the nearest one, in whatever order they come', async () => {
      const name = fc
        .array(fc.constantFrom('a', 'b', 'a0', 'a-b'), { minLength: 1, maxLength: 4 })
        .map((parts) => parts.join('/'))
      const step = fc.record({ kind: fc.constantFrom('create', 'push', 'delete'), name })
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
          people = await openTestPeople(test.database)
          const projects = new Set<string>()
          const repositories = new Set<string>()
          for (const { kind, name } of steps) {
            if (kind === 'create' && !projects.has(name)) {
              await create(name)
              projects.add(name)
            } else if (kind === 'push' && !repositories.has(name)) {
              await pushed(name)
              repositories.add(name)
            } else if (kind === 'delete' && projects.has(name)) {
              const holds = [...repositories].some((each) => modelNearest(projects, each) === name)
              const covers = [...projects].some((each) => modelParent(projects, each) === name)
              const deletion = people.projects.deleteProject(commandLine, name)
              if (holds || covers)
                await expect(deletion).rejects.toMatchObject({ kind: 'conflict' })
              else {
                await deletion
                projects.delete(name)
              }
            }
          }
          const expected = [...repositories].map((each) => [each, modelNearest(projects, each)])
          expect(await placement()).toEqual(Object.fromEntries(expected))
          const { items } = await people.projects.listProjects({ readable: 'all', limit: 200 })
          expect(Object.fromEntries(items.map((item) => [item.name, item.parent]))).toEqual(
            Object.fromEntries([...projects].map((each) => [each, modelParent(projects, each)])),
          )
        }),
        { numRuns: 25 },
      )
    })

    it.each([
      '',
      '/',
      'Acme',
      'acme/',
      '/acme',
      'a//b',
      'a..b',
      'acme/-x',
      'a b',
      'é',
      'a/b/c/d/e/f/g/h/i',
      'a'.repeat(201),
      'acme\n',
    ])('refuses the name %j', async (name) => {
      await expect(create(name)).rejects.toMatchObject({
        kind: 'requestInvalid',
        details: [{ field: 'name' }],
      })
    })

    it('refuses a name that is taken, also when both come at once', async () => {
      const results = await Promise.allSettled([create('acme'), create('acme')])
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      await expect(create('acme')).rejects.toMatchObject({ kind: 'alreadyExists' })
    })

    it('asks whether the caller may create in the project above, before it says what is there', async () => {
      await create('acme')
      await create('acme/taken')
      const asked: string[] = []
      const context = {
        ...commandLine,
        checkParent: (_tx: unknown, parent: string) => {
          asked.push(parent)
          return Promise.reject(new Error('may not'))
        },
      }
      for (const name of ['acme/taken', 'acme/free', 'other']) {
        await expect(people.projects.createProject(context, { name })).rejects.toThrow('may not')
      }
      expect(asked).toEqual(['acme', 'acme', ''])
      await expect(people.projects.readProject('acme/free')).rejects.toMatchObject({
        kind: 'notFound',
      })
    })

    it('shows what holds in a project and where it comes from', async () => {
      await create('acme', {
        visibility: 'public',
        allowedAddresses: ['10.1.2.3/8', '2001:DB8::/32'],
      })
      await create('acme/ml', { visibility: 'private' })
      await people.projects.updateDefaults(commandLine, { quotaBytes: 5, quotaRepositories: 7 })
      expect((await people.projects.readProject('acme/ml')).settings).toEqual({
        visibility: { own: 'private', effective: 'private', from: 'acme/ml' },
        quotaBytes: { own: null, effective: 5, from: '' },
        quotaRepositories: { own: null, effective: 7, from: '' },
        allowedAddresses: {
          own: null,
          effective: ['10.0.0.0/8', '2001:db8::/32'],
          from: 'acme',
        },
      })
      expect((await people.projects.readDefaults()).settings.visibility).toEqual({
        own: null,
        effective: 'private',
        from: null,
      })
    })

    it('changes what is given, takes a setting back with null, and counts the access epoch up', async () => {
      await create('acme', { visibility: 'public', allowedAddresses: ['192.0.2.1'] })
      const epoch = await people.epoch()
      await people.projects.updateProject(commandLine, 'acme', { visibility: null })
      expect(await people.epoch()).toBe(epoch + 1)
      expect((await people.projects.readProject('acme')).settings).toMatchObject({
        visibility: { own: null, effective: 'private', from: null },
        allowedAddresses: { own: ['192.0.2.1'] },
      })
      expect((await people.audit()).at(-1)).toMatchObject({
        action: 'project.updated',
        before: { visibility: 'public' },
        after: { visibility: null },
      })
    })

    it.each([[['10.0.0.0/33']], [['nonsense']], [[]], [['10.0.0.1', 'a::b::c']]])(
      'refuses the addresses %j and changes nothing',
      async (allowedAddresses) => {
        await create('acme')
        await expect(
          people.projects.updateProject(commandLine, 'acme', {
            visibility: 'public',
            allowedAddresses,
          }),
        ).rejects.toMatchObject({ kind: 'requestInvalid' })
        expect((await people.projects.readProject('acme')).settings.visibility.own).toBeNull()
      },
    )

    it.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses the quota %d', async (quotaBytes) => {
      await expect(
        people.projects.updateDefaults(commandLine, { quotaBytes }),
      ).rejects.toMatchObject({ kind: 'requestInvalid', details: [{ field: 'quotaBytes' }] })
    })

    it('refuses a change of what the caller has not read, also when a project above changed', async () => {
      await create('acme')
      const { version } = await create('acme/ml')
      await people.projects.updateProject(commandLine, 'acme', { visibility: 'public' })
      const { projects } = people
      const mismatch = { kind: 'versionMismatch' }
      await expect(
        projects.updateProject(commandLine, 'acme/ml', { visibility: 'private' }, version),
      ).rejects.toMatchObject(mismatch)
      await expect(projects.deleteProject(commandLine, 'acme/ml', version)).rejects.toMatchObject(
        mismatch,
      )
      await projects.deleteProject(commandLine, 'acme/ml', version + 1)
    })

    it('deletes an empty project with its members, and none that holds something', async () => {
      await people.users.createUser({ name: 'ann', password, role: 'none' })
      await create('acme')
      await create('acme/ml')
      const subject = { kind: 'user', name: 'ann' } as const
      await people.members.setMember(commandLine, 'acme/ml', subject, 'reader')
      await pushed('acme/one', 'acme/two')
      await expect(people.projects.deleteProject(commandLine, 'acme')).rejects.toMatchObject({
        kind: 'conflict',
        details: [{ repositories: 2, projects: 1 }],
      })
      await people.projects.deleteProject(commandLine, 'acme/ml')
      expect(await test.database.read.selectFrom('members').selectAll().execute()).toEqual([])
      await expect(people.projects.readProject('acme/ml')).rejects.toMatchObject({
        kind: 'notFound',
      })
    })

    it('never deletes, reads or changes the root as if it were a project', async () => {
      const unknown = { kind: 'notFound' }
      const { projects } = people
      await expect(projects.deleteProject(commandLine, '')).rejects.toMatchObject(unknown)
      await expect(projects.updateProject(commandLine, '', {})).rejects.toMatchObject(unknown)
      await expect(projects.readProject('')).rejects.toMatchObject(unknown)
    })

    it('lists by name in pages, filtered, and only what may be read', async () => {
      for (const name of ['b', 'a', 'a/x', 'a/y', 'a-z', 'c']) await create(name)
      await people.projects.updateProject(commandLine, 'a/y', { visibility: 'public' })
      const { projects } = people
      const names = async (query: object) => {
        const page = await projects.listProjects({ readable: 'all', limit: 10, ...query })
        return page.items.map(({ name }) => name)
      }
      expect(await names({})).toEqual(['a', 'a-z', 'a/x', 'a/y', 'b', 'c'])
      expect(await names({ prefix: 'a/' })).toEqual(['a/x', 'a/y'])
      expect(await names({ parent: 'a' })).toEqual(['a/x', 'a/y'])
      expect(await names({ parent: '' })).toEqual(['a', 'a-z', 'b', 'c'])
      expect(await names({ parent: 'missing' })).toEqual([])
      expect(await names({ visibility: 'public' })).toEqual(['a/y'])
      const ids = await test.database.read
        .selectFrom('projects')
        .select('id')
        .where('name', 'in', ['a/x', 'c'])
        .execute()
      expect(await names({ readable: ids.map(({ id }) => id) })).toEqual(['a/x', 'c'])
      expect(await names({ readable: [] })).toEqual([])
      const first = await projects.listProjects({ readable: 'all', limit: 4 })
      expect(first.next).toBe('a/y')
      expect(await names({ after: first.next })).toEqual(['b', 'c'])
      expect((await projects.listProjects({ readable: 'all', limit: 6 })).next).toBeNull()
    })

    it('lists for one who may read more projects than a statement has room for', async () => {
      await create('a')
      await create('b')
      const { id } = await test.database.read
        .selectFrom('projects')
        .select('id')
        .where('name', '=', 'b')
        .executeTakeFirstOrThrow()
      const readable = Array.from({ length: 40_000 }, (_, index) => id + index)
      const page = await people.projects.listProjects({ readable, limit: 10 })
      expect(page.items.map(({ name }) => name)).toEqual(['b'])
    })
  })
})

/** The longest name that covers the repository: what the tree has to agree with. */
function modelNearest(projects: ReadonlySet<string>, repository: string): string {
  const above = [...projects].filter((name) => covers(name, repository))
  return above.sort((a, b) => b.length - a.length)[0] ?? ''
}

function modelParent(projects: ReadonlySet<string>, project: string): string {
  return modelNearest(new Set([...projects].filter((name) => name !== project)), project)
}

function covers(project: string, name: string): boolean {
  return name === project || name.startsWith(`${project}/`)
}
