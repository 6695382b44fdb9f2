import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Executor } from './database.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import {
  findUserByName,
  hasAdministrator,
  insertUser,
  listUsers,
  lockEnabledAdministrators,
  lockUser,
  prepareUserById,
  prepareUserByName,
  removeUser,
  type StoredUser,
  updateUser,
} from './users.ts'

const user = (name: string, change: Partial<StoredUser> = {}): StoredUser => ({
  id: `id-${name}`,
  name,
  passwordHash: 'hash',
  role: 'reader',
  disabledAt: null,
  createdAt: '2030-01-01T00:00:00.000Z',
  displayName: null,
  email: null,
  source: 'local',
  externalId: null,
  version: 1,
  ...change,
})

const everyone = (db: Executor) => listUsers(db, { limit: 100, sort: { by: 'name', after: '' } })

describe.each(testDatabases)('users on $name', (engine) => {
  describe.skipIf(!engine.available)('ann and bob', () => {
    let test: TestDatabase
    const ann = user('ann', { role: 'admin' })
    const bob = user('bob')
    beforeAll(async () => {
      test = await engine.open()
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      await test.database.transaction(async (tx) => {
        for (const { id } of await everyone(tx)) await removeUser(tx, id)
        await insertUser(tx, bob)
        await insertUser(tx, ann)
      })
    })

    it('finds a user the same way by id and by name, prepared or not', async () => {
      const { database } = test
      expect(await prepareUserById(database).first({ id: ann.id })).toEqual(ann)
      expect(await prepareUserByName(database).first({ name: 'ann' })).toEqual(ann)
      expect(await findUserByName(database.read, 'ann')).toEqual(ann)
      expect(await prepareUserById(database).first({ id: 'ann' })).toBeUndefined()
      expect(await findUserByName(database.read, 'ANN')).toBeUndefined()
    })

    it('lists users by name', async () => {
      expect(await everyone(test.database.read)).toEqual([ann, bob])
      expect(await hasAdministrator(test.database.read)).toBe(true)
    })

    it('leaves a user alone whose name is wanted again', async () => {
      const second = user('ann', { id: 'other' })
      expect(await test.database.transaction((tx) => insertUser(tx, second))).toBe(false)
      expect(await findUserByName(test.database.read, 'ann')).toEqual(ann)
    })

    it('changes what is given and nothing else', async () => {
      const change = { passwordHash: 'new', disabledAt: '2030-02-01T00:00:00.000Z' }
      await test.database.transaction((tx) => updateUser(tx, ann.id, change))
      expect(await everyone(test.database.read)).toEqual([{ ...ann, ...change, version: 2 }, bob])
      await test.database.transaction((tx) =>
        updateUser(tx, ann.id, { disabledAt: null, role: 'developer' }),
      )
      expect(await findUserByName(test.database.read, 'ann')).toEqual({
        ...ann,
        passwordHash: 'new',
        role: 'developer',
        version: 3,
      })
    })

    it('counts only administrators who can log in', async () => {
      const administrators = () => test.database.transaction(lockEnabledAdministrators)
      expect(await administrators()).toEqual([ann.id])
      const disabledAt = ann.createdAt
      await test.database.transaction((tx) => updateUser(tx, ann.id, { disabledAt }))
      expect(await administrators()).toEqual([])
    })

    it('locks a user only while enabled and with the same password', async () => {
      const lock = (expected: { id: string; passwordHash: string }) =>
        test.database.transaction((tx) => lockUser(tx, expected))
      expect(await lock(ann)).toBe(true)
      expect(await lock({ ...ann, passwordHash: 'old' })).toBe(false)
      expect(await lock({ ...ann, id: 'gone' })).toBe(false)
      await test.database.transaction((tx) => updateUser(tx, ann.id, { disabledAt: ann.createdAt }))
      expect(await lock(ann)).toBe(false)
    })

    it('makes a change wait until the transaction that locked the user ends', async () => {
      const events: string[] = []
      const locked = Promise.withResolvers<void>()
      const holder = test.database.transaction(async (tx) => {
        await lockUser(tx, ann)
        locked.resolve()
        await wait(100)
        events.push('lock ends')
      })
      await locked.promise
      await test.database.transaction((tx) => updateUser(tx, ann.id, { passwordHash: 'new' }))
      events.push('change done')
      await holder
      expect(events).toEqual(['lock ends', 'change done'])
    })
  })
})
