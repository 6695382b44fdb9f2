import { ClientError } from '@berth/client/client-error.ts'
import { parseRepositoryAddress, type RepositoryAddress } from '@berth/client/image-reference.ts'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import { splitRepositoryGlob } from '../image-argument.ts'
import { parsePattern } from '../pattern.ts'

/**
 * The repositories that the arguments name, each once: as they are, or by a glob such as `ghcr.io/acme/*`, for which the
 * registry is asked what there is. Throws `notFound` when a glob fits nothing.
 */
export async function findRepositories(
  client: RegistryClient,
  given: readonly string[],
  signal: AbortSignal,
): Promise<readonly RepositoryAddress[]> {
  const found = new Map<string, RepositoryAddress>()
  for (const text of given) {
    const named = /[*?[{]/.test(text)
      ? await expand(client, text, signal)
      : [parseRepositoryAddress(text)]
    if (named.length === 0) {
      throw new ClientError('notFound', `No repository fits ${text}.`, {
        next: 'A "*" stops at a slash; "**" does not. See what there is with: berth repositories',
      })
    }
    for (const each of named) found.set(`${each.registry}/${each.repository}`, each)
  }
  return [...found.values()]
}

async function expand(
  client: RegistryClient,
  text: string,
  signal: AbortSignal,
): Promise<readonly RepositoryAddress[]> {
  const { registry, glob = '**' } = splitRepositoryGlob(text)
  const pattern = parsePattern(glob)
  const found: RepositoryAddress[] = []
  for await (const repository of client.listRepositories(registry, signal)) {
    if (pattern.matches(repository)) found.push({ registry, repository })
  }
  return found
}
