import { expect } from 'vitest'
import { artifact, type Answer, ask, basic, readJson } from './http-client.ts'
import type { testDatabases } from './open-test-databases.ts'
import { openTestNodes, type TestNodes } from './open-test-nodes.ts'
import type { ConfigSources } from '../config/load.ts'

export const tenantPassword = 'heron basalt umbrella'

/** A project that is its admin's alone, with one of everything in it. */
type Tenant = {
  readonly project: string
  readonly user: string
  readonly headers: Record<string, string>
  readonly robot: { id: string; login: string; secret: string }
  readonly key: { id: string; secret: string }
  readonly workloadRule: string
  readonly immutabilityRule: string
  /** Of the user's browser. */
  readonly session: { id: string; cookie: string; csrfToken: string }
}

export type TestTenants = TestNodes & {
  /** `alice` is the admin of `acme`, `bob` of `other`; both are private and hold `<project>/app:v1`. */
  readonly acme: Tenant
  readonly other: Tenant
  readonly url: string
  /** One request with a JSON body, below `/api/v1`. */
  call(
    method: string,
    path: string,
    headers?: Record<string, string>,
    body?: unknown,
  ): Promise<Answer>
}

/** Trusted for rules; no token of it is ever looked at. */
export const tenantIssuer = 'https://ci.example'

/** Two tenants who know nothing of each other. */
export async function openTestTenants(
  engine: (typeof testDatabases)[number],
  overrides: NonNullable<ConfigSources['overrides']> = {},
): Promise<TestTenants> {
  const nodes = await openTestNodes(engine, {
    ...overrides,
    access: { workloads: [{ issuer: tenantIssuer, audience: 'berth' }], ...overrides.access },
  })
  const { url } = nodes.first
  try {
    return {
      ...nodes,
      url,
      acme: await makeTenant(nodes, 'acme', 'alice'),
      other: await makeTenant(nodes, 'other', 'bob'),
      call: (method, path, headers = {}, body) =>
        ask(url, {
          method,
          path: `/api/v1${path}`,
          headers: {
            ...headers,
            ...(body !== undefined && { 'content-type': 'application/json' }),
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        }),
    }
  } catch (error) {
    await nodes.close()
    throw error
  }
}

async function makeTenant(
  { first, manage, registry }: TestNodes,
  project: string,
  user: string,
): Promise<Tenant> {
  const headers = { authorization: basic(user, tenantPassword) }
  await manage('POST', '/projects', { name: project, visibility: 'private' })
  await manage('POST', '/users', { name: user, password: tenantPassword })
  await manage('PUT', `/projects/${project}/members/user/${user}`, { role: 'admin' })
  await registry.pushBlob(`${project}/app`, '{}')
  await registry.pushManifest(`${project}/app`, 'v1', artifact())
  const { robot, secret } = await manage<{ robot: { id: string; login: string }; secret: string }>(
    'POST',
    `/projects/${project}/robots`,
    { name: 'ci', actions: ['pull', 'push', 'createTag'] },
    headers,
  )
  const { key, secret: keySecret } = await manage<{ key: { id: string }; secret: string }>(
    'POST',
    '/account/keys',
    { name: 'laptop' },
    headers,
  )
  const workloadRule = await manage<{ id: string }>(
    'POST',
    `/projects/${project}/workload-rules`,
    { name: 'ci', issuer: tenantIssuer, conditions: { sub: project }, actions: ['pull'] },
    headers,
  )
  const immutabilityRule = await manage<{ id: string }>(
    'POST',
    `/projects/${project}/immutability-rules`,
    { effect: 'immutable', repositories: '**', tags: 'release-*' },
    headers,
  )
  const signIn = await ask(first.url, {
    method: 'POST',
    path: '/api/v1/session',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: user, password: tenantPassword }),
  })
  const cookie = signIn.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
  const { csrfToken } = readJson<{ csrfToken: string }>(signIn)
  const { session } = await manage<{ session: { id: string } }>('GET', '/session', undefined, {
    cookie,
  })
  return {
    project,
    user,
    headers,
    robot: { ...robot, secret },
    key: { id: key.id, secret: keySecret },
    workloadRule: workloadRule.id,
    immutabilityRule: immutabilityRule.id,
    session: { id: session.id, cookie, csrfToken },
  }
}

/** Whatever was tried: everything of the other tenant is as it was, and both can still do what they could. */
export async function expectUntouched(test: TestTenants): Promise<void> {
  const { other, acme, url, call } = test
  for (const { headers, project, robot, key, session } of [acme, other]) {
    const pull = { path: `/v2/${project}/app/manifests/v1` }
    for (const shown of [
      headers,
      { authorization: basic(robot.login, robot.secret) },
      { authorization: `Bearer ${key.secret}` },
      { cookie: session.cookie },
    ]) {
      expect((await ask(url, { ...pull, headers: shown })).status).toBe(200)
    }
  }
  const { headers } = other
  const read = async (path: string) => readJson(await call('GET', path, headers))
  const own = `/projects/${other.project}`
  expect(await read(`${own}/workload-rules/${other.workloadRule}`)).toMatchObject({
    conditions: { sub: other.project },
  })
  const { items } = (await read(`${own}/immutability-rules`)) as { items: object[] }
  expect(items).toContainEqual(
    expect.objectContaining({ id: other.immutabilityRule, effect: 'immutable' }),
  )
  expect(await read(`${own}/members`)).toMatchObject({
    items: [{ name: other.user, role: 'admin' }],
  })
}
