import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  group,
  isSlapdInstalled,
  person,
  type Slapd,
  startSlapd,
} from '../../../../test/tools/slapd.ts'
import { loadConfig } from '../config/load.ts'
import { withLdapConnection } from './ldap-connection.ts'
import { Ldap } from './ldap.ts'

const password = 'correct horse battery'
const unavailable = { kind: 'unavailable' }

type Settings = ConstructorParameters<typeof Ldap>[0]

const entries = [
  person('alice', password),
  person('bob', 'bobs own password'),
  person('carol', password),
  person('twin', password),
  // A second entry of the same uid, elsewhere below the base.
  'dn: ou=more,ou=people,dc=example,dc=com\nobjectClass: organizationalUnit\nou: more\n',
  person('twin', password).replace('uid=twin,ou=people', 'uid=twin,ou=more,ou=people'),
  person('Mixed.Case', password),
  person('a)(uid=*', password),
  person('back\\5cslash', password).replace('uid: back\\5cslash', 'uid: back\\slash'),
  group('team', ['uid=alice', 'uid=carol']),
  group('platform', ['cn=team', 'uid=bob']),
  group('company', ['cn=platform']),
  group('circle-a', ['cn=circle-b', 'uid=carol']),
  group('circle-b', ['cn=circle-a']),
  '\ndn: cn=unique,ou=groups,dc=example,dc=com\nobjectClass: groupOfUniqueNames\ncn: unique\nuniqueMember: uid=alice,ou=people,dc=example,dc=com\n',
  // A group outside of groupBase never counts.
  group('outside', ['uid=alice']).replace('ou=groups', 'ou=people'),
].join('\n')

describe.skipIf(!isSlapdInstalled && process.env.CI !== 'true')('Ldap with slapd', () => {
  let slapd: Slapd
  beforeAll(async () => {
    slapd = await startSlapd(entries)
  })
  afterAll(async () => {
    await slapd.stop()
  })

  const servers: Server[] = []
  const sockets = new Set<Socket>()
  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
    for (const server of servers.splice(0)) {
      server.close()
      await once(server, 'close')
    }
  })

  async function serverThat(
    does: (socket: Socket) => void,
    address = '127.0.0.1',
  ): Promise<number> {
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      does(socket)
    })
    servers.push(server)
    server.listen(0, address)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  /** A server in the middle that keeps what clients say. */
  async function wiretap(target: string, address?: string) {
    const heard: string[] = []
    let connections = 0
    const port = await serverThat((socket) => {
      connections += 1
      const onward = connect(Number(new URL(target).port), '127.0.0.1')
      sockets.add(onward)
      onward.on('error', () => undefined)
      socket.on('data', (data: Buffer) => heard.push(data.toString('latin1')))
      socket.pipe(onward).pipe(socket)
    }, address)
    const scheme = target.slice(0, target.indexOf(':'))
    return {
      url: `${scheme}://${address ?? 'localhost'}:${port}`,
      text: () => heard.join(''),
      connections: () => connections,
    }
  }

  function open(more: Partial<Settings> = {}): Ldap {
    const { ldap } = loadConfig({ environment: {} }).access
    return new Ldap({
      ...ldap,
      urls: [slapd.secureUrl],
      caFile: slapd.caFile,
      userBase: `ou=people,${slapd.suffix}`,
      groupBase: `ou=groups,${slapd.suffix}`,
      ...more,
    })
  }

  it('takes the right password and tells who it is', async () => {
    const identity = await open().authenticate('alice', password)
    expect(identity).toEqual({
      source: 'ldap',
      externalId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      preferredName: 'alice',
      displayName: 'The alice',
      email: 'alice@example.com',
      groups: expect.arrayContaining(['team', 'platform', 'company', 'unique']),
      role: undefined,
    })
    expect(identity?.groups).toHaveLength(4)
  })

  it.each([
    ['alice', 'wrong'],
    ['bob', password],
    ['nobody', password],
    ['', password],
    ['alice', `${password}\0`],
    ['alice', 'x'.repeat(2000)],
    ['outside', password],
  ])('refuses %j with %j', async (name, secret) => {
    expect(await open().authenticate(name, secret)).toBeUndefined()
  })

  it('refuses an empty password, although the directory itself would not', async () => {
    const wire = await wiretap(slapd.url)
    const ldap = open({ urls: [wire.url], insecure: true })
    expect(await ldap.authenticate('alice', '')).toBeUndefined()
    expect(wire.connections()).toBe(0)
    expect(await ldap.authenticate('alice', password)).toBeDefined()
    expect(wire.connections()).toBe(1)
  })

  it('refuses a name that two entries have', async () => {
    expect(await open().authenticate('twin', password)).toBeUndefined()
    expect(await open().lookup('twin')).toBeUndefined()
    const one = await open({ userScope: 'one' }).authenticate('twin', password)
    expect(one?.preferredName).toBe('twin')
  })

  it.each([
    '*',
    'ali*',
    'alice)(objectClass=*',
    'alice)(|(uid=*',
    '*)(uid=alice',
    '\\2a',
    'al\\69ce',
    'alice\0',
    'ａlice',
    'ali\u00ADce',
    'alice ',
    ' alice',
    'x'.repeat(10_000),
  ])('takes %j for a name and nothing else', async (name) => {
    expect(await open().authenticate(name, password)).toBeUndefined()
    expect(await open().lookup(name)).toBeUndefined()
  })

  it.each(['a)(uid=*', 'back\\slash'])('finds the user %j', async (name) => {
    expect((await open().authenticate(name, password))?.preferredName).toBe(name)
  })

  it('overlooks case only, and tells the name as the directory writes it', async () => {
    const [lower, upper] = [
      await open().authenticate('mixed.case', password),
      await open().authenticate('MIXED.CASE', password),
    ]
    expect(lower?.preferredName).toBe('Mixed.Case')
    expect(upper).toEqual(lower)
  })

  it('finds groups in groups, in circles too, or only the direct ones', async () => {
    const carol = await open().lookup('carol')
    expect([...(carol?.groups ?? [])].sort()).toEqual([
      'circle-a',
      'circle-b',
      'company',
      'platform',
      'team',
    ])
    const direct = await open({ nestedGroups: false }).lookup('carol')
    expect([...(direct?.groups ?? [])].sort()).toEqual(['circle-a', 'team'])
  })

  it('reads memberOf likewise, and only what lies where groups are', async () => {
    const carol = await open({ groupMembership: 'memberOf' }).lookup('carol')
    expect([...(carol?.groups ?? [])].sort()).toEqual([
      'circle-a',
      'circle-b',
      'company',
      'platform',
      'team',
    ])
    const alice = await open({ groupMembership: 'memberOf', nestedGroups: false }).lookup('alice')
    expect(alice?.groups).toEqual(['team'])
  })

  it('calls groups by their whole names where told so', async () => {
    const bob = await open({ groupName: 'dn', nestedGroups: false }).lookup('bob')
    expect(bob?.groups).toEqual([`cn=platform,ou=groups,${slapd.suffix}`])
  })

  it('lets in only members of a required group, and gives the role of the first entry', async () => {
    const settings = {
      requiredGroups: ['team'],
      roleMappings: [
        { group: 'company', role: 'developer' },
        { group: 'team', role: 'admin' },
      ],
    } as const
    expect((await open(settings).authenticate('alice', password))?.role).toBe('developer')
    expect(await open(settings).authenticate('bob', 'bobs own password')).toBeUndefined()
    const noRole = { roleMappings: [{ group: 'nowhere', role: 'admin' }] } as const
    expect((await open(noRole).lookup('alice'))?.role).toBe('none')
  })

  it('looks users up by what never changes', async () => {
    const [alice, bob] = [await open().lookup('alice'), await open().lookup('bob')]
    const ids = [alice?.externalId ?? '', bob?.externalId ?? '', 'gone', '*', '']
    const found = await open().lookupAll(ids)
    expect([...found.values()]).toEqual([alice, bob])
  })

  it('encrypts by StartTLS before anything is said', async () => {
    const wire = await wiretap(slapd.url)
    const started = { urls: [wire.url], startTls: true }
    expect((await open(started).authenticate('alice', password))?.preferredName).toBe('alice')
    expect(wire.connections()).toBe(1)
    expect(wire.text()).not.toContain('alice')
  })

  it.each([
    ['ldaps', {}],
    ['StartTLS', { startTls: true }],
  ])('says nothing to a server without the right certificate over %s', async (kind, settings) => {
    // The certificate is for localhost and 127.0.0.1.
    const wire = await wiretap(kind === 'ldaps' ? slapd.secureUrl : slapd.url, '127.0.0.2')
    const { ldap } = loadConfig({ environment: {} }).access
    const base = { userBase: slapd.suffix, ...settings }
    const distrusting = new Ldap({ ...ldap, ...base, urls: [slapd.secureUrl] })
    await expect(distrusting.authenticate('alice', password)).rejects.toMatchObject(unavailable)
    const otherName = open({ ...base, urls: [wire.url] })
    await expect(otherName.authenticate('alice', password)).rejects.toMatchObject(unavailable)
    expect(wire.connections()).toBe(1)
    expect(wire.text()).not.toContain('alice')
  })

  it('goes without encryption only where told so', async () => {
    const wire = await wiretap(slapd.url)
    const plain = { urls: [wire.url], insecure: true }
    expect((await open(plain).authenticate('alice', password))?.preferredName).toBe('alice')
    expect(wire.text()).toContain(password)
  })

  it('signs in as an account of its own where nobody else may search', async () => {
    const closed = await startSlapd(person('alice', password), { allowAnonymous: false })
    try {
      const settings = {
        urls: [closed.secureUrl],
        caFile: closed.caFile,
        bindDn: closed.adminDn,
        bindPassword: closed.adminPassword,
      }
      expect((await open(settings).authenticate('alice', password))?.preferredName).toBe('alice')
      expect(await open(settings).authenticate('alice', 'wrong')).toBeUndefined()
      const wrong = open({ ...settings, bindPassword: 'wrong' }).authenticate('alice', password)
      await expect(wrong).rejects.toMatchObject(unavailable)
    } finally {
      await closed.stop()
    }
  })

  describe('with servers that fail', () => {
    const plainServer = async (does: (socket: Socket) => void) =>
      `ldap://127.0.0.1:${await serverThat(does)}`

    it('asks the next server when one is away, closes, says nothing or talks nonsense', async () => {
      const urls = [
        'ldap://127.0.0.1:1',
        await plainServer((socket) => socket.destroy()),
        await plainServer(() => undefined),
        await plainServer((socket) => socket.write(Buffer.alloc(64, 0xff))),
        slapd.url,
      ]
      const ldap = open({ urls, insecure: true, timeoutSeconds: 0.5 })
      expect((await ldap.authenticate('alice', password))?.preferredName).toBe('alice')
      // And from then on the one that answered.
      const before = sockets.size
      expect((await ldap.authenticate('alice', password))?.preferredName).toBe('alice')
      expect(sockets.size).toBe(before)
    })

    it('says that it does not know when no server answers', async () => {
      const ldap = open({ urls: ['ldap://127.0.0.1:1', 'ldap://127.0.0.1:2'], insecure: true })
      await expect(ldap.authenticate('alice', password)).rejects.toMatchObject(unavailable)
    })

    it('never goes on in the open when the encrypted connection breaks', async () => {
      const wire = await wiretap(slapd.url)
      const { ldap: defaults } = loadConfig({ environment: {} }).access
      const settings = { ...defaults, startTls: true, caFile: slapd.caFile }
      await withLdapConnection(settings, wire.url, async (connection) => {
        await connection.bindForSearch()
        for (const socket of sockets) socket.destroy()
        const dn = `uid=alice,ou=people,${slapd.suffix}`
        for (let attempt = 0; attempt < 3; attempt += 1) {
          await expect(connection.bind(dn, password)).rejects.toThrow(Error)
        }
      })
      expect(wire.connections()).toBe(1)
      expect(wire.text()).not.toContain('alice')
    })
  })
})
