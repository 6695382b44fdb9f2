import type { Role } from './seed.ts'

/** A call that changes something, which every role makes. */
export type Call = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: object
  /** Who is let through; all others are refused with 401, 403 or, where they may not know, 404. */
  readonly may: readonly Role[]
}

const admin: readonly Role[] = ['admin']
const auditors: readonly Role[] = ['admin', 'auditor']
const owners: readonly Role[] = ['admin', 'owner']
const maintainers: readonly Role[] = [...owners, 'maintainer']
const developers: readonly Role[] = [...maintainers, 'developer']
const none = '00000000-0000-4000-8000-000000000000'
const acme = '/projects/acme'
const api = '/repositories/acme%2Fapi'
const digest = `sha256:${'0'.repeat(64)}`
const password = 'heron basalt umbrella'

/** Behind the controls of the console. None does harm when it is let through: what it takes away or makes is not there, or is there already. */
export const calls: readonly Call[] = [
  { method: 'GET', path: '/users', may: auditors },
  { method: 'GET', path: '/audit', may: auditors },
  { method: 'GET', path: '/audit/export', may: auditors },
  { method: 'GET', path: '/system/configuration', may: auditors },
  { method: 'GET', path: '/robots', may: auditors },
  { method: 'GET', path: `${acme}/audit`, may: [...auditors, 'owner'] },
  { method: 'GET', path: `${acme}/audit/export`, may: [...auditors, 'owner'] },
  { method: 'GET', path: api, may: [...developers, 'auditor', 'reader'] },
  { method: 'POST', path: '/users', body: { name: 'reader', password }, may: admin },
  { method: 'PATCH', path: '/users/reader', body: { email: null }, may: admin },
  { method: 'DELETE', path: '/users/nobody-of-that-name', may: admin },
  { method: 'DELETE', path: '/users/nobody-of-that-name/second-factor', may: admin },
  { method: 'DELETE', path: '/users/nobody-of-that-name/sessions', may: admin },
  { method: 'PUT', path: '/users/nobody-of-that-name/password', body: { password }, may: admin },
  { method: 'POST', path: '/groups', body: { name: 'platform' }, may: admin },
  { method: 'DELETE', path: '/groups/no-such-group', may: admin },
  { method: 'PUT', path: '/groups/platform/members/developer', may: admin },
  { method: 'DELETE', path: '/groups/no-such-group/members/developer', may: admin },
  { method: 'DELETE', path: '/system/scanners/no-such-scanner', may: admin },
  { method: 'POST', path: '/system/sign-in/ldap/test', body: {}, may: admin },
  { method: 'POST', path: '/collection/runs', body: { dryRun: true }, may: admin },
  { method: 'POST', path: `/jobs/${none}/cancel`, may: admin },
  { method: 'POST', path: `/jobs/${none}/retry`, may: admin },
  { method: 'POST', path: '/projects', body: { name: 'acme', visibility: 'private' }, may: admin },
  { method: 'PATCH', path: acme, body: { visibility: 'private' }, may: owners },
  { method: 'DELETE', path: acme, may: owners },
  { method: 'PUT', path: `${acme}/members/user/reader`, body: { role: 'reader' }, may: owners },
  { method: 'DELETE', path: `${acme}/members/user/nobody-of-that-name`, may: owners },
  {
    method: 'POST',
    path: `${acme}/robots`,
    body: { name: 'deploy', actions: ['pull'] },
    may: owners,
  },
  { method: 'DELETE', path: `${acme}/robots/no-such-robot`, may: owners },
  { method: 'DELETE', path: `${acme}/workload-rules/no-such-rule`, may: owners },
  { method: 'POST', path: `${acme}/signing-keys`, body: { name: 'release' }, may: owners },
  {
    method: 'PUT',
    path: `${acme}/quota`,
    body: { bytes: 2_000_000_000, repositories: 50 },
    may: admin,
  },
  { method: 'DELETE', path: `${acme}/immutability-rules/${none}`, may: maintainers },
  { method: 'DELETE', path: `${acme}/policy-exceptions/${none}`, may: maintainers },
  { method: 'POST', path: `${acme}/vex-statements/${none}/revoke`, may: maintainers },
  {
    method: 'PATCH',
    path: '/repositories/acme%2Fworker',
    body: { description: 'Works off what waits' },
    may: maintainers,
  },
  { method: 'DELETE', path: `${api}/tags/no-such-tag`, may: maintainers },
  { method: 'DELETE', path: `${api}/manifests/${digest}`, may: maintainers },
  { method: 'POST', path: `${api}/manifests/no-such-tag/scan`, may: developers },
  {
    method: 'POST',
    path: `${api}/manifests/no-such-tag/signatures`,
    body: { key: 'release' },
    may: maintainers,
  },
]
