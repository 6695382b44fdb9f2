import { createSecretKey, generateKeyPairSync, hkdfSync } from 'node:crypto'
import { parseRepositoryName } from '@berth/oci/reference.ts'
import { decodeJwt, exportJWK, type JWTHeaderParameters, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { InstanceRole, RepositoryAction } from '../actor.ts'
import { type ConfigSources, loadConfig } from '../config/load.ts'
import { bumpAccessEpoch } from '../metadata/access-epoch.ts'
import { getOrCreateSecret } from '../metadata/secrets.ts'
import { insertUser } from '../metadata/users.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import type { Caller } from './caller.ts'
import { openAccess } from './open.ts'
import { Passwords } from './passwords.ts'

const password = 'correct horse battery'
const app = parseRepositoryName('team/app')
const other = parseRepositoryName('team/other')
const address = () => '192.0.2.1'
const configWith = (access: NonNullable<ConfigSources['overrides']>['access'] = {}) =>
  loadConfig({ environment: {}, overrides: { access } })
const everything = ['repository:team/app:pull,push,delete', 'registry:catalog:*']
const basic = (name: string, secret = password) =>
  `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`
const refused = (reason: string) => ({ kind: 'unauthenticated', details: [{ reason }] })

async function allowed(caller: Caller): Promise<string> {
  const held: string[] = []
  for (const action of ['pull', 'push', 'delete'] satisfies RepositoryAction[]) {
    if (await caller.may(action, app)) held.push(action)
  }
  if (caller.mayInstance('catalog')) held.push('catalog')
  return held.join(' ')
}

describe.each(testDatabases)('Authenticator on $name', (engine) => {
  describe.skipIf(!engine.available)('with users', () => {
    let test: TestDatabase
    let access: Awaited<ReturnType<typeof openAccess>>
    let now: number
    // Hashed once: a hash is slow, and these tests are many.
    let passwordHash: string
    beforeAll(async () => {
      test = await engine.open()
      access = await openAccess({ database: test.database, config: configWith(), now: () => now })
      passwordHash = await new Passwords().hash(password)
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      now = Date.UTC(2030, 0, 1)
      const createdAt = new Date(now).toISOString()
      await test.database.transaction(async (tx) => {
        await tx.deleteFrom('users').execute()
        await tx.deleteFrom('login_throttles').execute()
        for (const [name, role] of [
          ['root', 'admin'],
          ['wren', 'developer'],
        ] as const) {
          await insertUser(tx, {
            id: name,
            name,
            passwordHash,
            role,
            disabledAt: null,
            createdAt,
            displayName: null,
            email: null,
            source: 'local',
            externalId: null,
            version: 1,
          })
          await bumpAccessEpoch(tx)
        }
      })
    })

    const authenticate = (authorization: string | undefined) =>
      access.authenticator.authenticate({ authorization, address })
    const bearerOf = async (name: string, scopes = everything) => {
      const credentials = { name, password }
      const answer = await access.tokens.issue({
        credentials,
        scopes,
        offline: false,
        clientId: '',
        address,
      })
      return `Bearer ${answer.token}`
    }

    describe('without credentials', () => {
      it.each<[InstanceRole & ('none' | 'reader' | 'admin'), string]>([
        ['none', ''],
        ['reader', 'pull catalog'],
        ['admin', 'pull push delete catalog'],
      ])('gives the anonymous role %s', async (anonymousRole, rights) => {
        const { authenticator, tokens } = await openAccess({
          database: test.database,
          config: configWith({ anonymousRole }),
        })
        const caller = await authenticator.authenticate({ authorization: undefined, address })
        expect(caller).toMatchObject({
          credentials: 'none',
          actor: { kind: 'anonymous', id: 'anonymous' },
        })
        expect(await allowed(caller)).toBe(rights)

        const request = {
          credentials: undefined,
          offline: false,
          clientId: '',
          scopes: everything,
          address,
        }
        const withToken = await authenticator.authenticate({
          authorization: `Bearer ${(await tokens.issue(request)).token}`,
          address,
        })
        expect(withToken).toMatchObject({ credentials: 'token', actor: { kind: 'anonymous' } })
        expect(await allowed(withToken)).toBe(rights)
      })
    })

    describe('with a password', () => {
      it('gives what the role allows, everywhere', async () => {
        const caller = await authenticate(basic('wren'))
        expect(caller).toMatchObject({
          credentials: 'password',
          actor: { kind: 'user', name: 'wren' },
        })
        expect(await allowed(caller)).toBe('pull push catalog')
        expect(await caller.may('push', other)).toBe(true)
        expect(await allowed(await authenticate(basic('root').replace('Basic', 'bASIC')))).toBe(
          'pull push delete catalog',
        )
      })

      it.each([
        ['a wrong password', basic('wren', 'wrong horse battery')],
        ['an unknown user', basic('nobody')],
        ['no password', basic('wren', '')],
        ['no colon', `Basic ${Buffer.from('wren').toString('base64')}`],
        ['a very long password', basic('wren', 'x'.repeat(5000))],
        ['a name of another case', basic('WREN')],
      ])('refuses %s', async (_, authorization) => {
        await expect(authenticate(authorization)).rejects.toMatchObject(
          refused('invalidCredentials'),
        )
      })

      it('keeps a password with colons whole', async () => {
        await access.users.createUser({ name: 'colon', password: 'a:b:c:d:e:f:g', role: 'reader' })
        expect(await authenticate(basic('colon', 'a:b:c:d:e:f:g'))).toMatchObject({
          actor: { name: 'colon' },
        })
      })

      it('forgets a verified password the moment it changes, and follows the role', async () => {
        expect(await allowed(await authenticate(basic('wren')))).toBe('pull push catalog')
        await access.users.changeRole('wren', 'reader')
        expect(await allowed(await authenticate(basic('wren')))).toBe('pull catalog')
        await access.users.changePassword('wren', 'another horse battery')
        await expect(authenticate(basic('wren'))).rejects.toMatchObject(
          refused('invalidCredentials'),
        )
        await authenticate(basic('wren', 'another horse battery'))
        await access.users.disableUser('wren')
        await expect(authenticate(basic('wren', 'another horse battery'))).rejects.toMatchObject(
          refused('invalidCredentials'),
        )
      })

      it('checks the same password sent a hundred times at once without refusing any', async () => {
        // One that has verified no password yet, and cannot queue a hundred.
        const { authenticator } = await openAccess({
          database: test.database,
          config: configWith(),
        })
        const sent = Array.from({ length: 100 }, () =>
          authenticator.authenticate({ authorization: basic('wren'), address }),
        )
        expect((await Promise.all(sent)).every((caller) => caller.actor.name === 'wren')).toBe(true)
      })
    })

    describe('with a token', () => {
      it('gives what the token grants and nothing beside it', async () => {
        const caller = await authenticate(
          await bearerOf('wren', ['repository:team/app:pull,push,delete']),
        )
        expect(caller).toMatchObject({
          credentials: 'token',
          actor: { kind: 'user', name: 'wren' },
        })
        expect(await allowed(caller)).toBe('pull push')
        expect(await caller.may('pull', other)).toBe(false)
      })

      it('accepts one without access, as docker login sends it', async () => {
        const caller = await authenticate(await bearerOf('root', []))
        expect(caller.actor.name).toBe('root')
        expect(await allowed(caller)).toBe('')
      })

      it('takes the scheme in any case', async () => {
        const header = await bearerOf('wren')
        expect(await allowed(await authenticate(header.replace('Bearer', 'bearer')))).toBe(
          'pull push catalog',
        )
      })

      it('works after a restart and on another node', async () => {
        const header = await bearerOf('wren')
        const second = await openAccess({
          database: test.database,
          config: configWith(),
          now: () => now,
        })
        expect(
          await allowed(
            await second.authenticator.authenticate({ authorization: header, address }),
          ),
        ).toBe('pull push catalog')
      })

      it('ends with its lifetime, also when it is known already', async () => {
        const header = await bearerOf('wren')
        await authenticate(header)
        now += 299_000
        await authenticate(header)
        now += 1_000
        await expect(authenticate(header)).rejects.toMatchObject(refused('invalidToken'))
        const second = await openAccess({
          database: test.database,
          config: configWith(),
          now: () => now,
        })
        await expect(
          second.authenticator.authenticate({ authorization: header, address }),
        ).rejects.toMatchObject(refused('invalidToken'))
      })

      it('is not valid before it was issued', async () => {
        const header = await bearerOf('wren')
        now -= 31_000
        await expect(authenticate(header)).rejects.toMatchObject(refused('invalidToken'))
      })

      // Each is asked with a token used before and with one never seen, so that no memory can hide a change.
      it.each<[string, string, () => Promise<unknown>]>([
        ['a demotion', 'pull catalog', () => access.users.changeRole('wren', 'reader')],
        ['a promotion', 'pull push catalog', () => access.users.changeRole('wren', 'admin')],
        ['disabling', 'refused', () => access.users.disableUser('wren')],
        ['deletion', 'refused', () => access.users.deleteUser('wren')],
        [
          'a new password',
          'refused',
          () => access.users.changePassword('wren', 'another horse battery'),
        ],
        [
          'deletion and a new user of the same name',
          'refused',
          async () => {
            await access.users.deleteUser('wren')
            await access.users.createUser({ name: 'wren', password, role: 'developer' })
          },
        ],
      ])('follows %s at the next request: %s', async (_, expected, change) => {
        const [used, fresh] = [await bearerOf('wren'), await bearerOf('wren')]
        expect(await allowed(await authenticate(used))).toBe('pull push catalog')
        await change()
        for (const header of [used, fresh, used]) {
          if (expected === 'refused') {
            await expect(authenticate(header)).rejects.toMatchObject(refused('invalidToken'))
          } else {
            expect(await allowed(await authenticate(header))).toBe(expected)
          }
        }
      })

      it('follows a demotion and a promotion back', async () => {
        const header = await bearerOf('wren')
        await access.users.changeRole('wren', 'reader')
        expect(await allowed(await authenticate(header))).toBe('pull catalog')
        await access.users.changeRole('wren', 'developer')
        expect(await allowed(await authenticate(header))).toBe('pull push catalog')
      })
    })

    describe('with a forged token', () => {
      type Parts = {
        iss: string
        aud: string
        sub: string
        exp: number
        nbf: number
        header: JWTHeaderParameters
        key: Parameters<SignJWT['sign']>[0]
        pwd: string | undefined
      }
      let signingKey: ReturnType<typeof createSecretKey>
      let genuine: { sub: string; pwd: string }
      beforeEach(async () => {
        const secret = await getOrCreateSecret(test.database, 'access-token', 32)
        signingKey = createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'sign', 32)))
        genuine = decodeJwt<{ sub: string; pwd: string }>((await bearerOf('root')).slice(7))
      })

      const forge = async (change: Partial<Parts>) => {
        const parts = {
          iss: 'berth',
          aud: 'berth-registry',
          sub: genuine.sub,
          exp: now / 1000 + 60,
          nbf: now / 1000,
          header: { alg: 'HS256', typ: 'JWT' },
          key: signingKey,
          pwd: genuine.pwd,
          ...change,
        }
        const access = [{ type: 'repository', name: app, actions: ['pull', 'push', 'delete'] }]
        const token = await new SignJWT({ access, pwd: parts.pwd })
          .setProtectedHeader(parts.header)
          .setIssuer(parts.iss)
          .setAudience(parts.aud)
          .setSubject(parts.sub)
          .setIssuedAt(now / 1000)
          .setNotBefore(parts.nbf)
          .setExpirationTime(parts.exp)
          .setJti('forged')
          .sign(parts.key)
        return `Bearer ${token}`
      }
      const rejects = async (authorization: string) => {
        await expect(authenticate(authorization)).rejects.toMatchObject(refused('invalidToken'))
      }

      it('accepts what this test makes with the true key, so that the refusals below mean something', async () => {
        expect(await allowed(await authenticate(await forge({})))).toBe('pull push delete')
      })

      it.each<[string, (at: number) => Partial<Parts>]>([
        ['another issuer', () => ({ iss: 'somebody' })],
        ['another audience', () => ({ aud: 'registry.example.com' })],
        ['an end in the past', (at) => ({ exp: at - 1 })],
        ['an end right now', (at) => ({ exp: at })],
        ['a beginning in the future', (at) => ({ nbf: at + 60 })],
        ['another type', () => ({ header: { alg: 'HS256', typ: 'at+jwt' } })],
        ['no type', () => ({ header: { alg: 'HS256' } })],
        ['a user that does not exist', () => ({ sub: 'user:nobody' })],
        ['a subject of no kind', () => ({ sub: 'nobody' })],
        ['the fingerprint of another password', () => ({ pwd: 'AAAAAAAAAAAAAAAAAAAAAA' })],
        ['no fingerprint', () => ({ pwd: undefined })],
      ])('refuses one with %s, though the key is right', async (_, change) => {
        await rejects(await forge(change(now / 1000)))
      })

      it('refuses one signed with another secret', async () => {
        const secrets = [
          Buffer.alloc(32),
          Buffer.from('berth'.padEnd(32, ' ')),
          Buffer.alloc(32, 1),
        ]
        for (const secret of secrets) await rejects(await forge({ key: createSecretKey(secret) }))
      })

      it('refuses one that brings its own key in the header', async () => {
        const secret = createSecretKey(Buffer.alloc(32, 7))
        const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
        const octets = await exportJWK(secret)
        const jwk = await exportJWK(rsa.publicKey)
        const jku = 'https://attacker.example/keys'
        await rejects(
          await forge({ key: secret, header: { alg: 'HS256', typ: 'JWT', jwk: octets } }),
        )
        await rejects(
          await forge({ key: secret, header: { alg: 'HS256', typ: 'JWT', kid: '../../dev/null' } }),
        )
        await rejects(
          await forge({ key: rsa.privateKey, header: { alg: 'RS256', typ: 'JWT', jwk } }),
        )
        await rejects(
          await forge({ key: rsa.privateKey, header: { alg: 'PS256', typ: 'JWT', jku, x5u: jku } }),
        )
        await rejects(
          await forge({ key: rsa.privateKey, header: { alg: 'RS256', typ: 'JWT', x5c: ['AAAA'] } }),
        )
      })

      it('refuses another algorithm, though the key is right', async () => {
        const long = createSecretKey(Buffer.concat([signingKey.export(), Buffer.alloc(32)]))
        await rejects(await forge({ key: long, header: { alg: 'HS512', typ: 'JWT' } }))
      })

      it('refuses one without a signature, or with the signature of another', async () => {
        const [header = '', payload = '', signature = ''] = (await forge({})).slice(7).split('.')
        const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url')
        const [, otherPayload = ''] = (await bearerOf('wren')).split('.')
        for (const token of [
          `${none}.${payload}.`,
          `${none}.${payload}.${signature}`,
          `${none}.${payload}`,
          `${header}.${payload}.`,
          `${header}.${payload}`,
          `${header}.${otherPayload}.${signature}`,
          `${header}.${payload}.${signature}.`,
          `${header}.${payload}.${signature.slice(0, -2)}`,
        ]) {
          await rejects(`Bearer ${token}`)
        }
      })

      it.each(['x', '.', '..', '...', 'e30.e30.e30', '%00', '\u00ff', 'a'.repeat(20_000)])(
        'refuses %j as a token',
        async (text) => {
          await rejects(`Bearer ${text}`)
        },
      )
    })

    it.each([
      '',
      'Bearer',
      'Bearer ',
      'Basic',
      'Basic !!!',
      'Digest username="wren"',
      'Bearer a b',
      'Negotiate x',
    ])('refuses the header %j', async (authorization) => {
      await expect(authenticate(authorization)).rejects.toMatchObject(refused('unknownScheme'))
    })
  })
})
