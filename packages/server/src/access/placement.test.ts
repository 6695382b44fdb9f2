import { parseRepositoryName } from '@berth/oci/reference.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { InstanceRole, RequestContext } from '../actor.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { openTestPeople, type TestPeople } from '../testing/open-test-people.ts'
import { commandLine } from './command-line.ts'
import { mayFoundProjects, type ProjectsOnPush } from './founding.ts'

const password = 'correct horse battery'

describe.each(testDatabases)('Placement on $name', (engine) => {
  describe.skipIf(!engine.available)('of a first push', () => {
    let test: TestDatabase
    let people: TestPeople
    const open = async (projectsOnPush: ProjectsOnPush) => {
      people = await openTestPeople(test.database, { projectsOnPush })
    }
    beforeAll(async () => {
      test = await engine.open()
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(() => open('users'))

    const newUser = async (name: string, role: InstanceRole): Promise<RequestContext> => {
      const { id } = await people.users.createUser({ name, password, role })
      return { actor: { kind: 'user', id, name }, address: '192.0.2.7', requestId: 'r1' }
    }
    /** Creates the repository as the registry does; answers with the name of its project. */
    const push = async (context: RequestContext, name: string) => {
      const id = await test.database.transaction(async (tx) => {
        const project = await people.placement.placeRepository(
          tx,
          context,
          parseRepositoryName(name),
        )
        await tx
          .insertInto('repositories')
          .values({ name, created_at: '', project_id: project })
          .execute()
        return project
      })
      const row = await test.database.read
        .selectFrom('projects')
        .select('name')
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
      return row.name
    }
    const projectNames = async () => {
      const { items } = await people.projects.listProjects({ readable: 'all', limit: 100 })
      return items.map(({ name }) => name)
    }

    it('takes the nearest project there is', async () => {
      const ann = await newUser('ann', 'none')
      for (const name of ['acme', 'acme/ml']) {
        await people.projects.createProject(commandLine, { name })
      }
      expect(await push(ann, 'acme/ml/x')).toBe('acme/ml')
      expect(await push(ann, 'acme/mlx')).toBe('acme')
      expect(await push(ann, 'acme')).toBe('acme')
      expect(await push(ann, 'acmes')).toBe('')
    })

    it('founds a project of which the one who pushes is the admin', async () => {
      const ann = await newUser('ann', 'none')
      const epoch = await people.epoch()
      expect(await push(ann, 'team/app/web')).toBe('team')
      expect(await push(ann, 'team/other')).toBe('team')
      expect(await people.epoch()).toBe(epoch + 1)
      const { items } = await people.members.listMembers('team', { limit: 10 })
      expect(items).toMatchObject([{ kind: 'user', name: 'ann', role: 'admin' }])
      expect((await people.audit()).slice(1)).toMatchObject([
        { action: 'project.created', target: 'team', actor: 'ann' },
        { action: 'member.added', target: 'user ann', actor: 'ann', after: { role: 'admin' } },
      ])
    })

    it('founds none for a name of one component', async () => {
      expect(await push(await newUser('ann', 'none'), 'app')).toBe('')
      expect(await projectNames()).toEqual([])
    })

    it('gives nobody what others have put there without a project', async () => {
      expect(await push(commandLine, 'team/app')).toBe('')
      expect(await push(await newUser('ann', 'developer'), 'team/mine')).toBe('')
      expect(await push(await newUser('root', 'admin'), 'team/theirs')).toBe('team')
      const rows = await test.database.read
        .selectFrom('repositories')
        .select('project_id')
        .execute()
      expect(new Set(rows.map(({ project_id }) => project_id)).size).toBe(1)
    })

    it.each([
      ['nobody', 'admin', false],
      ['admins', 'developer', false],
      ['admins', 'admin', true],
      ['users', 'auditor', false],
      ['users', 'reader', true],
    ] as const)('founds for %s: %s %s', async (setting, role, founds) => {
      await open(setting)
      const ann = await newUser('ann', role)
      expect(mayFoundProjects(setting, role, ann.actor)).toBe(founds)
      expect(await push(ann, 'team/app')).toBe(founds ? 'team' : '')
    })

    it('counts the role that a group gives', async () => {
      await open('admins')
      const ann = await newUser('ann', 'none')
      await people.groups.createGroup(commandLine, { name: 'ops', role: 'admin' })
      await people.groups.addGroupMember(commandLine, 'ops', 'ann')
      expect(await push(ann, 'team/app')).toBe('team')
    })

    it('founds nothing for machines, strangers, and one who was disabled meanwhile', async () => {
      const root = await newUser('root', 'admin')
      const ann = await newUser('ann', 'admin')
      await people.users.disableUser('ann')
      const as = (kind: 'robot' | 'workload' | 'anonymous' | 'system') => ({
        ...root,
        actor: { ...root.actor, kind },
      })
      expect(await push(ann, 't0/app')).toBe('')
      expect(await push(as('robot'), 't1/app')).toBe('')
      expect(await push(as('workload'), 't2/app')).toBe('')
      expect(await push(as('anonymous'), 't3/app')).toBe('')
      expect(await push(as('system'), 't4/app')).toBe('')
      expect(await projectNames()).toEqual([])
    })

    it('founds one project for pushes at the same moment', async () => {
      const ann = await newUser('ann', 'admin')
      const names = Array.from({ length: 6 }, (_, index) => `team/app${index}`)
      const places = await Promise.all(names.map((name) => push(ann, name)))
      expect(new Set(places)).toEqual(new Set(['team']))
      expect(await projectNames()).toEqual(['team'])
    })

    it('never leaves a repository outside of a project that is created at the same moment', async () => {
      for (let round = 0; round < 5; round += 1) {
        await Promise.all([
          push(commandLine, `t${round}/a`),
          people.projects.createProject(commandLine, { name: `t${round}` }),
          push(commandLine, `t${round}/b`),
        ])
      }
      const strays = await test.database.read
        .selectFrom('repositories')
        .select('name')
        .where('project_id', '=', 1)
        .execute()
      expect(strays).toEqual([])
    })
  })
})
