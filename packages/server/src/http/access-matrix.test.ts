import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { artifact, ask, basic, digestOf, readJson, RegistryClient } from '../testing/http-client.ts'
import { openTestServer, type TestServer } from '../testing/open-test-server.ts'
import { instanceRoutes, repositoryRoutes } from './distribution/routes.ts'
import { managementRoutes } from './management/routes.ts'

/**
 * Every route of both doors with every kind of caller. The tables below say who gets in; everybody else is refused, in
 * the way that depends on what they may see. A route that is in no table fails the test.
 *
 * The project `acme` is private. `reader` to `projectAdmin` are members of it, `outsider` is a user without any right,
 * `stranger` a member of another project. The robots belong to `acme` (pull and push) and to the other project. `key` is
 * an API key of the administrator for pulling from `acme`, `token` the administrator's docker token for pulling `acme/app`, which
 * the management API does not take,
 * `browser` a browser session of the maintainer.
 */
const callers = [
  'anonymous',
  'disabled',
  'outsider',
  'stranger',
  'reader',
  'developer',
  'maintainer',
  'projectAdmin',
  'auditor',
  'administrator',
  'robot',
  'strangeRobot',
  'key',
  'token',
  'browser',
] as const
type CallerName = (typeof callers)[number]

const everyone = callers.filter((caller) => caller !== 'disabled')
const signedIn = everyone.filter((caller) => caller !== 'anonymous')
const people = signedIn.filter(
  (caller) => !['robot', 'strangeRobot', 'key', 'token'].includes(caller),
)
const list = (text: string) => text.split(' ') as CallerName[]
const pullers = list(
  'reader developer maintainer projectAdmin auditor administrator robot key token browser',
)
const projectReaders = pullers.filter((caller) => caller !== 'token')
const pushers = list('developer maintainer projectAdmin administrator robot browser')
const deleters = list('maintainer projectAdmin administrator browser')
const maintainers = list('maintainer projectAdmin administrator browser')
const memberReaders = [...maintainers, 'auditor'] as const
const projectAdmins = list('projectAdmin administrator')
const robotReaders = list('projectAdmin auditor administrator')
const seers = list('auditor administrator')
const administrators = list('administrator')

/** By route id. */
const management: Readonly<Record<string, readonly CallerName[]>> = {
  ...ids(everyone, 'listProjects signIn listSignInProviders startOidcSignIn finishOidcSignIn'),
  ...ids(everyone, 'readSetup finishSetup'),
  ...ids(everyone, 'startDeviceSignIn redeemDeviceCode listRepositories search'),
  ...ids(signedIn, 'createProject readOwnUser readSession signOut readAdvisories'),
  ...ids(people, 'changeOwnPassword listSessions endSessions endSession readSecondFactor'),
  ...ids(people, 'beginSecondFactor confirmSecondFactor disableSecondFactor renewRecoveryCodes'),
  ...ids(people, 'readDeviceSignIn answerDeviceSignIn listOwnKeys createOwnKey revokeOwnKey'),
  ...ids(people, 'updateOwnUser readOwnMemberships'),
  ...ids(projectReaders, 'readProject readProjectUsage listImmutabilityRules'),
  ...ids(projectReaders, 'testImmutabilityRules readPolicy listPolicyExceptions'),
  ...ids(projectReaders, 'readScan listImagePackages readImageDiff listFindings exportReport'),
  ...ids(
    projectReaders,
    'exportSbom listAttachedSboms listSbomPackages readProvenance readSignatures',
  ),
  ...ids(projectReaders, 'listExternalScans listExternalFindings exportExternalReport'),
  ...ids(projectReaders, 'listTrackedFindings readFindingsOverview readFindingsTrend'),
  ...ids(projectReaders, 'listVexStatements listTrustedIdentities listSigningKeys'),
  ...ids(everyone, 'searchPackages listVulnerabilityImages'),
  ...ids(pushers, 'requestScan cancelScan publishSbom verifySignatures signManifest'),
  ...ids(pushers, 'requestExternalScan'),
  ...ids(memberReaders, 'listMembers explainAccess'),
  ...ids(maintainers, 'createImmutabilityRule updateImmutabilityRule deleteImmutabilityRule'),
  ...ids(maintainers, 'orderImmutabilityRules setPolicy deletePolicy testPolicy listDenials'),
  ...ids(maintainers, 'createPolicyException endPolicyException'),
  ...ids(maintainers, 'createVexStatement uploadVexDocument revokeVexStatement'),
  ...ids(projectAdmins, 'updateProject deleteProject setMember removeMember createRobot'),
  ...ids(projectAdmins, 'updateRobot rotateRobot deleteRobot createWorkloadRule'),
  ...ids(projectAdmins, 'updateWorkloadRule deleteWorkloadRule createTrustedIdentity'),
  ...ids(projectAdmins, 'deleteTrustedIdentity createSigningKey retireSigningKey'),
  ...ids(robotReaders, 'listRobots readRobot listWorkloadIssuers listWorkloadRules'),
  ...ids(robotReaders, 'readWorkloadRule listProjectAuditEntries exportProjectAuditEntries'),
  ...ids(pullers, 'readRepository listTags readTag listManifests readManifest listReferrers'),
  ...ids(pullers, 'listLayers listLayerFiles readManifestContent'),
  ...ids(pullers, 'readEffectivePolicy explainDecision'),
  ...ids(deleters, 'deleteRepository deleteTag deleteManifest readRepositoryUsage'),
  ...ids(deleters, 'updateRepository'),
  ...ids(deleters, 'readReclaimable'),
  ...ids(seers, 'readDefaults listGroups readGroup listGroupMembers listUsers readUser'),
  ...ids(seers, 'listUserSessions listInstanceRobots readInstanceRobot listUserKeys'),
  ...ids(seers, 'readUserSecondFactor'),
  ...ids(seers, 'listInstanceWorkloadRules readInstanceWorkloadRule listAuditEntries'),
  ...ids(seers, 'exportAuditEntries readAuditStatus readInstanceUsage readSystem'),
  ...ids(seers, 'readTraffic readHealth listSettings readJobLog listSignInSettings'),
  ...ids(seers, 'readInstancePolicy listPolicies listInstancePolicyExceptions'),
  ...ids(seers, 'listInstanceImmutabilityRules testInstanceImmutabilityRules listJobs readJob'),
  ...ids(seers, 'readCollection listInstanceTrustedIdentities listTrustedRoots listScanners'),
  ...ids(seers, 'listInstanceFindings readInstanceFindingsOverview readInstanceFindingsTrend'),
  ...ids(seers, 'listInstanceDenials listInstanceVexStatements listProjectUsage'),
  ...ids(administrators, 'createInstanceVexStatement uploadInstanceVexDocument'),
  ...ids(administrators, 'revokeInstanceVexStatement'),
  ...ids(administrators, 'testSignIn'),
  ...ids(administrators, 'updateDefaults createGroup updateGroup deleteGroup addGroupMember'),
  ...ids(administrators, 'removeGroupMember createUser updateUser setUserPassword deleteUser'),
  ...ids(administrators, 'endUserSessions resetSecondFactor createInstanceRobot'),
  ...ids(administrators, 'updateInstanceRobot rotateInstanceRobot deleteInstanceRobot'),
  ...ids(administrators, 'revokeUserKey createInstanceWorkloadRule updateInstanceWorkloadRule'),
  ...ids(administrators, 'deleteInstanceWorkloadRule createInstanceImmutabilityRule setQuota'),
  ...ids(administrators, 'updateInstanceImmutabilityRule deleteInstanceImmutabilityRule'),
  ...ids(administrators, 'setInstancePolicy deleteInstancePolicy testInstancePolicy'),
  ...ids(administrators, 'createInstancePolicyException endInstancePolicyException'),
  ...ids(administrators, 'orderInstanceImmutabilityRules cancelJob retryJob startCollection'),
  ...ids(administrators, 'startVerification createInstanceTrustedIdentity setTrustedRoot'),
  ...ids(administrators, 'deleteInstanceTrustedIdentity deleteTrustedRoot importAdvisories'),
  ...ids(administrators, 'exportAdvisories updateAdvisories setScanner deleteScanner testScanner'),
}

/** By endpoint id of the registry protocol. */
const distribution: Readonly<Record<string, readonly CallerName[]>> = {
  ...ids(signedIn, 'end-1'),
  ...ids(
    signedIn.filter((caller) => caller !== 'token'),
    'catalog',
  ),
  ...ids(pullers, 'end-2 end-3 end-8 end-12'),
  ...ids(pushers, 'end-4 end-5 end-6 end-7 end-13 end-14'),
  ...ids(deleters, 'end-9 end-10'),
}

const missing = digestOf('a digest that nothing has')
const someId = '00000000-0000-4000-8000-000000000000'
/** What stands for each parameter of a path: what the permission is about exists, everything else does not. */
const samples: Readonly<Record<string, string>> = {
  project: 'acme',
  repository: 'acme%2Fapp',
  kind: 'user',
  subject: 'nobody-there',
  user: 'nobody-there',
  group: 'nobody-there',
  session: someId,
  provider: 'nobody-there',
  userCode: 'BCDF-GHJK',
  robot: someId,
  key: someId,
  rule: someId,
  reference: missing,
  tag: 'nothing-there',
  digest: missing,
  job: someId,
  exception: someId,
  statement: someId,
  name: 'nobody-there',
  scanner: 'nobody-there',
  vulnerability: 'CVE-2020-1',
}

const password = 'heron basalt umbrella'
let server: TestServer
let headers: Record<CallerName, Record<string, string>>

beforeAll(async () => {
  // The token of the matrix outlasts a slow run of it.
  server = await openTestServer({ access: { tokenLifetimeSeconds: 3600 } })
  const { access } = server.app
  const context = {
    actor: { kind: 'system', id: 't', name: 't' },
    address: '',
    requestId: '',
  } as const
  for (const name of ['acme', 'other']) await access.projects.createProject(context, { name })
  const roles = {
    reader: 'reader',
    developer: 'developer',
    maintainer: 'maintainer',
    projectAdmin: 'admin',
  } as const
  const nameOf = { projectAdmin: 'project-admin' } as Record<string, string>
  for (const caller of ['disabled', 'outsider', 'stranger', ...Object.keys(roles)]) {
    await server.createUser(nameOf[caller] ?? caller, password, 'none')
  }
  await server.createUser('auditor', password, 'auditor')
  for (const [caller, role] of Object.entries(roles)) {
    await access.members.setMember(
      context,
      'acme',
      { kind: 'user', name: nameOf[caller] ?? caller },
      role,
    )
  }
  await access.members.setMember(context, 'acme', { kind: 'user', name: 'disabled' }, 'admin')
  await access.members.setMember(context, 'other', { kind: 'user', name: 'stranger' }, 'admin')
  await access.users.disableUser('disabled')

  const admin = { authorization: basic(server.admin.name, server.admin.password) }
  const create = async (path: string, body: object) => {
    const answer = await ask(server.url, {
      method: 'POST',
      path: `/api/v1${path}`,
      headers: { ...admin, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (answer.status !== 201) throw new Error(`${path} ${answer.status} ${answer.body.toString()}`)
    return readJson<{ secret: string }>(answer).secret
  }
  const robot = (name: string) => ({
    name,
    actions: ['pull', 'push', 'createTag', 'moveTag'],
    repositories: ['**'],
  })
  const robotSecret = await create('/projects/acme/robots', robot('ci'))
  const strangeSecret = await create('/projects/other/robots', robot('ci'))
  const key = await create('/account/keys', {
    name: 'pull',
    actions: ['pull'],
    repositories: ['acme/**'],
  })
  const token = await ask(server.url, {
    path: '/token?scope=repository:acme/app:pull',
    headers: admin,
  })
  const withPassword = (name: string) => ({ authorization: basic(name, password) })
  headers = {
    anonymous: {},
    disabled: withPassword('disabled'),
    outsider: withPassword('outsider'),
    stranger: withPassword('stranger'),
    reader: withPassword('reader'),
    developer: withPassword('developer'),
    maintainer: withPassword('maintainer'),
    projectAdmin: withPassword('project-admin'),
    auditor: withPassword('auditor'),
    administrator: admin,
    robot: { authorization: basic('acme+ci', robotSecret) },
    strangeRobot: { authorization: basic('other+ci', strangeSecret) },
    key: { authorization: basic(server.admin.name, key) },
    token: { authorization: `Bearer ${readJson<{ token: string }>(token).token}` },
    browser: {},
  }
  await restore()
})
afterAll(() => server.close())

/** Puts back what a caller who was let in took away. */
async function restore(): Promise<void> {
  const client = new RegistryClient(server.url, server.admin)
  await client.pushBlob('acme/app', '{}')
  await client.pushManifest('acme/app', 'v1', artifact())
  const signIn = await ask(server.url, {
    method: 'POST',
    path: '/api/v1/session',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'maintainer', password }),
  })
  const cookie = signIn.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
  const { csrfToken } = readJson<{ csrfToken: string }>(signIn)
  headers.browser = { cookie, 'x-berth-csrf': csrfToken }
}

/** How a request was received: let in, or refused in one of three ways. */
function outcomeOf(status: number, text: string): 'in' | '401' | '403' | 'hidden' {
  // Whoever is refused too often has to wait as well.
  if (status === 401 || status === 429) return '401'
  if (status === 403) return '403'
  return /There is no such (project|repository)\./.test(text) ? 'hidden' : 'in'
}

describe('the management API', () => {
  it('has a row in the table for every route', () => {
    expect(Object.keys(management).toSorted()).toEqual(
      managementRoutes.map(({ route }) => route.id).toSorted(),
    )
  })

  it.each(managementRoutes.map((binding) => [binding.route.id, binding] as const))(
    '%s',
    async (id, { route, permission }) => {
      const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
        const sample = samples[name]
        if (sample === undefined) throw new Error(`There is no sample for the parameter ${name}.`)
        return sample
      })
      const seen: Partial<Record<CallerName, string>> = {}
      const expected: Partial<Record<CallerName, string>> = {}
      for (const caller of callers) {
        // The maintainer has just ended this session.
        if (caller === 'browser' && id === 'endSessions') await restore()
        const hasBody = route.body !== undefined
        const answer = await ask(server.url, {
          method: route.method,
          path: `/api/v1${path}${id === 'search' ? '?q=acme' : ''}`,
          headers: {
            ...headers[caller],
            ...(hasBody && { 'content-type': 'application/json' }),
          },
          ...(hasBody && { body: '{}' }),
        })
        expect([id, caller, answer.status < 500]).toEqual([id, caller, true])
        seen[caller] = outcomeOf(answer.status, answer.body.toString())
        expected[caller] = expectedOutcome(caller, management[id] ?? [], permission.on)
        if (id === 'signIn' && answer.status === 400) seen[caller] = 'in'
      }
      expect(seen).toEqual(expected)
      if (route.method === 'DELETE') await restore()
    },
  )

  function expectedOutcome(caller: CallerName, allowed: readonly CallerName[], on: string): string {
    if (caller === 'disabled' || caller === 'token') return '401'
    if (allowed.includes(caller)) return 'in'
    if (caller === 'anonymous') return '401'
    const sees = on === 'project' ? projectReaders : on === 'repository' ? pullers : everyone
    return sees.includes(caller) ? '403' : 'hidden'
  }
})

describe('the registry protocol', () => {
  const routes = [...instanceRoutes, ...repositoryRoutes]
  const paths = {
    base: '/v2/',
    catalog: '/v2/_catalog',
    blob: `/v2/acme/app/blobs/${digestOf('{}')}`,
    uploads: '/v2/acme/app/blobs/uploads/',
    upload: `/v2/acme/app/blobs/uploads/${someId}`,
    manifest: '/v2/acme/app/manifests/v1',
    tags: '/v2/acme/app/tags/list',
    referrers: `/v2/acme/app/referrers/${missing}`,
  }

  it('has a row in the table for every route', () => {
    expect(Object.keys(distribution).toSorted()).toEqual(
      routes.map(({ endpoint }) => endpoint).toSorted(),
    )
  })

  it.each(
    routes.flatMap((route) =>
      (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]).map(
        (method) => [`${route.endpoint} ${method}`, route, method] as const,
      ),
    ),
  )('%s', async (_, route, method) => {
    const seen: Partial<Record<CallerName, string>> = {}
    const expected: Partial<Record<CallerName, string>> = {}
    for (const caller of callers) {
      // A browser session is for the management API and the console; here it counts too, without a CSRF token for reads.
      const answer = await ask(server.url, {
        method,
        path: paths[route.shape],
        headers: headers[caller],
      })
      expect([route.endpoint, caller, answer.status < 500]).toEqual([route.endpoint, caller, true])
      seen[caller] = outcomeOf(answer.status, '')
      const isIn = distribution[route.endpoint]?.includes(caller)
      const hasPassword = !['anonymous', 'disabled', 'token'].includes(caller)
      expected[caller] = isIn ? 'in' : hasPassword ? '403' : '401'
      if (route.method === 'DELETE') await restore()
    }
    expect(seen).toEqual(expected)
  })

  it('looks the same to one without rights whether the repository exists or not', async () => {
    for (const caller of ['outsider', 'stranger', 'strangeRobot', 'anonymous'] as const) {
      for (const [method, path] of [
        ['GET', '/v2/acme/app/manifests/v1'],
        ['GET', `/v2/acme/app/blobs/${digestOf('{}')}`],
        ['HEAD', `/v2/acme/app/blobs/${digestOf('{}')}`],
        ['GET', `/v2/acme/app/referrers/${missing}`],
        ['GET', '/v2/acme/app/tags/list'],
        ['POST', '/v2/acme/app/blobs/uploads/'],
        ['GET', '/api/v1/repositories/acme%2Fapp'],
        ['GET', '/api/v1/repositories/acme%2Fapp/tags/v1'],
        ['GET', '/api/v1/projects/acme'],
        ['GET', '/api/v1/projects/acme/members'],
      ] as const) {
        const shape = async (target: string) => {
          const answer = await ask(server.url, { method, path: target, headers: headers[caller] })
          const text = answer.body
            .toString()
            .replaceAll(/acme|gone/g, 'x')
            .replaceAll(/"requestId":"[^"]*"/g, '')
          const challenge = answer.headers['www-authenticate']?.replaceAll(/acme|gone/g, 'x')
          return { status: answer.status, text, challenge }
        }
        expect(await shape(path)).toEqual(await shape(path.replaceAll('acme', 'gone')))
      }
    }
  })

  it("a session of one user is nobody else's, however much they may", async () => {
    const developer = new RegistryClient(server.url, { name: 'developer', password })
    const location = await developer.startUpload('acme/app')
    for (const caller of ['administrator', 'projectAdmin', 'robot', 'maintainer'] as const) {
      for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
        const path = method === 'PUT' ? `${location}&digest=${digestOf('{}')}` : location
        const answer = await ask(server.url, { method, path, headers: headers[caller] })
        expect([caller, method, answer.status]).toEqual([caller, method, 404])
      }
    }
    expect((await developer.send('GET', location)).status).toBe(204)
  })

  it('a mount takes nothing from a repository that the caller may not pull', async () => {
    const admin = new RegistryClient(server.url, server.admin)
    const digest = await admin.pushBlob('acme/secret', 'only in acme/secret')
    const stranger = new RegistryClient(server.url, { name: 'stranger', password })
    for (const query of [`mount=${digest}&from=acme/secret`, `mount=${digest}`]) {
      const answer = await stranger.send('POST', `/v2/other/app/blobs/uploads/?${query}`)
      expect(answer.status).toBe(202)
    }
    expect((await stranger.send('HEAD', `/v2/other/app/blobs/${digest}`)).status).toBe(404)
  })
})

function ids(allowed: readonly CallerName[], names: string): Record<string, readonly CallerName[]> {
  return Object.fromEntries(names.split(' ').map((name) => [name, allowed]))
}
