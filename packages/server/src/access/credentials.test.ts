import { hash as hashBcrypt } from '@node-rs/bcrypt'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { BerthError } from '../errors.ts'
import { bumpAccessEpoch } from '../metadata/access-epoch.ts'
import { updateUser } from '../metadata/users.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { contextOf, openTestSignIn, type TestSignIn } from '../testing/open-test-sign-in.ts'
import { totpCode } from './totp.ts'

const password = 'correct horse battery'
const home = '203.0.113.5'
const refused = (reason: string) => ({
  kind: 'unauthenticated',
  details: [expect.objectContaining({ reason })],
})
const throttled = { kind: 'rateLimited', details: [{ reason: 'tooManyFailures' }] }

describe.each(testDatabases)('Credentials on $name', (engine) => {
  describe.skipIf(!engine.available)('with users of every kind', () => {
    let test: TestDatabase
    let services: TestSignIn
    let now: number
    /** Passwords that were really looked at. */
    let evaluated: number
    beforeAll(async () => {
      test = await engine.open()
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      now = Date.UTC(2030, 0, 1)
      services = await openTestSignIn(test.database, { now: () => now })
      evaluated = 0
      const verify = services.passwords.verify.bind(services.passwords)
      services.passwords.verify = (...input) => {
        evaluated += 1
        return verify(...input)
      }
    })
    const addAlice = async () =>
      services.addUser('alice', { passwordHash: await services.passwords.hash(password) })
    const check = (secret = password, address = home, name = 'alice') =>
      services.credentials.check(name, secret, address)
    const readAlice = () =>
      test.database.read
        .selectFrom('users')
        .selectAll()
        .where('name', '=', 'alice')
        .executeTakeFirstOrThrow()

    it('evaluates under 30 of 1,000 guesses from 100 addresses, and lets the owner in meanwhile', async () => {
      await addAlice()
      await check()
      await services.addUser('other')
      // A node that was started again: nothing is remembered but what the database holds.
      const before = services
      services = { ...before, credentials: (await reopen()).credentials }
      evaluated = 0
      const guesses = Array.from({ length: 1000 }, (_, index) =>
        check(`guess number ${index}`, `198.51.100.${index % 100}`).then(
          () => 'right',
          (error: BerthError) => error.kind,
        ),
      )
      const owner = check()
      const answers = await Promise.all(guesses)
      expect((await owner).name).toBe('alice')
      expect(answers).not.toContain('right')
      expect(answers.filter((kind) => kind === 'rateLimited').length).toBeGreaterThan(970)
      expect(evaluated).toBeLessThan(30)
      // Over an hour, with the clock going on, one guess after the other.
      evaluated = 0
      for (let round = 0; round < 240; round += 1) {
        now += 15_000
        await check(`another ${round}`, `198.51.100.${round % 100}`).catch(() => undefined)
      }
      expect(evaluated).toBeLessThan(30)
      await expect(check(password, '198.51.100.1')).rejects.toMatchObject(throttled)
      services = { ...services, credentials: (await reopen()).credentials }
      expect((await check()).name).toBe('alice')
    })

    const reopen = async () => {
      const { Credentials } = await import('./credentials.ts')
      const { LoginThrottle } = await import('./login-throttle.ts')
      const { Refusals } = await import('./refusals.ts')
      const { database } = test
      const clock = () => now
      const { passwords, codes } = services
      const throttle = new LoginThrottle({ database, now: clock })
      const refusals = new Refusals({ database, now: clock })
      return {
        credentials: new Credentials({
          database,
          passwords,
          throttle,
          codes,
          refusals,
          now: clock,
        }),
      }
    }

    it('refuses the right password without looking at it while an unknown address is blocked', async () => {
      await addAlice()
      for (let round = 0; round < 5; round += 1) {
        await expect(check('wrong', '192.0.2.1')).rejects.toMatchObject(
          refused('invalidCredentials'),
        )
      }
      const before = evaluated
      await expect(check(password, '192.0.2.1')).rejects.toMatchObject(throttled)
      expect(evaluated).toBe(before)
      now += 1000
      expect((await check(password, '192.0.2.1')).name).toBe('alice')
    })

    it('answers alike for an unknown name, a wrong password, a disabled user and one without a password', async () => {
      await addAlice()
      const passwordHash = await services.passwords.hash(password)
      await services.addUser('gone', { passwordHash, disabledAt: '2030-01-01T00:00:00.000Z' })
      await services.addUser('elsewhere', { source: 'oidc:corp', externalId: '1' })
      const seen = new Set<string>()
      for (const [index, name] of ['nobody', 'alice', 'gone', 'elsewhere', 'x\0y'].entries()) {
        for (let round = 0; round < 7; round += 1) {
          const secret = name === 'gone' ? password : 'wrong'
          const error = await check(secret, `192.0.2.${index}`, name).catch((cause) => cause)
          if (round === 0 || round === 6)
            seen.add(JSON.stringify([round, error.message, error.details]))
          expect(error.kind).toBe(round < 5 ? 'unauthenticated' : 'rateLimited')
        }
      }
      expect(seen.size).toBe(2)
      expect(evaluated).toBe(25)
    })

    it('costs one hash for a client that comes again and again, and one for ten at once', async () => {
      await addAlice()
      await Promise.all(Array.from({ length: 10 }, () => check()))
      await check()
      expect(evaluated).toBe(1)
    })

    it('remembers a right pair for the address that it came from only', async () => {
      await addAlice()
      await check()
      for (let round = 0; round < 5; round += 1) {
        await check('wrong', '192.0.2.1').catch(() => undefined)
      }
      await expect(check(password, '192.0.2.1')).rejects.toMatchObject(throttled)
      await expect(check()).resolves.toMatchObject({ name: 'alice' })
    })

    it('forgets a right pair with a change of the password or of the user', async () => {
      const alice = await addAlice()
      await check()
      const passwordHash = await services.passwords.hash('zebra mosaic lantern')
      const change = (values: Parameters<typeof updateUser>[2]) =>
        test.database.transaction(async (tx) => {
          await updateUser(tx, alice.id, values)
          await bumpAccessEpoch(tx)
        })
      await change({ passwordHash })
      await expect(check()).rejects.toMatchObject(refused('invalidCredentials'))
      await check('zebra mosaic lantern')
      await change({ disabledAt: '2030-01-01T00:00:00.000Z' })
      await expect(check('zebra mosaic lantern')).rejects.toMatchObject(
        refused('invalidCredentials'),
      )
    })

    it('puts an argon2id hash in the place of an imported bcrypt one, for all who sign in at once', async () => {
      const imported = await hashBcrypt('old one', { cost: 4, version: '2y' })
      const alice = await services.addUser('alice', { passwordHash: imported })
      const session = await services.sessions.create({
        userId: alice.id,
        method: 'password',
        address: home,
        userAgent: '',
        secure: false,
      })
      await expect(check('wrong')).rejects.toMatchObject(refused('invalidCredentials'))
      expect((await readAlice()).password_hash).toBe(imported)
      const users = await Promise.all([
        check('old one'),
        check('old one', '192.0.2.1'),
        check('old one', '192.0.2.2'),
      ])
      const stored = (await readAlice()).password_hash
      expect(stored).toMatch(/^\$argon2id\$/)
      expect(users.at(-1)?.passwordHash).toBe(stored)
      await check('old one')
      await expect(check('wrong', '192.0.2.3')).rejects.toMatchObject(refused('invalidCredentials'))
      const cookie = session.cookie.split(';')[0] ?? ''
      expect(await services.sessions.authenticate(cookie)).toMatchObject({ userId: alice.id })
    })

    it('leaves the hash of a user from an htpasswd file as it is', async () => {
      const passwordHash = await hashBcrypt('old one', { cost: 4, version: '2y' })
      await services.addUser('alice', { passwordHash, source: 'htpasswd' })
      await check('old one')
      expect((await readAlice()).password_hash).toBe(passwordHash)
    })

    it('asks for an API key once a user has a second factor, and not before the password was right', async () => {
      const alice = await addAlice()
      await check()
      const context = contextOf(alice)
      const { uri } = await services.secondFactor.begin(context, alice.id)
      await check()
      const secret = decodeBase32(new URL(uri).searchParams.get('secret') ?? '')
      const code = () => totpCode(secret, Math.floor(now / 30_000))
      await services.secondFactor.confirm(context, alice.id, { code: code(), sessionId: '' })
      // What was remembered of the password does not help.
      await expect(check()).rejects.toMatchObject(refused('secondFactorRequired'))
      await expect(check(password, '192.0.2.1')).rejects.toMatchObject(
        refused('secondFactorRequired'),
      )
      await expect(check('wrong', '192.0.2.1')).rejects.toMatchObject(refused('invalidCredentials'))
      now += 30_000
      const input = { name: 'alice', password, address: home, requestId: '' }
      const withCode = (text: string | undefined) =>
        services.credentials.checkWithCode({ ...input, code: text })
      await expect(withCode(undefined)).rejects.toMatchObject(refused('secondFactorRequired'))
      const good = code()
      expect((await withCode(good)).name).toBe('alice')
      await expect(withCode(good)).rejects.toMatchObject(refused('secondFactorInvalid'))
    })

    it('counts wrong codes as wrong guesses', async () => {
      const alice = await addAlice()
      const context = contextOf(alice)
      const { uri } = await services.secondFactor.begin(context, alice.id)
      const secret = decodeBase32(new URL(uri).searchParams.get('secret') ?? '')
      const code = totpCode(secret, Math.floor(now / 30_000))
      await services.secondFactor.confirm(context, alice.id, { code, sessionId: '' })
      const guess = (text: string) =>
        services.credentials.checkWithCode({
          name: 'alice',
          password,
          code: text,
          address: home,
          requestId: '',
        })
      for (let round = 0; round < 5; round += 1) {
        await expect(guess('12345')).rejects.toMatchObject(refused('secondFactorInvalid'))
      }
      await expect(guess('12345')).rejects.toMatchObject(throttled)
    })

    it('asks the directory for its users and for unknown names, and nobody else', async () => {
      const asked: string[] = []
      let isAway = false
      const external = {
        async authenticate(name: string, secret: string) {
          asked.push(name)
          if (isAway) throw new BerthError('unavailable', 'The directory does not answer.')
          if (secret !== 'in the directory') return undefined
          const known = await test.database.read
            .selectFrom('users')
            .select('id')
            .where('name', '=', name)
            .executeTakeFirst()
          const more = { source: 'ldap', externalId: name } as const
          return known ? { ...carol, id: known.id, name } : services.addUser(name, more)
        },
      }
      services = await openTestSignIn(test.database, { now: () => now, external })
      await addAlice()
      const carol = await services.addUser('carol', { source: 'ldap', externalId: 'cn=carol' })
      await check()
      expect(asked).toEqual([])
      expect((await check('in the directory', home, 'carol')).id).toBe(carol.id)
      expect((await check('in the directory', home, 'dave')).name).toBe('dave')
      await expect(check('wrong', home, 'carol')).rejects.toMatchObject(
        refused('invalidCredentials'),
      )
      expect(asked).toEqual(['carol', 'dave', 'carol'])
      // Remembered for a minute, since nobody tells when it changes there.
      await check('in the directory', home, 'carol')
      expect(asked).toHaveLength(3)
      now += 60_000
      isAway = true
      for (let round = 0; round < 7; round += 1) {
        await expect(check('in the directory', home, 'carol')).rejects.toMatchObject({
          kind: 'unavailable',
        })
      }
      isAway = false
      expect((await check('in the directory', home, 'carol')).id).toBe(carol.id)
    })

    it('tells the audit log of refusals, of no more than twenty a minute from one address', async () => {
      for (let user = 0; user < 30; user += 1) {
        await check('wrong', '192.0.2.1', `user${user}`).catch(() => undefined)
      }
      const entries = await services.audit()
      expect(entries).toHaveLength(21)
      expect(entries[0]).toEqual({
        action: 'session.refused',
        target: 'user0',
        outcome: 'denied',
        after: { reason: 'invalidCredentials' },
      })
      expect(entries[20]).toMatchObject({ target: '', after: { reason: 'tooManyToList' } })
      now += 3_600_000
      await check('wrong', '192.0.2.1', 'My Secret Pass').catch(() => undefined)
      expect((await services.audit())[21]).toMatchObject({
        target: '',
        after: { reason: 'invalidCredentials', leftOutBefore: 10 },
      })
      expect(JSON.stringify(await services.audit())).not.toContain('Secret')
    })
  })
})

function decodeBase32(text: string): Buffer {
  const bits = Array.from(text, (letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  ).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}
