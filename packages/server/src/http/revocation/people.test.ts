import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { artifact, ask, basic, readJson } from '../../testing/http-client.ts'
import { testDatabases } from '../../testing/open-test-databases.ts'
import { openTestNodes, type TestNodes } from '../../testing/open-test-nodes.ts'
import {
  type Entrance,
  exchangeToken,
  expectRevoked,
  fetchToken,
  isLetIn,
} from '../../testing/revoke.ts'

/**
 * What CVE-2026-35172 and CVE-2025-23208 were elsewhere: a right that was taken away, and a memory that still had it.
 * Every way to take a right from a person, with every kind of credentials that the person may have.
 */

const password = 'heron basalt umbrella'

/** A user with a repository that the test is about. */
type Person = {
  readonly name: string
  /** Of their own, so that the throttle of sign-ins sees each by themselves. */
  readonly address: string
  readonly project: string
  readonly repository: string
  readonly group: string
}

type Way = {
  readonly name: string
  /** What the person may do before; `member` by default. */
  readonly by?: 'instance role' | 'member' | 'group' | 'instance role of a group' | 'visibility'
  readonly visibility?: 'internal' | 'public'
  readonly role?: 'reader' | 'developer'
  /** What is asked for; to pull by default. */
  readonly asked?: 'push' | 'tags of nothing'
  revoke(person: Person, test: TestNodes): Promise<unknown>
  /** The kinds of credentials that it leaves alone. */
  readonly survivors?: readonly string[]
}

const keys = ['key as password', 'key as bearer', 'token for the key']
const userPath = ({ name }: Person) => `/users/${name}`
const memberPath = ({ project, name }: Person) => `/projects/${project}/members/user/${name}`
const groupEntry = ({ project, group }: Person) => `/projects/${project}/members/group/${group}`

const ways: readonly Way[] = [
  {
    name: 'the user is disabled',
    revoke: (person, { manage }) => manage('PATCH', userPath(person), { disabled: true }),
  },
  {
    name: 'the user is deleted',
    revoke: (person, { manage }) => manage('DELETE', userPath(person)),
  },
  {
    name: 'an administrator sets another password',
    revoke: (person, { manage }) =>
      manage('PUT', `${userPath(person)}/password`, { password: 'quartz lantern meadow' }),
    survivors: keys,
  },
  {
    name: 'the user changes the password',
    revoke: ({ name, address }, { manage }) =>
      manage(
        'PUT',
        '/account/password',
        { currentPassword: password, newPassword: 'quartz lantern meadow' },
        { authorization: basic(name, password), 'x-forwarded-for': address },
      ),
    survivors: keys,
  },
  {
    name: 'the role on the instance is lowered',
    by: 'instance role',
    revoke: (person, { manage }) => manage('PATCH', userPath(person), { role: 'none' }),
  },
  {
    name: 'a developer becomes a reader',
    role: 'developer',
    asked: 'push',
    revoke: (person, { manage }) => manage('PUT', memberPath(person), { role: 'reader' }),
  },
  {
    name: 'the member is removed',
    revoke: (person, { manage }) => manage('DELETE', memberPath(person)),
  },
  {
    name: 'the member gets the role none',
    by: 'instance role',
    revoke: (person, { manage }) => manage('PUT', memberPath(person), { role: 'none' }),
  },
  {
    name: 'the user is taken out of the group',
    by: 'group',
    revoke: ({ group, name }, { manage }) => manage('DELETE', `/groups/${group}/members/${name}`),
  },
  {
    name: 'the group is deleted',
    by: 'group',
    revoke: ({ group }, { manage }) => manage('DELETE', `/groups/${group}`),
  },
  {
    name: 'the entry of the group is removed',
    by: 'group',
    revoke: (person, { manage }) => manage('DELETE', groupEntry(person)),
  },
  {
    name: 'the role of the group on the instance is lowered',
    by: 'instance role of a group',
    revoke: ({ group }, { manage }) => manage('PATCH', `/groups/${group}`, { role: 'none' }),
  },
  {
    name: 'a public project becomes private',
    by: 'visibility',
    visibility: 'public',
    revoke: ({ project }, { manage }) =>
      manage('PATCH', `/projects/${project}`, { visibility: 'private' }),
  },
  {
    name: 'an internal project becomes private',
    by: 'visibility',
    visibility: 'internal',
    revoke: ({ project }, { manage }) =>
      manage('PATCH', `/projects/${project}`, { visibility: 'private' }),
  },
  {
    name: 'the repository comes into a project below, which is private',
    by: 'visibility',
    visibility: 'public',
    revoke: ({ repository }, { manage }) =>
      manage('POST', '/projects', { name: repository, visibility: 'private' }),
  },
  {
    name: 'the project may be used from elsewhere only',
    revoke: ({ project }, { manage }) =>
      manage('PATCH', `/projects/${project}`, { allowedAddresses: ['192.0.2.0/24'] }),
  },
  {
    name: 'the project is deleted',
    asked: 'tags of nothing',
    revoke: ({ project }, { manage }) => manage('DELETE', `/projects/${project}`),
  },
]

describe.each(testDatabases)('what a person had, on $name', (engine) => {
  describe.skipIf(!engine.available)('is refused at the next request, everywhere, when', () => {
    let test: TestNodes
    let count = 0
    beforeAll(async () => {
      test = await openTestNodes(engine)
    })
    afterAll(() => test.close())

    it.each(ways.map((way) => [way.name, way] as const))('%s', async (_, way) => {
      const person = await makePerson(way)
      const entrances = await entrancesOf(person, way)
      await expectRevoked(
        test.nodes,
        entrances,
        () => way.revoke(person, test),
        way.survivors ?? [],
      )
    })

    it('one session is ended, and no other', async () => {
      const person = await makePerson({})
      const sessions = await Promise.all([signIn(person), signIn(person)])
      const [ended, kept] = sessions.map((session, index) => entranceOf(person, index, session))
      await expectRevoked(
        test.nodes,
        [ended!, kept!],
        () => test.manage('DELETE', `/sessions/${sessions[0].id}`, undefined, sessions[1]),
        [kept!.kind],
      )
      await expectRevoked(test.nodes, [kept!], () =>
        test.manage('DELETE', '/session', undefined, sessions[1]),
      )
    })

    it.each([
      ['the user ends all others', '/sessions', 1],
      ['the user ends all', '/sessions?except=none', 0],
      ['an administrator ends all', '', 0],
    ] as const)('%s', async (_, path, survivors) => {
      const person = await makePerson({})
      const sessions = await Promise.all([signIn(person), signIn(person), signIn(person)])
      const entrances = sessions.map((session, index) => entranceOf(person, index, session))
      await expectRevoked(
        test.nodes,
        entrances,
        () =>
          path === ''
            ? test.manage('DELETE', `${userPath(person)}/sessions`)
            : test.manage('DELETE', path, undefined, sessions[2]),
        survivors === 1 ? [entrances[2]!.kind] : [],
      )
    })

    it.each([
      ['the user revokes a key', (id: string) => `/account/keys/${id}`],
      ['an administrator revokes a key', (id: string, name: string) => `/users/${name}/keys/${id}`],
    ] as const)('%s', async (_, path) => {
      const person = await makePerson({})
      const { key, secret } = await makeKey(person)
      const bearer = await fetchToken(test.nodes[0]!, {
        scope: `repository:${person.repository}:pull`,
        headers: { authorization: basic(person.name, secret), 'x-forwarded-for': person.address },
      })
      const asked = { path: `/v2/${person.repository}/manifests/v1` }
      const from = { 'x-forwarded-for': person.address }
      const entrance = (kind: string, authorization: string): Entrance => ({
        kind,
        enter: (server) => isLetIn(server, asked, { ...from, authorization }),
      })
      await expectRevoked(
        test.nodes,
        [
          entrance('key as password', basic(person.name, secret)),
          entrance('key as bearer', `Bearer ${secret}`),
          entrance('token for the key', `Bearer ${bearer?.token}`),
          entrance('password', basic(person.name, password)),
        ],
        () =>
          path.length === 1
            ? test.manage('DELETE', path(key.id, ''), undefined, {
                ...from,
                authorization: basic(person.name, password),
              })
            : test.manage('DELETE', path(key.id, person.name)),
        ['password'],
      )
    })

    it('a private project is made public and private again, for strangers as well', async () => {
      const person = await makePerson({ by: 'visibility', visibility: 'public' })
      const { repository, project } = person
      const asked = { path: `/v2/${repository}/manifests/v1` }
      const server = test.nodes[0]!
      const fetched = await fetchToken(server, { scope: `repository:${repository}:pull` })
      const listed = async (path: string, origin: string) =>
        (await ask(origin, { path })).body.toString().includes(project)
      await expectRevoked(
        test.nodes,
        [
          { kind: 'nothing', enter: (node) => isLetIn(node, asked, {}) },
          {
            kind: 'token of nobody',
            enter: (node) => isLetIn(node, asked, { authorization: `Bearer ${fetched?.token}` }),
          },
          ...['/api/v1/projects', '/api/v1/repositories', `/api/v1/search?q=${project}`].map(
            (path) => ({ kind: path, enter: (node: { url: string }) => listed(path, node.url) }),
          ),
        ],
        () => test.manage('PATCH', `/projects/${project}`, { visibility: null }),
      )
    })

    async function makePerson(way: Partial<Way>): Promise<Person> {
      count += 1
      const { by = 'member', role = 'reader', visibility = 'private' } = way
      const person = {
        name: `person-${count}`,
        address: `198.51.100.${count}`,
        project: `project-${count}`,
        repository: `project-${count}/app`,
        group: `group-${count}`,
      }
      const { manage, registry } = test
      const { name, project, repository, group } = person
      await manage('POST', '/projects', { name: project, visibility })
      if (way.asked !== 'tags of nothing') {
        await registry.pushBlob(repository, '{}')
        expect((await registry.pushManifest(repository, 'v1', artifact())).status).toBe(201)
      }
      const instanceRole = by === 'instance role' ? role : 'none'
      await manage('POST', '/users', { name, password, role: instanceRole })
      if (by === 'member') await manage('PUT', memberPath(person), { role })
      if (by === 'group' || by === 'instance role of a group') {
        await manage('POST', '/groups', { name: group, role: by === 'group' ? 'none' : role })
        await manage('PUT', `/groups/${group}/members/${name}`)
        if (by === 'group') await manage('PUT', groupEntry(person), { role })
      }
      return person
    }

    async function signIn({ name, address }: Person) {
      const answer = await ask(test.nodes[0]!.url, {
        method: 'POST',
        path: '/api/v1/session',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
        body: JSON.stringify({ name, password }),
      })
      const cookie = answer.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
      const { csrfToken } = readJson<{ csrfToken: string }>(answer)
      const headers = { cookie, 'x-berth-csrf': csrfToken, 'x-forwarded-for': address }
      const { session } = await test.manage<{ session: { id: string } }>(
        'GET',
        '/session',
        undefined,
        headers,
      )
      return Object.assign(headers, { id: session.id })
    }

    function entranceOf(person: Person, index: number, session: { cookie: string }): Entrance {
      const asked = { path: `/v2/${person.repository}/manifests/v1` }
      const headers = { cookie: session.cookie, 'x-forwarded-for': person.address }
      return {
        kind: `session ${index}`,
        enter: (server) => isLetIn(server, asked, headers),
      }
    }

    function makeKey({ name, address }: Person) {
      return test.manage<{ key: { id: string }; secret: string }>(
        'POST',
        '/account/keys',
        { name: 'key' },
        { authorization: basic(name, password), 'x-forwarded-for': address },
      )
    }

    async function entrancesOf(person: Person, { asked }: Way): Promise<Entrance[]> {
      const { name, repository, address } = person
      const server = test.nodes[0]!
      const from = { 'x-forwarded-for': address }
      const request =
        asked === 'push'
          ? { method: 'POST', path: `/v2/${repository}/blobs/uploads/` }
          : { path: `/v2/${repository}/${asked === undefined ? 'manifests/v1' : 'tags/list'}` }
      const scope = `repository:${repository}:${asked === 'push' ? 'pull,push' : 'pull'}`
      const secrets = { authorization: basic(name, password) }
      const fetched = async (query = '') =>
        (await fetchToken(server, { scope, query, headers: { ...from, ...secrets } }))!
      const { token: used } = await fetched()
      const { token: unused } = await fetched()
      const { refresh_token: refreshToken = '' } = await fetched('&offline_token=true')
      const { secret } = await makeKey(person)
      const session = await signIn(person)
      const ofKey = await fetchToken(server, {
        scope,
        headers: { ...from, authorization: basic(name, secret) },
      })
      const entrance = (kind: string, headers: Record<string, string>, isWarm = true) => ({
        kind,
        isWarm,
        enter: (node: (typeof test.nodes)[number]) =>
          isLetIn(node, request, { ...from, ...headers }),
      })
      const byRefreshToken: Entrance = {
        kind: 'refresh token',
        async enter(node) {
          const form = { grant_type: 'refresh_token', refresh_token: refreshToken, scope }
          const token = await exchangeToken(node, form, from)
          if (token === undefined) return false
          return isLetIn(node, request, { ...from, authorization: `Bearer ${token}` })
        },
      }
      return [
        entrance('password', secrets),
        entrance('token', { authorization: `Bearer ${used}` }),
        entrance('token never used', { authorization: `Bearer ${unused}` }, false),
        byRefreshToken,
        entrance('key as password', { authorization: basic(name, secret) }),
        entrance('key as bearer', { authorization: `Bearer ${secret}` }),
        entrance('token for the key', { authorization: `Bearer ${ofKey?.token}` }),
        entrance('session', { cookie: session.cookie, 'x-berth-csrf': session['x-berth-csrf'] }),
      ]
    }
  })
})
