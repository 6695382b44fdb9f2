import { pushArtifact } from './artifacts.ts'
import type { Console } from './harness.ts'
import { password, type Role } from './seed.ts'

/** A call that every role makes. */
export type Call = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `{made}` in the path and the body is what {@link Call.make} gives; without that, a new name. */
  readonly path: string
  readonly body?: object
  /** Who is let through; all others are refused. */
  readonly may: readonly Role[]
  /** Makes what the call is about, of that name, and says how the call has to name it. */
  readonly make?: (berth: Console, name: string) => Promise<string>
  /** The answer to those who are let through, where it is none of success. */
  readonly status?: 404 | 409
}

const admin: readonly Role[] = ['admin']
const auditors: readonly Role[] = ['admin', 'auditor']
const owners: readonly Role[] = ['admin', 'owner']
const maintainers: readonly Role[] = [...owners, 'maintainer']
const developers: readonly Role[] = [...maintainers, 'developer']
const none = '00000000-0000-4000-8000-000000000000'
const acme = '/projects/acme'
const api = '/repositories/acme%2Fapi'
const judged = { vulnerability: 'CVE-2019-8457' }
const exception = { ...judged, reason: 'It is never called.', endsAt: '2030-01-01T00:00:00Z' }
const statement = { ...judged, status: 'not_affected', statement: 'It is never called.' }
const robot = { name: '{made}', actions: ['pull'] }
const immutable = { effect: 'immutable', repositories: 'none/{made}', tags: '*' }
const document = 'apiVersion: berth/v1\nrules: []\n'

type Made = { id: string; robot?: undefined } | { robot: { id: string } }

/** Makes it by the API as the administrator; it is known by the id in the answer. */
const by =
  (path: string, body: object): NonNullable<Call['make']> =>
  async (berth, name) => {
    const made = (await berth.manage('POST', path, filled(body, name))) as Made
    return made.robot === undefined ? made.id : made.robot.id
  }

const user: Call['make'] = async (berth, name) => {
  await berth.manage('POST', '/users', { name, password })
  return name
}

const member: Call['make'] = async (berth, name) => {
  await berth.manage('POST', '/users', { name, password })
  await berth.manage('PUT', `${acme}/members/user/${name}`, { role: 'reader' })
  return name
}

const group: Call['make'] = async (berth, name) => {
  await berth.manage('POST', '/groups', { name })
  await berth.manage('PUT', `/groups/${name}/members/developer`)
  return name
}

/** A project below acme, whose roles hold there too. It has a policy. */
const project: Call['make'] = async (berth, name) => {
  await berth.manage('POST', '/projects', { name: `acme/${name}`, visibility: 'private' })
  await berth.manage('PUT', `/projects/acme%2F${name}/policy`, { document })
  return name
}

const signingKey: Call['make'] = async (berth, name) => {
  await berth.manage('POST', `${acme}/signing-keys`, { name })
  return name
}

/** A job that has come to its end. */
const job: Call['make'] = async (berth) => {
  const { items } = await berth.manage('GET', '/jobs?state=succeeded')
  const [first] = items as { id: string }[]
  if (!first) throw new Error('No job has come to its end.')
  return first.id
}

const push = async ({ berth }: Console, repository: string, tag: string): Promise<void> => {
  await pushArtifact(berth, repository, tag, {
    artifactType: 'application/vnd.example.note',
    config: { mediaType: 'application/vnd.oci.empty.v1+json', content: '{}' },
    layers: [{ mediaType: 'text/plain', content: tag }],
  })
}

const tag: Call['make'] = async (berth, name) => {
  await push(berth, 'acme/api', name)
  return name
}

const manifest: Call['make'] = async (berth, name) => {
  await push(berth, 'acme/api', name)
  const { digest } = await berth.manage('GET', `${api}/manifests/${name}`)
  return String(digest)
}

const repository: Call['make'] = async (berth, name) => {
  await push(berth, `acme/${name}`, 'latest')
  return name
}

/** Behind the controls of the console. What they take away was made for that. */
export const calls: readonly Call[] = [
  { method: 'GET', path: '/users', may: auditors },
  { method: 'GET', path: '/audit', may: auditors },
  { method: 'GET', path: '/audit/export', may: auditors },
  { method: 'GET', path: '/system/configuration', may: auditors },
  { method: 'GET', path: '/robots', may: auditors },
  { method: 'POST', path: '/users', body: { name: '{made}', password }, may: admin },
  { method: 'PATCH', path: '/users/reader', body: { email: null }, may: admin },
  { method: 'DELETE', path: '/users/{made}', make: user, may: admin },
  // The user has none.
  { method: 'DELETE', path: '/users/{made}/second-factor', make: user, may: admin, status: 409 },
  { method: 'GET', path: '/users/{made}/second-factor', make: user, may: auditors },
  { method: 'DELETE', path: '/users/{made}/sessions', make: user, may: admin },
  { method: 'PUT', path: '/users/{made}/password', make: user, body: { password }, may: admin },
  { method: 'POST', path: '/groups', body: { name: '{made}' }, may: admin },
  { method: 'PATCH', path: '/groups/{made}', make: group, body: { role: 'none' }, may: admin },
  { method: 'DELETE', path: '/groups/{made}', make: group, may: admin },
  { method: 'PUT', path: '/groups/{made}/members/reader', make: group, may: admin },
  { method: 'DELETE', path: '/groups/{made}/members/developer', make: group, may: admin },
  { method: 'POST', path: '/robots', body: robot, may: admin },
  { method: 'DELETE', path: '/robots/{made}', make: by('/robots', robot), may: admin },
  { method: 'POST', path: '/system/immutability-rules', body: immutable, may: admin },
  {
    method: 'DELETE',
    path: '/system/immutability-rules/{made}',
    make: by('/system/immutability-rules', immutable),
    may: admin,
  },
  // There is neither a scanner nor a directory.
  { method: 'DELETE', path: '/system/scanners/no-such-scanner', may: admin, status: 404 },
  { method: 'POST', path: '/system/sign-in/ldap/test', body: {}, may: admin, status: 404 },
  { method: 'POST', path: '/collection/runs', body: { dryRun: true }, may: admin },
  { method: 'POST', path: '/verification/runs', body: {}, may: admin },
  // It is over, and has not failed.
  { method: 'POST', path: '/jobs/{made}/cancel', make: job, may: admin, status: 409 },
  { method: 'POST', path: '/jobs/{made}/retry', make: job, may: admin, status: 409 },
  { method: 'POST', path: '/projects', body: { name: '{made}' }, may: admin },
  { method: 'PATCH', path: acme, body: { visibility: 'private' }, may: owners },
  { method: 'DELETE', path: `${acme}%2F{made}`, make: project, may: owners },
  { method: 'GET', path: `${acme}/audit`, may: [...auditors, 'owner'] },
  { method: 'GET', path: `${acme}/audit/export`, may: [...auditors, 'owner'] },
  { method: 'PUT', path: `${acme}/members/user/reader`, body: { role: 'reader' }, may: owners },
  { method: 'DELETE', path: `${acme}/members/user/{made}`, make: member, may: owners },
  { method: 'POST', path: `${acme}/robots`, body: robot, may: owners },
  {
    method: 'POST',
    path: `${acme}/robots/{made}/rotation`,
    make: by(`${acme}/robots`, robot),
    body: {},
    may: owners,
  },
  {
    method: 'DELETE',
    path: `${acme}/robots/{made}`,
    make: by(`${acme}/robots`, robot),
    may: owners,
  },
  // No issuer of workloads is trusted here, so there can be no rule.
  { method: 'DELETE', path: `${acme}/workload-rules/${none}`, may: owners, status: 404 },
  { method: 'POST', path: `${acme}/signing-keys`, body: { name: '{made}' }, may: owners },
  { method: 'DELETE', path: `${acme}/signing-keys/{made}`, make: signingKey, may: owners },
  {
    method: 'PUT',
    path: `${acme}/quota`,
    body: { bytes: 2_000_000_000, repositories: 50 },
    may: admin,
  },
  { method: 'POST', path: `${acme}/immutability-rules`, body: immutable, may: maintainers },
  {
    method: 'DELETE',
    path: `${acme}/immutability-rules/{made}`,
    make: by(`${acme}/immutability-rules`, immutable),
    may: maintainers,
  },
  {
    method: 'PUT',
    path: `${acme}%2F{made}/policy`,
    make: project,
    body: { document },
    may: maintainers,
  },
  { method: 'DELETE', path: `${acme}%2F{made}/policy`, make: project, may: maintainers },
  { method: 'POST', path: `${acme}/policy-exceptions`, body: exception, may: maintainers },
  {
    method: 'DELETE',
    path: `${acme}/policy-exceptions/{made}`,
    make: by(`${acme}/policy-exceptions`, exception),
    may: maintainers,
  },
  { method: 'POST', path: `${acme}/vex-statements`, body: statement, may: maintainers },
  {
    method: 'POST',
    path: `${acme}/vex-statements/{made}/revoke`,
    make: by(`${acme}/vex-statements`, statement),
    may: maintainers,
  },
  { method: 'GET', path: api, may: [...developers, 'auditor', 'reader'] },
  {
    method: 'PATCH',
    path: '/repositories/acme%2Fworker',
    body: { description: 'Works off what waits' },
    may: maintainers,
  },
  { method: 'DELETE', path: '/repositories/acme%2F{made}', make: repository, may: maintainers },
  { method: 'DELETE', path: `${api}/tags/{made}`, make: tag, may: maintainers },
  { method: 'DELETE', path: `${api}/manifests/{made}`, make: manifest, may: maintainers },
  { method: 'POST', path: `${api}/manifests/1.0.0/scan`, may: developers },
  {
    method: 'POST',
    path: `${api}/manifests/1.0.0/signatures`,
    body: { key: 'release' },
    may: maintainers,
  },
]

/** The same with `{made}` filled in. */
export function filled<T extends string | object>(value: T, made: string): T {
  return JSON.parse(JSON.stringify(value).replaceAll('{made}', made)) as T
}
