import { ClientError } from '@berth/client/client-error.ts'
import {
  dockerHub,
  formatRepositoryAddress,
  parseImageReference,
  parseRegistryHost,
} from '@berth/client/image-reference.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'

/** What is logged in to, and the repository that the login is tried on. */
export type LoginTarget = {
  readonly registry: string
  readonly repository: RepositoryName | undefined
}

/**
 * Reads `ghcr.io`, `https://ghcr.io` or `ghcr.io/acme/api`; without anything it is Docker Hub, as docker has it. With
 * `repository` (`acme/api`, or the address in full) that is the one. Throws `referenceInvalid`; `inputInvalid` when the
 * two contradict.
 */
export function parseLoginTarget(
  address: string | undefined,
  repository: string | undefined,
): LoginTarget {
  const bare = (address ?? dockerHub).replace(/^https?:\/\//i, '').replace(/\/(?:v[12]\/?)?$/, '')
  const slash = bare.indexOf('/')
  const registry = parseRegistryHost(slash === -1 ? bare : bare.slice(0, slash))
  const named = slash === -1 ? undefined : repositoryOf(registry, bare.slice(slash + 1))
  if (repository === undefined) return { registry, repository: named }
  const path = repository.startsWith(`${registry}/`)
    ? repository.slice(registry.length + 1)
    : repository
  const given = repositoryOf(registry, path)
  if (named !== undefined && named !== given) {
    throw new ClientError('inputInvalid', `${bare} and --repository ${repository} contradict.`, {
      next: 'Name the repository once.',
    })
  }
  return { registry, repository: given }
}

/** The target as people write it. */
export function formatLoginTarget({ registry, repository }: LoginTarget): string {
  return repository === undefined ? registry : formatRepositoryAddress({ registry, repository })
}

/** A tag or digest behind it does no harm: an address is often pasted with one. */
function repositoryOf(registry: string, path: string): RepositoryName {
  // A registry without dot and port (`registry/acme`) would be taken for a path on Docker Hub.
  const known = registry.includes('.') || registry.includes(':') ? registry : 'registry.invalid'
  return parseImageReference(`${known}/${path}`).repository
}
