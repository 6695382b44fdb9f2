import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ProjectRole } from '../actor.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { openTestPeople, type TestPeople } from '../testing/open-test-people.ts'
import { commandLine } from './command-line.ts'
import { Permissions } from './permissions.ts'

const password = 'correct horse battery'
const user = (name: string) => ({ kind: 'user', name }) as const
const group = (name: string) => ({ kind: 'group', name }) as const

describe.each(testDatabases)('Members on $name', (engine) => {
  describe.skipIf(!engine.available)('of acme and acme/ml', () => {
    let test: TestDatabase
    let people: TestPeople
    beforeAll(async () => {
      test = await engine.open()
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      people = await openTestPeople(test.database)
      for (const name of ['ann', 'bob', 'ops']) {
        await people.users.createUser({ name, password, role: 'none' })
      }
      await people.groups.createGroup(commandLine, { name: 'ops' })
      for (const name of ['acme', 'acme/ml', 'other']) {
        await people.projects.createProject(commandLine, { name })
      }
    })

    const set = (
      project: string,
      subject: ReturnType<typeof user | typeof group>,
      role: ProjectRole,
    ) => people.members.setMember(commandLine, project, subject, role)
    const list = async (project: string, query: object = {}) => {
      const { items, next } = await people.members.listMembers(project, { limit: 10, ...query })
      const lines = items.map(
        ({ kind, name, role, project: place }) => `${kind} ${name} ${role} ${place}`,
      )
      return { lines, next }
    }

    it('adds, changes and removes entries of users and groups of the same name', async () => {
      expect(await set('acme', user('ops'), 'reader')).toMatchObject({ isNew: true })
      await set('acme', group('ops'), 'developer')
      expect(await set('acme', user('ops'), 'admin')).toMatchObject({ isNew: false })
      expect((await list('acme')).lines).toEqual([
        'group ops developer acme',
        'user ops admin acme',
      ])
      await people.members.removeMember(commandLine, 'acme', user('ops'))
      expect((await list('acme')).lines).toEqual(['group ops developer acme'])
      expect((await people.audit()).slice(-4)).toMatchObject([
        { action: 'member.added', target: 'user ops', after: { role: 'reader' } },
        { action: 'member.added', target: 'group ops', after: { role: 'developer' } },
        { action: 'member.changed', before: { role: 'reader' }, after: { role: 'admin' } },
        { action: 'member.removed', target: 'user ops', before: { role: 'admin' } },
      ])
    })

    it('counts the access epoch up with every change', async () => {
      const epoch = await people.epoch()
      await set('acme', user('ann'), 'reader')
      await people.members.removeMember(commandLine, 'acme', user('ann'))
      expect(await people.epoch()).toBe(epoch + 2)
    })

    it('refuses an unknown subject and says nothing of an unknown project', async () => {
      const invalid = { kind: 'requestInvalid', details: [{ reason: 'subjectUnknown' }] }
      await expect(set('acme', user('nobody'), 'reader')).rejects.toMatchObject(invalid)
      await expect(set('acme', user('an'), 'reader')).rejects.toMatchObject(invalid)
      await expect(set('acme', group('ann'), 'reader')).rejects.toMatchObject(invalid)
      for (const project of ['missing', '']) {
        await expect(set(project, user('ann'), 'reader')).rejects.toMatchObject({
          kind: 'notFound',
        })
        await expect(list(project)).rejects.toMatchObject({ kind: 'notFound' })
      }
    })

    it('removes an entry under its own project only', async () => {
      await set('acme', user('ann'), 'reader')
      for (const [project, subject] of [
        ['acme/ml', user('ann')],
        ['other', user('ann')],
        ['acme', user('bob')],
        ['acme', user('nobody')],
      ] as const) {
        await expect(
          people.members.removeMember(commandLine, project, subject),
        ).rejects.toMatchObject({ kind: 'notFound' })
      }
      expect((await list('acme')).lines).toHaveLength(1)
    })

    it('lists in pages, filtered, with inherited entries when asked', async () => {
      await set('acme', user('ann'), 'reader')
      await set('acme', group('ops'), 'developer')
      await set('acme/ml', user('ann'), 'none')
      await set('acme/ml', user('bob'), 'admin')
      await set('other', user('ann'), 'admin')
      expect((await list('acme/ml')).lines).toEqual([
        'user ann none acme/ml',
        'user bob admin acme/ml',
      ])
      const whole = [
        'group ops developer acme',
        'user ann reader acme',
        'user ann none acme/ml',
        'user bob admin acme/ml',
      ]
      expect((await list('acme/ml', { inherited: true })).lines).toEqual(whole)
      for (const limit of [1, 2, 3]) {
        const lines: string[] = []
        for (let after: string | undefined, turn = 0; turn < 9; turn += 1) {
          const page = await list('acme/ml', { inherited: true, limit, after })
          lines.push(...page.lines)
          if (page.next === null) break
          after = page.next
        }
        expect(lines).toEqual(whole)
      }
      expect((await list('acme/ml', { kind: 'group', inherited: true })).lines).toHaveLength(1)
      expect((await list('acme/ml', { prefix: 'b' })).lines).toEqual(['user bob admin acme/ml'])
      expect((await list('acme/ml', { role: 'none' })).lines).toEqual(['user ann none acme/ml'])
      await expect(list('acme', { after: 'garbage' })).rejects.toMatchObject({
        kind: 'requestInvalid',
      })
    })

    it('forgets entries of a user or group that is deleted', async () => {
      await set('acme', user('ops'), 'reader')
      await set('acme', group('ops'), 'reader')
      await people.users.deleteUser('ops')
      expect((await list('acme')).lines).toEqual(['group ops reader acme'])
      await people.groups.deleteGroup(commandLine, 'ops')
      expect(await test.database.read.selectFrom('members').selectAll().execute()).toEqual([])
      await people.users.createUser({ name: 'ops', password, role: 'none' })
      expect((await list('acme')).lines).toEqual([])
    })

    it('explains which entry decides', async () => {
      await people.groups.createGroup(commandLine, { name: 'devs', role: 'reader' })
      for (const name of ['ops', 'devs']) {
        await people.groups.addGroupMember(commandLine, name, 'ann')
      }
      const why = () => people.members.explainAccess('acme/ml', 'ann')
      expect(await why()).toMatchObject({
        role: 'reader',
        origin: { kind: 'instance', group: 'devs' },
      })
      await set('acme', group('ops'), 'developer')
      await set('acme', group('devs'), 'reader')
      expect(await why()).toMatchObject({
        role: 'developer',
        origin: { kind: 'group', project: 'acme', group: 'ops' },
      })
      await set('acme', user('ann'), 'none')
      expect(await why()).toMatchObject({
        role: 'none',
        origin: { kind: 'member', project: 'acme' },
      })
      await set('acme/ml', group('devs'), 'reader')
      expect(await why()).toMatchObject({
        role: 'reader',
        origin: { kind: 'group', project: 'acme/ml', group: 'devs' },
      })
      await people.users.changeRole('ann', 'auditor')
      expect(await why()).toMatchObject({
        role: 'auditor',
        origin: { kind: 'instance', group: undefined },
      })
      await expect(people.members.explainAccess('acme', 'nobody')).rejects.toMatchObject({
        kind: 'notFound',
      })
    })

    it('explains what permissions decide, whatever the entries', async () => {
      const roles = ['none', 'reader', 'developer', 'maintainer', 'admin'] as const
      const entry = fc.record({
        project: fc.constantFrom('acme', 'acme/ml'),
        subject: fc.constantFrom(user('ann'), group('ops'), group('devs')),
        role: fc.constantFrom(...roles),
      })
      await people.groups.createGroup(commandLine, { name: 'devs' })
      for (const name of ['ops', 'devs']) {
        await people.groups.addGroupMember(commandLine, name, 'ann')
      }
      const { id } = await people.users.readUser('ann')
      await fc.assert(
        fc.asyncProperty(
          fc.array(entry, { maxLength: 4 }),
          fc.constantFrom(...roles, 'auditor' as const),
          async (entries, instanceRole) => {
            await test.database.transaction((tx) => tx.deleteFrom('members').execute())
            await people.users.createUser({ name: 'root', password, role: 'admin' }).catch(() => {})
            await people.users.changeRole('ann', instanceRole)
            for (const { project, subject, role } of entries) await set(project, subject, role)
            const permissions = new Permissions({
              database: test.database,
              settings: { anonymousRole: 'none', projectsOnPush: 'nobody', oidc: [] },
              now: Date.now,
            })
            const principal = await permissions.principal({ kind: 'user', id })
            if (!principal) throw new Error('ann is gone')
            const { role } = await people.members.explainAccess('acme/ml', 'ann')
            const may = (action: 'readProject' | 'manageImmutability' | 'manageMembers') =>
              permissions.mayProject(principal, action, 'acme/ml')
            expect([
              await may('readProject'),
              await may('manageImmutability'),
              await may('manageMembers'),
            ]).toEqual([
              role !== 'none',
              role === 'maintainer' || role === 'admin',
              role === 'admin',
            ])
          },
        ),
        { numRuns: 30 },
      )
    })
  })
})
