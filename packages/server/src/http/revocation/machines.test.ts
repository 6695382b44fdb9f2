import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { artifact, basic } from '../../testing/http-client.ts'
import { testDatabases } from '../../testing/open-test-databases.ts'
import { openTestIssuer, type TestIssuer, type TestKey } from '../../testing/open-test-issuer.ts'
import { openTestNodes, type TestNodes } from '../../testing/open-test-nodes.ts'
import type { TestServer } from '../../testing/open-test-server.ts'
import {
  type Entrance,
  exchangeToken,
  expectRevoked,
  fetchToken,
  isLetIn,
} from '../../testing/revoke.ts'

const address = '198.51.100.7'
const from = { 'x-forwarded-for': address }
const audience = 'berth'

type Robot = { id: string; login: string }
type Machine = { readonly project: string; readonly id: string; readonly path: string }

type Way = {
  readonly name: string
  readonly actions?: readonly string[]
  /** `true`: there is nothing in the project. */
  readonly isEmpty?: true
  revoke(machine: Machine, test: TestNodes): Promise<unknown>
}

const push = ['pull', 'push']

/** What takes a right from a robot and from a rule for workloads in the same words. */
const commonWays: readonly Way[] = [
  { name: 'it is deleted', revoke: ({ path }, { manage }) => manage('DELETE', path) },
  {
    name: 'it may pull no longer',
    actions: push,
    revoke: ({ path }, { manage }) => manage('PATCH', path, { actions: ['push'] }),
  },
  {
    name: 'it reaches another repository only',
    revoke: ({ path, project }, { manage }) =>
      manage('PATCH', path, { repositories: [`${project}/other`] }),
  },
  {
    name: 'it may come from elsewhere only',
    revoke: ({ path }, { manage }) =>
      manage('PATCH', path, { allowedAddresses: ['192.0.2.0/24', '2001:db8::/32'] }),
  },
  {
    name: 'the project may be used from elsewhere only',
    revoke: ({ project }, { manage }) =>
      manage('PATCH', `/projects/${project}`, { allowedAddresses: ['192.0.2.0/24'] }),
  },
  {
    name: 'its project is deleted',
    isEmpty: true,
    revoke: ({ project }, { manage }) => manage('DELETE', `/projects/${project}`),
  },
]

const robotWays: readonly Way[] = [
  ...commonWays,
  {
    name: 'it is disabled',
    revoke: ({ path }, { manage }) => manage('PATCH', path, { disabled: true }),
  },
  {
    name: 'it gets another secret',
    revoke: ({ path }, { manage }) => manage('POST', `${path}/rotation`, { overlapSeconds: 0 }),
  },
  {
    name: 'it gets another secret, and at once another',
    async revoke({ path }, { manage }) {
      await manage('POST', `${path}/rotation`, { overlapSeconds: 3600 })
      await manage('POST', `${path}/rotation`, { overlapSeconds: 3600 })
    },
  },
]

const ruleWays: readonly Way[] = [
  ...commonWays,
  {
    name: 'its conditions change',
    revoke: ({ path }, { manage }) => manage('PATCH', path, { conditions: { sub: 'another' } }),
  },
]

describe.each(testDatabases)('what a machine had, on $name', (engine) => {
  describe.skipIf(!engine.available)('is refused at the next request, everywhere', () => {
    let test: TestNodes
    let issuer: TestIssuer
    let key: TestKey
    let count = 0
    beforeAll(async () => {
      issuer = await openTestIssuer()
      key = await issuer.addKey('k')
      const trusted = { issuer: issuer.url, jwksUrl: issuer.jwksUrl, audience }
      test = await openTestNodes(engine, {
        access: { workloads: [trusted] },
        outbound: { allowedNetworks: ['127.0.0.1'] },
      })
    })
    afterAll(async () => {
      await test.close()
      await issuer.close()
    })

    it.each(robotWays.map((way) => [way.name, way] as const))('a robot: %s', async (_, way) => {
      const project = await makeProject(way)
      const { robot, secret } = await makeRobot(project, way.actions)
      const machine = { project, id: robot.id, path: `/projects/${project}/robots/${robot.id}` }
      await expectRevoked(test.nodes, await entrancesOfRobot(project, robot, secret), () =>
        way.revoke(machine, test),
      )
    })

    it('a robot: the secret that was given leave to overlap ends with the next one', async () => {
      const project = await makeProject({})
      const { robot, secret: first } = await makeRobot(project)
      const path = `/projects/${project}/robots/${robot.id}`
      const { secret: second } = await test.manage<{ secret: string }>('POST', `${path}/rotation`, {
        overlapSeconds: 3600,
      })
      const rename = (entrances: Entrance[], when: string) =>
        entrances.map((entrance) => ({ ...entrance, kind: `${when} ${entrance.kind}` }))
      const old = rename(await entrancesOfRobot(project, robot, first), 'first')
      const current = rename(await entrancesOfRobot(project, robot, second), 'second')
      await expectRevoked(
        test.nodes,
        [...old, ...current],
        () => test.manage('POST', `${path}/rotation`, { overlapSeconds: 3600 }),
        current.map(({ kind }) => kind),
      )
      await expectRevoked(test.nodes, current.slice(0, 2), () =>
        test.manage('POST', `${path}/rotation`, {}),
      )
    })

    it('a robot: one that gets the login of a deleted one is another', async () => {
      const project = await makeProject({})
      const { robot, secret } = await makeRobot(project)
      await expectRevoked(test.nodes, await entrancesOfRobot(project, robot, secret), async () => {
        await test.manage('DELETE', `/projects/${project}/robots/${robot.id}`)
        await makeRobot(project)
      })
    })

    it.each(ruleWays.map((way) => [way.name, way] as const))(
      'a rule for workloads: %s',
      async (_, way) => {
        const project = await makeProject(way)
        const { id } = await makeRule(project, way.actions)
        const machine = { project, id, path: `/projects/${project}/workload-rules/${id}` }
        await expectRevoked(test.nodes, await entrancesOfWorkload(project), () =>
          way.revoke(machine, test),
        )
      },
    )

    async function makeProject({ isEmpty }: Partial<Way>): Promise<string> {
      count += 1
      const project = `project-${count}`
      const { manage, registry } = test
      await manage('POST', '/projects', { name: project, visibility: 'private' })
      if (isEmpty) return project
      await registry.pushBlob(`${project}/app`, '{}')
      expect((await registry.pushManifest(`${project}/app`, 'v1', artifact())).status).toBe(201)
      return project
    }

    function makeRobot(project: string, actions: readonly string[] = ['pull']) {
      return test.manage<{ robot: Robot; secret: string }>('POST', `/projects/${project}/robots`, {
        name: 'ci',
        actions,
      })
    }

    function makeRule(project: string, actions: readonly string[] = ['pull']) {
      return test.manage<{ id: string }>('POST', `/projects/${project}/workload-rules`, {
        name: 'ci',
        issuer: issuer.url,
        conditions: { sub: `${project}:*` },
        actions,
      })
    }

    function entrance(project: string, kind: string, authorization: string, isWarm = true) {
      const asked = { path: `/v2/${project}/app/manifests/v1` }
      const enter = (node: TestServer) => isLetIn(node, asked, { ...from, authorization })
      return { kind, isWarm, enter }
    }

    async function entrancesOfRobot(
      project: string,
      { login }: Robot,
      secret: string,
    ): Promise<Entrance[]> {
      const authorization = basic(login, secret)
      const scope = `repository:${project}/app:pull`
      const fetched = () =>
        fetchToken(test.nodes[0]!, { scope, headers: { ...from, authorization } })
      return [
        entrance(project, 'secret', authorization),
        entrance(project, 'token', `Bearer ${(await fetched())?.token}`),
        entrance(project, 'token never used', `Bearer ${(await fetched())?.token}`, false),
        {
          kind: 'new token',
          async enter(node) {
            const fresh = await fetchToken(node, { scope, headers: { ...from, authorization } })
            if (fresh === undefined) return false
            return entrance(project, '', `Bearer ${fresh.token}`).enter(node)
          },
        },
      ]
    }

    async function entrancesOfWorkload(project: string): Promise<Entrance[]> {
      const now = Math.floor(Date.now() / 1000)
      const subjectToken = await key.sign({
        iss: issuer.url,
        aud: audience,
        sub: `${project}:main`,
        iat: now,
        exp: now + 600,
      })
      const form = {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: subjectToken,
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        scope: `repository:${project}/app:pull`,
      }
      const exchanged = () => exchangeToken(test.nodes[0]!, form, from)
      return [
        entrance(project, 'password', basic('workload', subjectToken)),
        entrance(project, 'token', `Bearer ${await exchanged()}`),
        entrance(project, 'token never used', `Bearer ${await exchanged()}`, false),
        {
          kind: 'new token',
          async enter(node) {
            const token = await exchangeToken(node, form, from)
            if (token === undefined) return false
            return entrance(project, '', `Bearer ${token}`).enter(node)
          },
        },
      ]
    }
  })
})
