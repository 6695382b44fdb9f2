import { ClientError } from '@berth/client/client-error.ts'
import { parseRegistryHost, parseRepositoryAddress } from '@berth/client/image-reference.ts'
import { quote } from '@berth/oci/oci-error.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'

/** What of one registry is to be looked at. */
export type InventoryScope = {
  readonly registry: string
  /** Repositories named in full: nothing has to be listed for these. */
  readonly names: ReadonlySet<RepositoryName>
  /** What names of repositories are compared with; empty when only `names` are meant. */
  readonly patterns: readonly RegExp[]
  /** Whether all of the registry is meant. */
  readonly isWhole: boolean
}

const patternMax = 300

/**
 * Reads what was asked for, by registry: `host[:port]` is all of it, `host/prefix/*` those directly below a prefix,
 * `host/prefix/**` those at any depth, `?` one character, and a name without any of these one repository. Throws
 * `referenceInvalid`.
 */
export function parseScopes(texts: readonly string[]): readonly InventoryScope[] {
  const scopes = new Map<
    string,
    { names: Set<RepositoryName>; patterns: RegExp[]; isWhole: boolean }
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
    if (/[*?]/.test(path)) scope.patterns.push(compile(path, text))
    else scope.names.add(parseRepositoryAddress(bare).repository)
  }
  return [...scopes].map(([registry, scope]) => ({ registry, ...scope }))
}

/** Whether the repository is one of those that were asked for. */
export function isInScope({ names, patterns }: InventoryScope, name: RepositoryName): boolean {
  return names.has(name) || patterns.some((pattern) => pattern.test(name))
}

function compile(pattern: string, text: string): RegExp {
  // More stars than that mean nothing, and each one multiplies the time that a comparison may take.
  const stars = pattern.match(/\*+/g)?.length ?? 0
  if (pattern.length > patternMax || stars > 4 || !/^[a-z0-9._*?/-]+$/.test(pattern)) {
    throw new ClientError('referenceInvalid', `${quote(text)} is not a pattern of repositories.`, {
      next: 'Lower-case names with * for one component, ** for any number of them, ? for one character.',
    })
  }
  const source = pattern
    .split(/(\*+|\?)/)
    .map((piece) => {
      if (piece === '?') return '[^/]'
      if (/^\*+$/.test(piece)) return piece.length === 1 ? '[^/]*' : '.*'
      return piece.replaceAll('.', '\\.')
    })
    .join('')
  return new RegExp(`^${source}$`)
}
