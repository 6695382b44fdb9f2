import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { prepareAccessEpoch } from '../metadata/access-epoch.ts'
import { findApiKeyById } from '../metadata/api-keys.ts'
import { dumpDatabase } from '../testing/dump-database.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { ApiKeys, isUsable, limitsOfKey } from './api-keys.ts'
import { AccessChanges, type ChangeContext } from './changes.ts'
import { limitsAllow } from './limits.ts'

const start = Date.UTC(2030, 0, 1)
const context: ChangeContext = {
  actor: { kind: 'user', id: 'id-alice', name: 'alice' },
  address: '192.0.2.1',
  requestId: 'r1',
}
const later = (ms: number) => new Date(start + ms).toISOString()
const wide = { actions: null, repositories: null, expiresAt: null }
const page = { limit: 200 }

describe.each(testDatabases)('ApiKeys on $name', (engine) => {
  describe.skipIf(!engine.available)('with two users', () => {
    let test: TestDatabase
    let keys: ApiKeys
    let now: number
    beforeAll(async () => {
      test = await engine.open()
      await test.database.transaction(async (tx) => {
        for (const name of ['alice', 'bob']) {
          const user = { id: `id-${name}`, name, password_hash: '', role: 'reader' as const }
          await tx
            .insertInto('users')
            .values({ ...user, disabled_at: null, created_at: later(0) })
            .execute()
        }
      })
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      await test.database.transaction(async (tx) => {
        await tx.deleteFrom('api_keys').execute()
        await tx.deleteFrom('audit_entries').execute()
        await tx.updateTable('users').set({ disabled_at: null }).execute()
      })
      now = start
      keys = new ApiKeys({
        database: test.database,
        changes: new AccessChanges(test.database, () => now),
        now: () => now,
      })
    })

    const create = (change: Partial<Parameters<ApiKeys['createKey']>[1]> = {}) =>
      keys.createKey(context, { userName: 'alice', name: 'laptop', ...wide, ...change })
    const canLogIn = (secret: string, userName?: string) =>
      keys.authenticate(secret, userName).then(
        () => true,
        (error: unknown) => {
          expect(error).toMatchObject({
            kind: 'unauthenticated',
            details: [{ reason: 'invalidCredentials' }],
          })
          return false
        },
      )
    const stored = (id: string) => findApiKeyById(test.database.read, id)

    it('makes keys that log their user in, under no other name', async () => {
      const { key, secret } = await create()
      expect(secret).toMatch(/^berth_key_[A-Za-z0-9_-]{43}$/)
      expect(await keys.authenticate(secret)).toEqual({ keyId: key.id, userId: 'id-alice' })
      expect(await canLogIn(secret, 'alice')).toBe(true)
      for (const other of ['bob', 'Alice', '']) expect(await canLogIn(secret, other)).toBe(false)
      for (const wrong of ['', 'berth_key_', `${secret}x`, secret.replace('key', 'robot')]) {
        expect(await canLogIn(wrong)).toBe(false)
      }
    })

    it('keeps the secret to its one answer', async () => {
      const { key, secret } = await create()
      await canLogIn(secret)
      const everywhere = await dumpDatabase(test.database)
      expect(everywhere).toContain((await stored(key.id))?.secretHash)
      expect(everywhere).not.toContain(secret.slice(10))
      const audit = await test.database.read.selectFrom('audit_entries').selectAll().execute()
      expect(audit).toHaveLength(1)
      for (const text of [
        JSON.stringify(audit),
        JSON.stringify(await keys.listKeys('alice', page)),
      ]) {
        expect(text).not.toMatch(/berth_key_|[0-9a-f]{64}/)
      }
    })

    it('belong to one user, whatever id another one gives', async () => {
      const { key, secret } = await create()
      const missing = { kind: 'notFound' }
      expect(await keys.listKeys('bob', page)).toEqual({ items: [], next: null })
      await expect(keys.revokeKey(context, { userName: 'bob', id: key.id })).rejects.toMatchObject(
        missing,
      )
      await expect(
        keys.revokeKey(context, { userName: 'nobody', id: key.id }),
      ).rejects.toMatchObject(missing)
      await expect(keys.listKeys('nobody', page)).rejects.toMatchObject(missing)
      await expect(create({ userName: 'nobody' })).rejects.toMatchObject(missing)
      expect(await canLogIn(secret)).toBe(true)
      await keys.revokeKey(context, { userName: 'alice', id: key.id })
      expect(await canLogIn(secret)).toBe(false)
      expect(await stored(key.id)).toBeUndefined()
    })

    it('end with their time and with their user', async () => {
      const { key, secret } = await create({ expiresAt: later(1000) })
      now = start + 999
      expect(await canLogIn(secret)).toBe(true)
      now = start + 1000
      expect(await canLogIn(secret)).toBe(false)
      expect(isUsable(await stored(key.id), now)).toBe(false)
      now = start
      await test.database.transaction((tx) =>
        tx
          .updateTable('users')
          .set({ disabled_at: later(0) })
          .where('name', '=', 'alice')
          .execute(),
      )
      expect(await canLogIn(secret)).toBe(false)
    })

    it('narrow what their user may', async () => {
      const { key } = await create({ actions: ['pull', 'pull'], repositories: ['acme/*'] })
      expect(key.actions).toEqual(['pull'])
      const held = await stored(key.id)
      if (!held) throw new Error('It is gone')
      const limits = limitsOfKey(held)
      expect(limitsAllow(limits, 'pull', 'acme/x')).toBe(true)
      expect(limitsAllow(limits, 'push', 'acme/x')).toBe(false)
      expect(limitsAllow(limits, 'pull', 'other/x')).toBe(false)
    })

    it.each([
      ['name', { name: 'My laptop' }],
      ['name', { name: '' }],
      ['actions', { actions: [] }],
      ['repositories', { repositories: [] }],
      ['repositories.0', { repositories: ['***'] }],
      ['expiresAt', { expiresAt: later(0) }],
    ])('are refused for a bad %s', async (field, change) => {
      await expect(create(change)).rejects.toMatchObject({
        kind: 'requestInvalid',
        details: [{ field }],
      })
    })

    it('have names of their own, and there are at most 100', async () => {
      const results = await Promise.allSettled([create(), create()])
      expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
      await expect(create()).rejects.toMatchObject({ kind: 'alreadyExists' })
      await create({ userName: 'bob' })
      for (let index = 1; index < 100; index += 1) await create({ name: `k${index}` })
      await expect(create({ name: 'k100' })).rejects.toMatchObject({ kind: 'conflict' })
      const names = (await keys.listKeys('alice', { after: 'k98', limit: 2 })).items.map(
        ({ name }) => name,
      )
      expect(names).toEqual(['k99', 'laptop'])
    })

    it('tell when they were last used, and no cache is told', async () => {
      const epoch = () => prepareAccessEpoch(test.database).first({})
      const { key, secret } = await create()
      const before = await epoch()
      await canLogIn(secret)
      now = start + 299_999
      await canLogIn(secret)
      expect((await stored(key.id))?.lastUsedAt).toBe(later(0))
      now = start + 300_000
      await canLogIn(secret)
      expect((await stored(key.id))?.lastUsedAt).toBe(later(300_000))
      expect(await epoch()).toEqual(before)
      await keys.revokeKey(context, { userName: 'alice', id: key.id })
      expect(await epoch()).not.toEqual(before)
    })
  })
})
