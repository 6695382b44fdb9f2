import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import {
  findRefreshToken,
  insertRefreshToken,
  removeRefreshTokens,
  touchRefreshToken,
  trimRefreshTokens,
} from './refresh-tokens.ts'
import { findUserByName, insertUser, removeUser } from './users.ts'

const at = (minute: number) => new Date(Date.UTC(2030, 0, 1, 0, minute)).toISOString()

describe.each(testDatabases)('refresh tokens on $name', (engine) => {
  describe.skipIf(!engine.available)('of two users', () => {
    let test: TestDatabase
    beforeAll(async () => {
      test = await engine.open()
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      await test.database.transaction(async (tx) => {
        for (const id of ['ann', 'bob']) {
          await removeUser(tx, id)
          const user = {
            id,
            name: id,
            passwordHash: 'x',
            role: 'reader',
            createdAt: at(0),
            disabledAt: null,
            displayName: null,
            email: null,
            source: 'local',
            externalId: null,
            version: 1,
          } as const
          await insertUser(tx, user)
          for (const minute of [1, 2, 3, 4]) {
            await insertRefreshToken(tx, {
              tokenHash: `${id}${minute}`,
              userId: id,
              clientId: 'docker',
              createdAt: at(0),
              lastUsedAt: at(minute),
              expiresAt: at(10 + minute),
            })
          }
        }
      })
    })
    const held = async () => {
      const names = ['ann', 'bob'].flatMap((id) => [1, 2, 3, 4].map((minute) => `${id}${minute}`))
      const found = await Promise.all(
        names.map((name) => findRefreshToken(test.database.read, name)),
      )
      return names.filter((_, index) => found[index])
    }

    it('finds a token together with its user', async () => {
      expect(await findRefreshToken(test.database.read, 'ann2')).toEqual({
        lastUsedAt: at(2),
        expiresAt: at(12),
        user: await findUserByName(test.database.read, 'ann'),
      })
      expect(await findRefreshToken(test.database.read, 'nobody')).toBeUndefined()
    })

    it('trims expired tokens and those unused for longest, of that user only', async () => {
      await test.database.transaction((tx) =>
        trimRefreshTokens(tx, 'ann', { now: at(11), keep: 2 }),
      )
      expect(await held()).toEqual(['ann3', 'ann4', 'bob1', 'bob2', 'bob3', 'bob4'])
    })

    it('trims nothing while there is room', async () => {
      await test.database.transaction((tx) => trimRefreshTokens(tx, 'ann', { now: at(5), keep: 4 }))
      expect(await held()).toHaveLength(8)
    })

    it('removes all tokens of one user and counts them', async () => {
      expect(await test.database.transaction((tx) => removeRefreshTokens(tx, 'bob'))).toBe(4)
      expect(await held()).toEqual(['ann1', 'ann2', 'ann3', 'ann4'])
    })

    it('removes the tokens with the user', async () => {
      await test.database.transaction((tx) => removeUser(tx, 'ann'))
      expect(await held()).toEqual(['bob1', 'bob2', 'bob3', 'bob4'])
    })

    it('does not bring a removed token back by using it', async () => {
      await test.database.transaction(async (tx) => {
        await removeRefreshTokens(tx, 'ann')
        await touchRefreshToken(tx, 'ann1', { lastUsedAt: at(5), expiresAt: at(50) })
      })
      expect(await findRefreshToken(test.database.read, 'ann1')).toBeUndefined()
    })
  })
})
