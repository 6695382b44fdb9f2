import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { BerthError } from '../errors.ts'
import { prepareAccessEpoch } from '../metadata/access-epoch.ts'
import { findRobotById } from '../metadata/robots.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { dumpDatabase } from '../testing/dump-database.ts'
import { AccessChanges } from './changes.ts'
import { limitsAdmit, limitsAllow } from './limits.ts'
import type { GrantContext } from './machine-limits.ts'
import { isSecretOf } from './robot-logins.ts'
import { limitsOfRobot, Robots, type RobotSettings } from './robots.ts'

const start = Date.UTC(2030, 0, 1)
const hourMs = 3_600_000
const context: GrantContext = {
  actor: { kind: 'user', id: 'u1', name: 'alice' },
  address: '192.0.2.1',
  requestId: 'r1',
}
const settings: RobotSettings = {
  description: 'Builds',
  actions: ['pull', 'push'],
  repositories: ['**'],
  allowedAddresses: null,
  expiresAt: null,
  disabled: false,
}
const later = (ms: number) => new Date(start + ms).toISOString()

describe.each(testDatabases)('Robots on $name', (engine) => {
  describe.skipIf(!engine.available)('with two projects', () => {
    let test: TestDatabase
    let robots: Robots
    let now: number
    beforeAll(async () => {
      test = await engine.open()
      await test.database.transaction(async (tx) => {
        for (const name of ['acme', 'other']) {
          const at = later(0)
          await tx
            .insertInto('projects')
            .values({ name, parent_id: 1, created_at: at, updated_at: at, version: 1 })
            .execute()
        }
      })
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      await test.database.transaction(async (tx) => {
        await tx.deleteFrom('robots').execute()
        await tx.deleteFrom('audit_entries').execute()
      })
      now = start
      robots = open()
    })

    const open = (options: { maxLifetimeDays?: number } = {}) =>
      new Robots({
        database: test.database,
        changes: new AccessChanges(test.database, () => now),
        options,
        now: () => now,
      })
    const create = (change: Partial<RobotSettings & { project: string; name: string }> = {}) =>
      robots.createRobot(context, { project: 'acme', name: 'ci', ...settings, ...change })
    const canLogIn = (login: string, secret: string) =>
      robots.authenticate(login, secret).then(
        () => true,
        (error: unknown) => {
          expect(error).toMatchObject({
            kind: 'unauthenticated',
            details: [{ reason: 'invalidCredentials' }],
          })
          return false
        },
      )
    const epoch = async () => (await prepareAccessEpoch(test.database).first({}))?.value
    const stored = async (id: string) => {
      const robot = await findRobotById(test.database.read, id)
      if (!robot) throw new Error('It is gone')
      return robot
    }

    it('makes robots that log in with login and secret', async () => {
      const { robot, secret } = await create()
      expect(robot).toMatchObject({ login: 'acme+ci', createdBy: 'alice', version: 1 })
      expect(secret).toMatch(/^berth_robot_[A-Za-z0-9_-]{43}$/)
      const answer = await robots.authenticate('acme+ci', secret)
      expect(answer.robotId).toBe(robot.id)
      expect(isSecretOf(await stored(robot.id), answer.secretHash, now)).toBe(true)
      const instance = await create({ project: '' })
      expect(instance.robot.login).toBe('+ci')
      expect(await canLogIn('+ci', instance.secret)).toBe(true)
      expect(await canLogIn('acme+ci', instance.secret)).toBe(false)
      for (const wrong of ['', secret.slice(0, -1), `${secret}x`]) {
        expect(await canLogIn('acme+ci', wrong)).toBe(false)
      }
      expect(await canLogIn('acme+nobody', secret)).toBe(false)
    })

    it('keeps the secret to its one answer', async () => {
      const { robot, secret } = await create()
      const rotated = await robots.rotateRobot(context, { project: 'acme', id: robot.id }, 60)
      const shown = [
        robot,
        rotated.robot,
        await robots.listRobots({ project: 'acme', after: '', limit: 9 }),
      ]
      const { secretHash } = await stored(robot.id)
      const everywhere = await dumpDatabase(test.database)
      const audit = await test.database.read.selectFrom('audit_entries').selectAll().execute()
      expect(everywhere).toContain(secretHash)
      for (const one of [secret, rotated.secret]) expect(everywhere).not.toContain(one.slice(12))
      for (const text of [JSON.stringify(shown), JSON.stringify(audit)]) {
        expect(text).not.toMatch(/berth_robot_|[0-9a-f]{64}/)
      }
    })

    it('finds a robot in its own project only', async () => {
      const { robot, secret } = await create()
      const elsewhere = { project: 'other', id: robot.id }
      const missing = { kind: 'notFound' }
      await expect(robots.readRobot(elsewhere)).rejects.toMatchObject(missing)
      await expect(
        robots.changeRobot(context, elsewhere, { disabled: true }),
      ).rejects.toMatchObject(missing)
      await expect(robots.rotateRobot(context, elsewhere, 0)).rejects.toMatchObject(missing)
      await expect(robots.deleteRobot(context, elsewhere)).rejects.toMatchObject(missing)
      await expect(
        robots.deleteRobot(context, { project: '', id: robot.id }),
      ).rejects.toMatchObject(missing)
      await expect(create({ project: 'none' })).rejects.toMatchObject(missing)
      expect(await robots.listRobots({ project: 'other', limit: 9 })).toEqual({
        items: [],
        next: null,
      })
      expect(await canLogIn('acme+ci', secret)).toBe(true)
    })

    it('lists by login in pages', async () => {
      for (const name of ['c', 'a', 'b']) await create({ name })
      const page = async (after?: string) => {
        const { items, next } = await robots.listRobots({ project: 'acme', after, limit: 2 })
        return [items.map(({ login }) => login), next]
      }
      expect(await page()).toEqual([['acme+a', 'acme+b'], 'acme+b'])
      expect(await page('acme+b')).toEqual([['acme+c'], null])
    })

    it.each(['', 'CI', '.ci', 'a b', 'a+b', 'a/b', 'a'.repeat(65), "a'b", 'a$b', 'a\n'])(
      'refuses the name %j',
      async (name) => {
        await expect(create({ name })).rejects.toMatchObject({
          kind: 'requestInvalid',
          details: [{ field: 'name' }],
        })
      },
    )

    it('refuses a name twice, also when both come at once', async () => {
      const results = await Promise.allSettled([create(), create()])
      expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
      await expect(create()).rejects.toMatchObject({ kind: 'alreadyExists' })
    })

    it.each([
      ['actions', { actions: [] }],
      ['repositories', { repositories: [] }],
      ['repositories.1', { repositories: ['a', '[x]'] }],
      ['allowedAddresses', { allowedAddresses: [] }],
      ['allowedAddresses.0', { allowedAddresses: ['example.com'] }],
      ['expiresAt', { expiresAt: later(0) }],
      ['expiresAt', { expiresAt: 'tomorrow' }],
      ['description', { description: 'x'.repeat(256) }],
      ['description', { description: 'a\nb' }],
    ])('refuses bad %s', async (field, change) => {
      const refusal = { kind: 'requestInvalid', details: [{ field }] }
      await expect(create(change)).rejects.toMatchObject(refusal)
      const { robot } = await create()
      const changed = robots.changeRobot(context, { project: 'acme', id: robot.id }, change)
      await expect(changed).rejects.toMatchObject(refusal)
    })

    it('changes what is given, counting versions and telling the audit log', async () => {
      const { robot } = await create({ allowedAddresses: ['10.1.2.3/8'] })
      expect(robot.allowedAddresses).toEqual(['10.0.0.0/8'])
      const key = { project: 'acme', id: robot.id }
      const changed = await robots.changeRobot(context, key, { actions: ['pull'] }, 1)
      expect(changed).toEqual({ ...robot, actions: ['pull'], version: 2 })
      await expect(robots.changeRobot(context, key, {}, 1)).rejects.toMatchObject({
        kind: 'versionMismatch',
      })
      await expect(robots.rotateRobot(context, key, 0, 1)).rejects.toMatchObject({
        kind: 'versionMismatch',
      })
      await expect(robots.deleteRobot(context, key, 1)).rejects.toMatchObject({
        kind: 'versionMismatch',
      })
      await robots.deleteRobot(context, key, 2)
      const audit = await test.database.read
        .selectFrom('audit_entries')
        .select(['action', 'target', 'project', 'actor_name', 'before', 'after'])
        .orderBy('id')
        .execute()
      expect(audit.map(({ action }) => action)).toEqual([
        'robot.created',
        'robot.updated',
        'robot.deleted',
      ])
      expect(audit[1]).toMatchObject({ target: 'acme+ci', project: 'acme', actor_name: 'alice' })
      expect(JSON.parse(audit[1]?.before ?? '')).toMatchObject({ actions: ['pull', 'push'] })
      expect(JSON.parse(audit[1]?.after ?? '')).toMatchObject({ actions: ['pull'] })
    })

    it('ends a login with disabling, expiry and deletion, and every change counts the epoch up', async () => {
      const { robot, secret } = await create({ expiresAt: later(hourMs) })
      const key = { project: 'acme', id: robot.id }
      const first = await epoch()
      await robots.changeRobot(context, key, { disabled: true })
      expect(await canLogIn('acme+ci', secret)).toBe(false)
      await robots.changeRobot(context, key, { disabled: false })
      expect(await canLogIn('acme+ci', secret)).toBe(true)
      now = start + hourMs
      expect(await canLogIn('acme+ci', secret)).toBe(false)
      // An end that has passed does not stand in the way of other changes.
      await robots.changeRobot(context, key, { description: 'x' })
      await robots.changeRobot(context, key, { expiresAt: null })
      expect(await canLogIn('acme+ci', secret)).toBe(true)
      await robots.deleteRobot(context, key)
      expect(await canLogIn('acme+ci', secret)).toBe(false)
      expect(await epoch()).toBe((first ?? 0) + 5)
    })

    it('takes the old secret as long as the overlap lasts', async () => {
      const { robot, secret } = await create()
      const key = { project: 'acme', id: robot.id }
      const second = await robots.rotateRobot(context, key, 60)
      expect(second.robot.previousExpiresAt).toBe(later(60_000))
      now = start + 59_999
      expect([await canLogIn('acme+ci', secret), await canLogIn('acme+ci', second.secret)]).toEqual(
        [true, true],
      )
      now = start + 60_000
      expect([await canLogIn('acme+ci', secret), await canLogIn('acme+ci', second.secret)]).toEqual(
        [false, true],
      )
      const third = await robots.rotateRobot(context, key, 60)
      const fourth = await robots.rotateRobot(context, key, 60)
      expect(await canLogIn('acme+ci', second.secret)).toBe(false)
      expect(await canLogIn('acme+ci', third.secret)).toBe(true)
      const last = await robots.rotateRobot(context, key, 0)
      expect(await canLogIn('acme+ci', fourth.secret)).toBe(false)
      expect(await canLogIn('acme+ci', last.secret)).toBe(true)
      for (const overlap of [-1, 0.5, 30 * 86_400 + 1, Number.NaN]) {
        await expect(robots.rotateRobot(context, key, overlap)).rejects.toMatchObject({
          kind: 'requestInvalid',
          details: [{ field: 'overlapSeconds' }],
        })
      }
    })

    it('lets nobody hand on what they do not have', async () => {
      const { robot, secret } = await create({ actions: ['pull', 'delete'] })
      const asked: string[] = []
      const developer: GrantContext = {
        ...context,
        async grant(_, action, project) {
          asked.push(`${project}:${action}`)
          if (action === 'delete') throw new BerthError('denied', 'no')
        },
      }
      const key = { project: 'acme', id: robot.id }
      const denied = { kind: 'denied' }
      const input = { project: 'acme', name: 'x', ...settings }
      await expect(
        robots.createRobot(developer, { ...input, actions: ['delete'] }),
      ).rejects.toMatchObject(denied)
      // Neither its secret nor a wider reach of one that may do more.
      await expect(robots.rotateRobot(developer, key, 0)).rejects.toMatchObject(denied)
      await expect(
        robots.changeRobot(developer, key, { repositories: ['**'] }),
      ).rejects.toMatchObject(denied)
      expect(await canLogIn('acme+ci', secret)).toBe(true)
      await robots.changeRobot(developer, key, { actions: ['pull'] })
      await robots.createRobot(developer, input)
      expect(asked).toContain('acme:push')
    })

    it('asks again in the transaction whether the caller still may', async () => {
      const refused = {
        ...context,
        check: () => Promise.reject(new BerthError('denied', 'no longer')),
      }
      await expect(
        robots.createRobot(refused, { project: 'acme', name: 'x', ...settings }),
      ).rejects.toMatchObject({ kind: 'denied' })
      expect(await robots.listRobots({ project: 'acme', limit: 9 })).toEqual({
        items: [],
        next: null,
      })
    })

    it('writes down the last use every five minutes, and no cache is told', async () => {
      const { robot, secret } = await create()
      const before = await epoch()
      await canLogIn('acme+ci', 'wrong')
      expect((await stored(robot.id)).lastUsedAt).toBeNull()
      await canLogIn('acme+ci', secret)
      now = start + 299_999
      await canLogIn('acme+ci', secret)
      expect((await stored(robot.id)).lastUsedAt).toBe(later(0))
      now = start + 300_000
      await canLogIn('acme+ci', secret)
      expect(await stored(robot.id)).toMatchObject({ lastUsedAt: later(300_000), version: 1 })
      expect(await epoch()).toBe(before)
    })

    it('gives robots an end where the settings ask for one', async () => {
      robots = open({ maxLifetimeDays: 1 })
      const refusal = {
        kind: 'requestInvalid',
        details: [{ field: 'expiresAt', rule: 'maxLifetime' }],
      }
      await expect(create()).rejects.toMatchObject(refusal)
      await expect(create({ expiresAt: later(24 * hourMs + 1) })).rejects.toMatchObject(refusal)
      const { robot } = await create({ expiresAt: '2030-01-02T01:00:00+01:00' })
      expect(robot.expiresAt).toBe(later(24 * hourMs))
      const key = { project: 'acme', id: robot.id }
      await expect(robots.changeRobot(context, key, { expiresAt: null })).rejects.toMatchObject(
        refusal,
      )
    })

    it('reaches within its project, as its globs, actions and addresses say', async () => {
      const { robot } = await create({
        repositories: ['acme/*', '**/tools'],
        allowedAddresses: ['10.0.0.0/8'],
        expiresAt: later(hourMs),
      })
      const limits = limitsOfRobot(await stored(robot.id))
      const reached = [
        'acme/app',
        'acme/a/b',
        'acme/a/tools',
        'other/app',
        'other/tools',
        'acmes/app',
      ].filter((name) => limitsAllow(limits, 'push', name))
      expect(reached).toEqual(['acme/app', 'acme/a/tools'])
      expect(limitsAllow(limits, 'createTag', 'acme/app')).toBe(false)
      expect(limitsAdmit(limits, { address: '10.0.0.1', now })).toBe(true)
      expect(limitsAdmit(limits, { address: '11.0.0.1', now })).toBe(false)
      expect(limitsAdmit(limits, { address: '10.0.0.1', now: start + hourMs })).toBe(false)
    })
  })
})
