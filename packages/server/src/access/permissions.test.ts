import { parseRepositoryName } from '@berth/oci/reference.ts'
import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { InstanceRole, ProjectRole, RepositoryAction, Visibility } from '../actor.ts'
import { bumpAccessEpoch } from '../metadata/access-epoch.ts'
import type { Transaction } from '../metadata/database.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { instanceRoleAllows, projectRoleAllows } from './authorize.ts'
import { Permissions } from './permissions.ts'
import type { Subject } from './principal.ts'

const now = '2030-01-01T00:00:00.000Z'
const actions: readonly RepositoryAction[] = [
  'pull',
  'push',
  'createTag',
  'moveTag',
  'deleteTag',
  'delete',
]
const una: Subject = { kind: 'user', id: 'una' }

/** What the tables of one test hold; projects by name, the root being `''`. */
type World = {
  role: InstanceRole
  groupRole: InstanceRole
  projects: { name: string; visibility: Visibility | null }[]
  own: { project: string; role: ProjectRole }[]
  ofGroup: { project: string; role: ProjectRole }[]
}

describe.each(testDatabases)('Permissions on $name', (engine) => {
  describe.skipIf(!engine.available)('with a tree of projects', () => {
    let test: TestDatabase
    let permissions: Permissions
    beforeAll(async () => {
      test = await engine.open()
      permissions = new Permissions({
        database: test.database,
        settings: { anonymousRole: 'none', projectsOnPush: 'nobody', oidc: [] },
        now: Date.now,
      })
    })
    afterAll(() => test.close())
    beforeEach(() =>
      build(test, { role: 'none', groupRole: 'none', projects: [], own: [], ofGroup: [] }),
    )

    const allowed = async (subject: Subject, repository: string) => {
      const principal = await permissions.principal(subject)
      if (principal === undefined) return undefined
      const decision = await permissions.decide(principal, parseRepositoryName(repository))
      return actions.filter((action) => decision.actions.has(action))
    }

    it('agrees with the rules as they are written down, for any tree and any memberships', async () => {
      const component = fc.constantFrom('a', 'b')
      const name = fc
        .array(component, { minLength: 1, maxLength: 3 })
        .map((components) => components.join('/'))
      const role = fc.constantFrom<ProjectRole>(
        'none',
        'reader',
        'developer',
        'maintainer',
        'admin',
      )
      const entries = fc.uniqueArray(fc.record({ project: name, role }), {
        selector: (entry) => entry.project,
        maxLength: 4,
      })
      const world: fc.Arbitrary<World> = fc.record({
        role: fc.constantFrom<InstanceRole>(
          'none',
          'none',
          'reader',
          'developer',
          'auditor',
          'admin',
        ),
        groupRole: fc.constantFrom<InstanceRole>('none', 'none', 'reader', 'maintainer'),
        projects: fc.uniqueArray(
          fc.record({
            name,
            visibility: fc.constantFrom<Visibility | null>(null, 'private', 'internal', 'public'),
          }),
          { selector: (project) => project.name, maxLength: 6 },
        ),
        own: entries,
        ofGroup: entries,
      })
      await fc.assert(
        fc.asyncProperty(world, name, async (tables, repository) => {
          await build(test, tables)
          expect(await allowed(una, repository)).toEqual(expectedFor(tables, repository))
          expect(await allowed({ kind: 'anonymous' }, repository)).toEqual(
            visibilityOf(tables, repository) === 'public' ? ['pull'] : [],
          )
          const principal = await permissions.principal(una)
          if (principal === undefined) throw new Error('There is a user.')
          const readable = await permissions.readableProjects(principal)
          for (const project of await test.database.read
            .selectFrom('projects')
            .select(['id', 'name'])
            .execute()) {
            const mayPull = expectedFor(tables, project.name).includes('pull')
            expect([project.name, readable === 'all' || readable.includes(project.id)]).toEqual([
              project.name,
              mayPull,
            ])
          }
        }),
        { numRuns: 150 },
      )
    })

    it('the nearest level decides: a member can be given less below, or nothing', async () => {
      await build(test, {
        role: 'developer',
        groupRole: 'none',
        projects: ['acme', 'acme/ml', 'acme/ml/secret'].map((each) => ({
          name: each,
          visibility: null,
        })),
        own: [
          { project: 'acme', role: 'maintainer' },
          { project: 'acme/ml', role: 'reader' },
          { project: 'acme/ml/secret', role: 'none' },
        ],
        ofGroup: [{ project: 'acme/ml/secret', role: 'admin' }],
      })
      expect(await allowed(una, 'elsewhere/app')).toEqual(['pull', 'push', 'createTag', 'moveTag'])
      expect(await allowed(una, 'acme/app')).toEqual(actions)
      expect(await allowed(una, 'acme/ml/app')).toEqual(['pull'])
      expect(await allowed(una, 'acme/ml/secret/app')).toEqual([])
      // A name that only begins alike is not in the project.
      expect(await allowed(una, 'acme-tools/app')).toEqual(['pull', 'push', 'createTag', 'moveTag'])
    })

    it.each<[string, (tx: Transaction) => Promise<unknown>]>([
      ['the user is disabled', (tx) => tx.updateTable('users').set({ disabled_at: now }).execute()],
      ['the user is deleted', (tx) => tx.deleteFrom('users').execute()],
      ['the member is removed', (tx) => tx.deleteFrom('members').execute()],
      ['the user leaves the group', (tx) => tx.deleteFrom('group_members').execute()],
      ['the group is deleted', (tx) => tx.deleteFrom('groups').execute()],
      [
        'the project is made to give nothing',
        (tx) => tx.updateTable('members').set({ role: 'none' }).execute(),
      ],
    ])('nothing is left of a right at the next question once %s', async (_, revoke) => {
      await build(test, {
        role: 'none',
        groupRole: 'none',
        projects: [{ name: 'acme', visibility: null }],
        own: [],
        ofGroup: [{ project: 'acme', role: 'developer' }],
      })
      expect(await allowed(una, 'acme/app')).toContain('push')
      await test.database.transaction(async (tx) => {
        await bumpAccessEpoch(tx)
        await revoke(tx)
      })
      expect((await allowed(una, 'acme/app')) ?? []).toEqual([])
    })

    it('a user who may found projects gets a free name, and not one that others use', async () => {
      const founding = new Permissions({
        database: test.database,
        settings: { anonymousRole: 'none', projectsOnPush: 'users', oidc: [] },
        now: Date.now,
      })
      await test.database.transaction(async (tx) => {
        await tx.insertInto('repositories').values({ name: 'taken/app', created_at: now }).execute()
        await bumpAccessEpoch(tx)
      })
      const principal = await founding.principal(una)
      if (principal === undefined) throw new Error('There is a user.')
      const may = async (repository: string) =>
        (await founding.decide(principal, parseRepositoryName(repository))).actions.has('push')
      expect(await may('mine/app')).toBe(true)
      expect(await may('taken/other')).toBe(false)
      expect(await may('single')).toBe(false)
      // What could not be a project's name would end up in the instance.
      expect(await may(`${'x'.repeat(201)}/app`)).toBe(false)
      // A first push of somebody else changes no right of anybody, and yet takes the name.
      await test.database.transaction((tx) =>
        tx.insertInto('repositories').values({ name: 'mine/first', created_at: now }).execute(),
      )
      expect(await may('mine/app')).toBe(false)
      await test.database.transaction((tx) => tx.deleteFrom('repositories').execute())
    })
  })
})

/** The rules once more, as simply as possible. */
function expectedFor(world: World, repository: string): RepositoryAction[] {
  const levels = chainOf(world, repository)
  const instanceRole =
    world.role === 'none' ? world.groupRole : greater(world.role, world.groupRole)
  const visibility = visibilityOf(world, repository)
  return actions.filter((action) => {
    if (action === 'pull' && (visibility === 'public' || visibility === 'internal')) return true
    if (instanceRole === 'admin' || instanceRole === 'auditor') {
      return instanceRoleAllows(instanceRole, action)
    }
    for (const level of levels) {
      const entry =
        world.own.find(({ project }) => project === level) ??
        world.ofGroup.find(({ project }) => project === level)
      if (entry) return projectRoleAllows(entry.role, action)
    }
    return instanceRoleAllows(instanceRole, action)
  })
}

function greater(a: InstanceRole, b: InstanceRole): InstanceRole {
  const order: InstanceRole[] = ['none', 'reader', 'developer', 'maintainer', 'auditor', 'admin']
  return order.indexOf(a) > order.indexOf(b) ? a : b
}

function visibilityOf(world: World, repository: string): Visibility | null {
  for (const level of chainOf(world, repository)) {
    const visibility = world.projects.find(({ name }) => name === level)?.visibility ?? null
    if (visibility !== null) return visibility
  }
  return null
}

function chainOf(world: World, repository: string): string[] {
  return world.projects
    .map(({ name }) => name)
    .filter((name) => `${repository}/`.startsWith(`${name}/`))
    .sort((a, b) => b.length - a.length)
}

async function build(test: TestDatabase, world: World): Promise<void> {
  await test.database.transaction(async (tx) => {
    await tx.deleteFrom('members').execute()
    await tx.updateTable('projects').set({ parent_id: null }).execute()
    await tx.deleteFrom('projects').where('name', '!=', '').execute()
    await tx.deleteFrom('users').execute()
    await tx.deleteFrom('groups').execute()
    await tx
      .insertInto('users')
      .values({ id: 'una', name: 'una', password_hash: '', role: world.role, created_at: now })
      .execute()
    await tx
      .insertInto('groups')
      .values({
        id: 'team',
        name: 'team',
        source: 'local',
        role: world.groupRole,
        created_at: now,
        version: 1,
      })
      .execute()
    await tx
      .insertInto('group_members')
      .values({ group_id: 'team', user_id: 'una', created_at: now })
      .execute()
    const ids = new Map<string, number>([['', 1]])
    for (const { name, visibility } of world.projects.toSorted((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const parent = [...ids.keys()]
        .filter((other) => other === '' || name.startsWith(`${other}/`))
        .reduce((a, b) => (b.length > a.length ? b : a))
      const row = await tx
        .insertInto('projects')
        .values({
          name,
          visibility,
          parent_id: ids.get(parent) ?? 1,
          created_at: now,
          updated_at: now,
          version: 1,
        })
        .returning('id')
        .executeTakeFirstOrThrow()
      ids.set(name, row.id)
    }
    for (const [kind, id, entries] of [
      ['user', 'una', world.own],
      ['group', 'team', world.ofGroup],
    ] as const) {
      for (const { project, role } of entries) {
        const projectId = ids.get(project)
        if (projectId === undefined) continue
        await tx
          .insertInto('members')
          .values({
            project_id: projectId,
            subject_kind: kind,
            subject_id: id,
            role,
            created_at: now,
          })
          .execute()
      }
    }
    await bumpAccessEpoch(tx)
  })
}
