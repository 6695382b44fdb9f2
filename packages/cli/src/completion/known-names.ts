import { resolve } from 'node:path'
import { openCredentials } from '@berth/client/credentials/credential-store.ts'
import { dockerHub, parseRegistryHost } from '@berth/client/image-reference.ts'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import { parseRepositoryName } from '@berth/oci/reference.ts'
import type { Terminal } from '../terminal.ts'

const namesMax = 500

/** Registries with a stored login, and the one of `berth.yaml`. */
export async function knownRegistries(
  { env, cwd }: Terminal,
  home: string,
): Promise<readonly string[]> {
  const known = await openCredentials({ env, home })
    .list(() => {})
    .catch(() => [])
  const named = known.map(({ registry }) => registry).filter((each) => !each.includes('*'))
  const file = await readFile(cwd, env)
  return [...new Set([...(file === undefined ? [] : [file.registry]), ...named])]
}

/** The services of `berth.yaml` in the folder; none when there is no such file, or when it is wrong. */
export async function knownServices({ env, cwd }: Terminal): Promise<readonly string[]> {
  const file = await readFile(cwd, env)
  return file?.services.map(({ name }) => name) ?? []
}

/**
 * What a half-written image may become: `ghcr` a registry, `ghcr.io/ac` a repository of it, `ghcr.io/acme/api:1` a tag.
 * Throws what the registry refuses.
 */
export async function imagesLike(
  text: string,
  registries: () => Promise<readonly string[]>,
  client: () => Promise<RegistryClient>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const slash = text.indexOf('/')
  if (slash === -1) return (await registries()).map((registry) => `${registry}/`)
  const registry = parseRegistryHost(text.slice(0, slash))
  const rest = text.slice(slash + 1)
  const colon = rest.lastIndexOf(':')
  const names: string[] = []
  if (colon !== -1) {
    const repository = parseRepositoryName(rest.slice(0, colon))
    const source = (await client()).repository({ registry, repository })
    for await (const tag of source.listTags(signal)) {
      const name = `${registry}/${repository}:${tag}`
      if (name.startsWith(text)) names.push(name)
      if (names.length >= namesMax) break
    }
    return names
  }
  // Docker Hub has no list of all its repositories.
  if (registry === dockerHub) return []
  for await (const repository of (await client()).listRepositories(registry, signal)) {
    const name = `${registry}/${repository}`
    if (name.startsWith(text)) names.push(name, ...(name === text ? [`${name}:`] : []))
    if (names.length >= namesMax) break
  }
  return names
}

async function readFile(cwd: string, env: Terminal['env']) {
  try {
    // Loaded only here: most completions need no YAML.
    const { readBuildFile } = await import('../build/build-file.ts')
    return await readBuildFile(resolve(cwd, 'berth.yaml'), { variables: env })
  } catch {
    return undefined
  }
}
