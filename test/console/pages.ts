import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Role } from './seed.ts'

/** A page of the console, as it is opened in the tests and for pictures. */
export type PageAddress = {
  /** The path of the route, as the console declares it. */
  readonly route: string
  readonly path: string
  /** Who opens it. */
  readonly role: Role | undefined
}

const api = '/repositories/acme%2Fapi'
const image = `${api}/images/1.0.0`

/** Every page, with real content in it. */
export const pages: readonly PageAddress[] = [
  { route: '/sign-in', path: '/sign-in', role: undefined },
  { route: '/setup', path: '/setup', role: undefined },
  { route: '/', path: '/', role: 'admin' },
  { route: '/device', path: '/device', role: 'admin' },
  { route: '/search', path: '/search?q=api', role: 'admin' },
  ...under('/projects', ['']),
  ...under(
    '/projects/$project',
    [
      '',
      '/members',
      '/robots',
      '/workloads',
      '/policy',
      '/security',
      '/storage',
      '/immutability',
      '/trust',
      '/audit',
      '/settings',
    ],
    '/projects/acme',
  ),
  { route: '/repositories', path: '/repositories', role: 'admin' },
  ...under('/repositories/$repository', ['', '/about', '/manifests', '/compare', '/settings'], api),
  {
    route: '/repositories/$repository/compare',
    path: `${api}/compare?from=1.0.0&to=1.10.0`,
    role: 'admin',
  },
  ...under(
    '/repositories/$repository/images/$reference',
    ['', '/files', '/configuration', '/packages', '/findings', '/trust', '/relations', '/manifest'],
    image,
  ),
  {
    route: '/repositories/$repository/images/$reference',
    path: `${api}/images/1.10.0`,
    role: 'admin',
  },
  ...under('/security', [
    '',
    '/findings',
    '/packages',
    '/policies',
    '/policy',
    '/exceptions',
    '/statements',
    '/denials',
    '/advisories',
  ]),
  { route: '/security/policy', path: '/security/policy?project=acme', role: 'admin' },
  {
    route: '/security/vulnerabilities/$vulnerability',
    path: '/security/vulnerabilities/CVE-2022-37434',
    role: 'admin',
  },
  ...under('/administration', [
    '/users',
    '/groups',
    '/robots',
    '/workloads',
    '/immutability',
    '/trust',
    '/audit',
    '/jobs',
    '/collection',
    '/storage',
    '/system',
    '/scanners',
    '/sign-in',
    '/configuration',
  ]),
  { route: '/administration/users/$user', path: '/administration/users/developer', role: 'admin' },
  {
    route: '/administration/groups/$group',
    path: '/administration/groups/platform',
    role: 'admin',
  },
  ...under('/profile', ['', '/keys', '/sessions', '/second-factor']),
]

function under(route: string, ends: readonly string[], path = route): PageAddress[] {
  return ends.map((end) => ({ route: `${route}${end}`, path: `${path}${end}`, role: 'admin' }))
}

/** The paths that the console declares, each with those of the pages around it. */
export function declaredRoutes(): string[] {
  const folder = join(import.meta.dirname, '../../packages/console/src/routes')
  const text = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
  const parts = new Map<string, { parent: string; path: string }>()
  const pattern =
    /const (\w+) = createRoute\(\{\s+getParentRoute: \(\) => (\w+),\s+path: '([^']+)'/g
  for (const [, name = '', parent = '', path = ''] of text.matchAll(pattern)) {
    parts.set(name, { parent, path })
  }
  const whole = (name: string): string => {
    const part = parts.get(name)
    if (!part) return ''
    return `${whole(part.parent)}/${part.path.replace(/^\/|\/$/g, '')}`.replace(/\/$/, '')
  }
  const routes = [...parts.keys()].map((name) => whole(name))
  return [...new Set(routes.map((route) => (route === '' ? '/' : route)))]
}

const cve = '/security/vulnerabilities/CVE-2022-37434'

/** The dialogs that a page opens, each with the buttons that lead to it. Those of a finding come from its drawer. */
export const dialogs: readonly { readonly path: string; readonly open: readonly string[] }[] = [
  { path: '/projects', open: ['Create a project'] },
  { path: '/projects/acme/robots', open: ['Create a robot'] },
  { path: '/projects/acme/robots', open: ['What to do with acme+deploy', 'Delete'] },
  { path: '/projects/acme/workloads', open: ['Create a rule'] },
  { path: '/projects/acme/immutability', open: ['Add a rule'] },
  { path: '/projects/acme/trust', open: ['Trust somebody'] },
  { path: '/projects/acme/audit', open: ['Show the entry: '] },
  { path: '/projects/acme/settings', open: ['Delete the project'] },
  { path: api, open: ['Delete the tag 1.0.0'] },
  { path: `${api}/manifests`, open: ['Delete the manifest '] },
  { path: `${api}/settings`, open: ['Delete the repository'] },
  { path: image, open: ['Other clients'] },
  ...['Sign', 'Delete the tag', 'Delete the image'].map((name) => ({
    path: image,
    open: ['More actions', name],
  })),
  { path: cve, open: ['Judge it'] },
  { path: cve, open: ['Except it'] },
  { path: '/security/exceptions', open: ['New exception'] },
  { path: '/security/exceptions', open: ['End now'] },
  { path: '/security/statements', open: ['New statement'] },
  { path: '/security/statements', open: ['Upload a document'] },
  { path: '/security/statements', open: ['Revoke'] },
  { path: '/administration/users', open: ['Create a user'] },
  { path: '/administration/users/developer', open: ['Disable'] },
  { path: '/administration/users/developer', open: ['Delete'] },
  { path: '/administration/groups', open: ['Create a group'] },
  { path: '/administration/groups/platform', open: ['Delete'] },
  { path: '/administration/scanners', open: ['Register an adapter'] },
  { path: '/profile/keys', open: ['Create a key'] },
  { path: '/profile/second-factor', open: ['Set it up'] },
]
