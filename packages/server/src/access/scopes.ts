import { parseRepositoryName, type RepositoryName } from '@berth/oci/reference.ts'
import type { RepositoryAction } from '../actor.ts'
import { BerthError } from '../errors.ts'

/** One entry of a token's `access` claim, and of the wish that a scope states. */
export type ResourceAccess = {
  readonly type: string
  readonly name: string
  readonly actions: readonly string[]
}

/** What a token allows, in the form that is asked on every request. */
export type Grants = {
  readonly catalog: boolean
  readonly repositories: ReadonlyMap<string, readonly ScopeAction[]>
}

const scopesMax = 64
// The token comes back in a header, as base64 of JSON; beyond this it would not fit Node's 16 KiB of headers.
const scopeBytesMax = 6 * 1024

const scopeActions = ['pull', 'push', 'delete'] as const

/** What a scope can name: coarser than what can be done (CNCF distribution, "Token scope documentation"). */
type ScopeAction = (typeof scopeActions)[number]

const scopeActionOf: Readonly<Record<RepositoryAction, ScopeAction>> = {
  pull: 'pull',
  push: 'push',
  createTag: 'push',
  moveTag: 'push',
  deleteTag: 'delete',
  delete: 'delete',
}

/** Any of these makes the scope worth having; what exactly is allowed is asked at the request. */
const actionsOf: Readonly<Record<ScopeAction, readonly RepositoryAction[]>> = {
  pull: ['pull'],
  push: ['push'],
  delete: ['delete', 'deleteTag'],
}

/** Whether a token with these grants covers the action. */
export function grantsAllow(grants: Grants, action: RepositoryAction, repository: string): boolean {
  return grants.repositories.get(repository)?.includes(scopeActionOf[action]) ?? false
}

/** What scopes are measured by: what their owner may, whatever the credentials presented are for. */
export type ScopeOwner = {
  may(action: RepositoryAction, repository: RepositoryName): Promise<boolean>
  readonly mayList: boolean
}

/**
 * Reads one scope, `type[(class)]:name:actions` (CNCF distribution, "Token scope documentation"). The name may hold
 * a colon (a port), so the first and the last colon part the scope. `undefined` when it is not a scope.
 */
export function parseScope(text: string): ResourceAccess | undefined {
  const first = text.indexOf(':')
  const last = text.lastIndexOf(':')
  if (first <= 0 || last - first < 2 || last === text.length - 1) return undefined
  const type = /^([a-z0-9]+)(?:\([a-z0-9]+\))?$/.exec(text.slice(0, first))?.[1]
  const name = text.slice(first + 1, last)
  if (type === undefined || name.split(':').length > 2) return undefined
  const actions = text
    .slice(last + 1)
    .split(',')
    .filter((action) => action !== '')
  return actions.length === 0 ? undefined : { type, name, actions }
}

/**
 * What the owner gets of the scopes asked for: the intersection. A scope that is malformed, unknown or not allowed
 * is left out and is no error, for clients ask for more than they need. Each value may hold several scopes
 * separated by spaces. Throws `requestInvalid` beyond 64 scopes or 6 KiB.
 */
export async function grantScopes(
  scopes: readonly string[],
  owner: ScopeOwner,
): Promise<ResourceAccess[]> {
  if (scopes.reduce((sum, scope) => sum + scope.length, 0) > scopeBytesMax) {
    throw new BerthError(
      'requestInvalid',
      `The scopes are longer than ${scopeBytesMax} bytes. Ask for a token for fewer repositories at once.`,
    )
  }
  const wanted = scopes.flatMap((scope) => scope.split(' ')).filter((scope) => scope !== '')
  if (wanted.length > scopesMax) {
    throw new BerthError(
      'requestInvalid',
      `The request names ${wanted.length} scopes, at most ${scopesMax} are allowed. Ask for a token for fewer repositories at once.`,
    )
  }
  const repositories = new Map<string, Set<string>>()
  let catalog = false
  for (const text of wanted) {
    const scope = parseScope(text)
    if (!scope) continue
    if (scope.type === 'registry' && scope.name === 'catalog') {
      catalog ||= scope.actions.includes('*') && owner.mayList
    } else if (scope.type === 'repository') {
      const granted = await grantActions(scope, owner)
      if (granted.length === 0) continue
      const held = repositories.get(scope.name) ?? new Set()
      for (const action of granted) held.add(action)
      repositories.set(scope.name, held)
    }
  }
  const access: ResourceAccess[] = [...repositories].map(([name, actions]) => ({
    type: 'repository',
    name,
    actions: scopeActions.filter((action) => actions.has(action)),
  }))
  if (catalog) access.push({ type: 'registry', name: 'catalog', actions: ['*'] })
  return access
}

/** The granted access as the `scope` of a token response. */
export function formatScopes(access: readonly ResourceAccess[]): string {
  return access.map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`).join(' ')
}

/** The access claim as the authenticator asks it. */
export function toGrants(access: readonly ResourceAccess[]): Grants {
  const repositories = new Map<string, readonly ScopeAction[]>()
  let catalog = false
  for (const { type, name, actions } of access) {
    if (type === 'registry') catalog ||= name === 'catalog' && actions.includes('*')
    if (type === 'repository') {
      repositories.set(
        name,
        scopeActions.filter((action) => actions.includes(action)),
      )
    }
  }
  return { catalog, repositories }
}

/** podman asks for `*` when it deletes: that is every action the owner has, spelled out. */
async function grantActions(scope: ResourceAccess, owner: ScopeOwner): Promise<ScopeAction[]> {
  const repository = readRepositoryName(scope.name)
  if (repository === undefined) return []
  const granted: ScopeAction[] = []
  for (const wanted of scopeActions) {
    if (!scope.actions.includes('*') && !scope.actions.includes(wanted)) continue
    for (const action of actionsOf[wanted]) {
      if (!(await owner.may(action, repository))) continue
      granted.push(wanted)
      break
    }
  }
  return granted
}

function readRepositoryName(text: string): RepositoryName | undefined {
  try {
    return parseRepositoryName(text)
  } catch {
    return undefined
  }
}
