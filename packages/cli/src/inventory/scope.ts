import { ClientError } from '@berth/client/client-error.ts'
import { parseRegistryHost, parseRepositoryAddress } from '@berth/client/image-reference.ts'
import { quote } from '@berth/oci/oci-error.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { type Pattern, parsePattern } from '../pattern.ts'

/** What of one registry is to be looked at. */
export type InventoryScope = {
  readonly registry: string
  /** Repositories named in full: nothing has to be listed for these. */
  readonly names: ReadonlySet<RepositoryName>
  /** What names of repositories are compared with; empty when only `names` are meant. */
  readonly patterns: readonly Pattern[]
  /** Whether all of the registry is meant. */
  readonly isWhole: boolean
}

/**
 * Reads what was asked for, by registry: `host[:port]` is all of it, `host/prefix/*` those directly below a prefix,
 * `host/prefix/**` those at any depth, and a name without anything of a glob one repository. Throws
 * `referenceInvalid`, `inputInvalid`.
 */
export function parseScopes(texts: readonly string[]): readonly InventoryScope[] {
  const scopes = new Map<
    string,
    { names: Set<RepositoryName>; patterns: Pattern[]; isWhole: boolean }
  >()
  for (const text of texts) {
    const slash = text.replace(/^https?:\/\//i, '').indexOf('/')
    const bare = text.replace(/^https?:\/\//i, '').replace(/\/$/, '')
    const isRegistry = slash === -1 || slash === bare.length
    const host = isRegistry ? bare : bare.slice(0, slash)
    if (!/[.:]/.test(host) && host !== 'localhost') {
      throw new ClientError('referenceInvalid', `${quote(text)} does not say which registry.`, {
        next: 'Write it as host, host/prefix/* or host/repository, for instance ghcr.io/acme/*.',
      })
    }
    const registry = parseRegistryHost(host)
    const scope = scopes.get(registry) ?? { names: new Set(), patterns: [], isWhole: false }
    scopes.set(registry, scope)
    const path = isRegistry ? '**' : bare.slice(slash + 1)
    if (path === '**') scope.isWhole = true
    if (/[*?[{]/.test(path)) scope.patterns.push(parsePattern(path))
    else scope.names.add(parseRepositoryAddress(bare).repository)
  }
  return [...scopes].map(([registry, scope]) => ({ registry, ...scope }))
}

/** Whether the repository is one of those that were asked for. */
export function isInScope({ names, patterns }: InventoryScope, name: RepositoryName): boolean {
  return names.has(name) || patterns.some((pattern) => pattern.matches(name))
}
