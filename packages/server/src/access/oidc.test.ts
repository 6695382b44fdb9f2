import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type OidcProvider,
  signInAtProvider,
  startOidcProvider,
} from '../../../../test/tools/oidc-provider.ts'
import { configSchema } from '../config/schema.ts'
import { Outbound } from '../outbound/outbound.ts'
import type { ExternalIdentity } from './external-users.ts'
import { OidcSignIn } from './oidc.ts'

const callback = 'https://berth.example/api/v1/auth/oidc/corp/callback'
const from = { address: '192.0.2.7', requestId: 'r1' }
const expired = { kind: 'requestInvalid', details: [{ reason: 'signInExpired' }] }
const denied = { kind: 'denied' }

describe.each([
  { name: 'a confidential client, claims from userinfo', clientId: 'secretive', inToken: false },
  { name: 'a public client, claims in the ID token', clientId: 'open', inToken: true },
])('OidcSignIn with oidc-provider, $name', ({ clientId, inToken }) => {
  let provider: OidcProvider
  let folder = ''
  // The tokens of the provider bear the time of this machine, and none may come from the future.
  let ahead = 0
  const seen: ExternalIdentity[] = []
  let isDisabled = false

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-oidc-test-'))
    await writeFile(join(folder, 'secret'), 'the client secret\n')
    provider = await startOidcProvider({
      users: {
        'id-1': {
          name: 'Alice Example',
          preferred_username: 'alice',
          email: 'alice@example.com',
          email_verified: true,
          groups: ['team', 'platform'],
        },
        'id-2': { preferred_username: 'bob', email: 'bob@example.com', email_verified: false },
      },
      clients: [
        { id: 'secretive', secret: 'the client secret', redirectUris: [callback] },
        { id: 'open', redirectUris: [callback] },
      ],
      claimsInIdToken: inToken,
    })
  })
  afterAll(async () => {
    await provider.stop()
    await rm(folder, { recursive: true, force: true })
  })

  function open(more: object = {}, ticketKey = randomBytes(32)): OidcSignIn {
    const { access, outbound: defaults } = configSchema.parse({
      access: {
        oidc: [
          {
            id: 'corp',
            name: 'Corporation',
            issuer: provider.issuer,
            clientId,
            scopes: ['profile', 'email', 'groups'],
            ...(clientId === 'secretive' && { clientSecretFile: join(folder, 'secret') }),
            ...more,
          },
          { id: 'other', name: 'Other', issuer: provider.issuer, clientId },
        ],
      },
    })
    const outbound = new Outbound({
      settings: { ...defaults, allowedNetworks: ['127.0.0.1'], caFile: provider.caFile },
    })
    return new OidcSignIn({
      providers: access.oidc,
      fetch: (url, request) => outbound.fetch(url, request),
      ticketKey,
      signInExternal: (identity) => {
        seen.push(identity)
        return Promise.resolve({
          id: `user-${identity.externalId}`,
          disabledAt: isDisabled ? '2026-01-01' : null,
        })
      },
      now: () => Date.now() + ahead,
    })
  }

  async function signIn(signIns: OidcSignIn, user: string, returnTo?: string) {
    const started = await signIns.start({ provider: 'corp', returnTo, callbackUrl: callback })
    const back = await signInAtProvider(provider, started.location, user)
    return { ...started, back }
  }

  it('signs somebody in and tells who they are', async () => {
    const signIns = open()
    const { ticket, back, location } = await signIn(signIns, 'id-1', '/projects/acme%2Fml?tab=x#y')
    expect(new URL(location).searchParams.get('code_challenge_method')).toBe('S256')
    expect(location).not.toContain('verifier')
    const result = await signIns.finish({
      provider: 'corp',
      ticket,
      callbackUrl: new URL(back),
      from,
    })
    expect(result).toEqual({ userId: 'user-id-1', returnTo: '/projects/acme%2Fml?tab=x#y' })
    expect(seen.at(-1)).toEqual({
      source: 'oidc:corp',
      externalId: 'id-1',
      preferredName: 'alice',
      displayName: 'Alice Example',
      email: 'alice@example.com',
      groups: ['team', 'platform'],
      role: undefined,
    })
  })

  it('believes no e-mail address that is not verified', async () => {
    const signIns = open()
    const { ticket, back } = await signIn(signIns, 'id-2')
    await signIns.finish({ provider: 'corp', ticket, callbackUrl: new URL(back), from })
    expect(seen.at(-1)).toMatchObject({ preferredName: 'bob', email: undefined, groups: [] })
  })

  it('tells of changed groups at the next sign-in', async () => {
    const signIns = open({ roleMappings: [{ group: 'admins', role: 'admin' }] })
    await provider.setUser('id-3', { groups: ['admins'] })
    for (const [groups, role] of [
      [['admins'], 'admin'],
      [['others'], 'none'],
    ] as const) {
      await provider.setUser('id-3', { groups })
      const { ticket, back } = await signIn(signIns, 'id-3')
      await signIns.finish({ provider: 'corp', ticket, callbackUrl: new URL(back), from })
      expect(seen.at(-1)).toMatchObject({ groups, role })
    }
  })

  it('lets in only members of a required group', async () => {
    const signIns = open({ requiredGroups: ['platform'] })
    const alice = await signIn(signIns, 'id-1')
    await signIns.finish({
      provider: 'corp',
      ticket: alice.ticket,
      callbackUrl: new URL(alice.back),
      from,
    })
    const bob = await signIn(signIns, 'id-2')
    const count = seen.length
    await expect(
      signIns.finish({
        provider: 'corp',
        ticket: bob.ticket,
        callbackUrl: new URL(bob.back),
        from,
      }),
    ).rejects.toMatchObject(denied)
    expect(seen).toHaveLength(count)
  })

  it('lets no disabled user in', async () => {
    const signIns = open()
    const { ticket, back } = await signIn(signIns, 'id-1')
    isDisabled = true
    try {
      await expect(
        signIns.finish({ provider: 'corp', ticket, callbackUrl: new URL(back), from }),
      ).rejects.toMatchObject(denied)
    } finally {
      isDisabled = false
    }
  })

  it('takes a code once', async () => {
    const signIns = open()
    const { ticket, back } = await signIn(signIns, 'id-1')
    const request = { provider: 'corp', ticket, callbackUrl: new URL(back), from }
    await signIns.finish(request)
    await expect(signIns.finish(request)).rejects.toMatchObject(denied)
  })

  it('belongs to the browser that began it', async () => {
    const signIns = open()
    const mine = await signIn(signIns, 'id-1')
    const theirs = await signIn(signIns, 'id-2')
    const forged = new URL(theirs.back)
    forged.searchParams.set('state', new URL(mine.back).searchParams.get('state') ?? '')
    const twice = new URL(mine.back)
    twice.searchParams.append('state', 'x')
    const none = new URL(mine.back)
    none.searchParams.delete('state')
    const good = new URL(mine.back)
    const altered = `${mine.ticket.slice(0, -4)}AAAA`
    const foreign = await open().start({
      provider: 'corp',
      returnTo: undefined,
      callbackUrl: callback,
    })
    const cases: [string | undefined, URL][] = [
      [undefined, good],
      ['', good],
      ['nonsense', good],
      ['x'.repeat(100_000), good],
      [altered, good],
      [theirs.ticket, good],
      [foreign.ticket, good],
      [mine.ticket, new URL(theirs.back)],
      [mine.ticket, twice],
      [mine.ticket, none],
    ]
    for (const [ticket, callbackUrl] of cases) {
      await expect(
        signIns.finish({ provider: 'corp', ticket, callbackUrl, from }),
      ).rejects.toMatchObject(expired)
    }
    await expect(
      signIns.finish({ provider: 'other', ticket: mine.ticket, callbackUrl: good, from }),
    ).rejects.toMatchObject(expired)
    // With the right state and a code that was made for another browser, PKCE refuses.
    await expect(
      signIns.finish({ provider: 'corp', ticket: mine.ticket, callbackUrl: forged, from }),
    ).rejects.toMatchObject(denied)
  })

  it('is over after ten minutes', async () => {
    const signIns = open()
    const { ticket, back } = await signIn(signIns, 'id-1')
    const request = { provider: 'corp', ticket, callbackUrl: new URL(back), from }
    ahead = 601_000
    try {
      await expect(signIns.finish(request)).rejects.toMatchObject(expired)
    } finally {
      ahead = 0
    }
    await signIns.finish(request)
  })

  it('tells of a refusal by the provider', async () => {
    const signIns = open()
    const { ticket, back } = await signIn(signIns, 'id-1')
    const url = new URL(back)
    url.searchParams.delete('code')
    url.searchParams.set('error', 'access_denied')
    await expect(
      signIns.finish({ provider: 'corp', ticket, callbackUrl: url, from }),
    ).rejects.toMatchObject(denied)
  })

  it('refuses an answer of another issuer (mix-up)', async () => {
    const signIns = open()
    for (const issuer of ['https://evil.example', undefined]) {
      const { ticket, back } = await signIn(signIns, 'id-1')
      const url = new URL(back)
      if (issuer === undefined) url.searchParams.delete('iss')
      else url.searchParams.set('iss', issuer)
      await expect(
        signIns.finish({ provider: 'corp', ticket, callbackUrl: url, from }),
      ).rejects.toMatchObject(denied)
    }
  })

  it('knows its providers only', async () => {
    const signIns = open()
    expect(signIns.listProviders()).toEqual([
      { id: 'corp', name: 'Corporation' },
      { id: 'other', name: 'Other' },
    ])
    await expect(
      signIns.start({ provider: 'nowhere', returnTo: undefined, callbackUrl: callback }),
    ).rejects.toMatchObject({ kind: 'notFound' })
  })
})
