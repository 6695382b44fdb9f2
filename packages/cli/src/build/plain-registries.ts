import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { BuildPlan } from './build-plan.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The registry of the file, when builders will talk to it and it speaks HTTP without TLS. Without a push it is asked only
 * when a Dockerfile or a cache names it; that it does not answer is then for the builder to tell.
 */
export async function findPlainRegistries(
  { file, services }: BuildPlan,
  caches: readonly string[],
  parts: {
    readonly client: RegistryClient | undefined
    readonly openClient: () => Promise<RegistryClient>
    readonly signal: AbortSignal
  },
): Promise<readonly string[]> {
  const { registry } = file
  const places = services.flatMap(({ service }) => [...service.cacheFrom, ...service.cacheTo])
  const texts = await Promise.all(services.map(({ dockerfile }) => readFile(dockerfile, 'utf8')))
  const isNamed = [...places, ...caches, ...texts].some((each) => each.includes(registry))
  if (parts.client === undefined && !isNamed) return []
  try {
    const client = parts.client ?? (await parts.openClient())
    const { origin } = await client.probe(registry, parts.signal)
    return origin.startsWith('http:') ? [registry] : []
  } catch (error) {
    if (parts.client === undefined && !parts.signal.aborted) return []
    throw error
  }
}

/**
 * Lets buildah and podman pull base images from registries without TLS, for this build alone: a copy of the user's
 * `registries.conf` with an entry for each. Their option `--tls-verify=false` would drop the check for every registry.
 * Gives the variables to set.
 */
export async function allowPlainRegistries(
  hosts: readonly string[],
  folder: string,
  env: Environment,
): Promise<Readonly<Record<string, string>>> {
  if (hosts.length === 0) return {}
  const text = await readSettings(env)
  // The first version of the format cannot be mixed with the second; its users list such registries there themselves.
  if (/^\s*\[registries\./m.test(text)) return {}
  const missing = hosts.filter((host) => !text.includes(`"${host}"`))
  const entries = missing.map((host) => `\n[[registry]]\nlocation = "${host}"\ninsecure = true\n`)
  const path = join(folder, 'registries.conf')
  await writeFile(path, `${text}\n${entries.join('')}`)
  return { CONTAINERS_REGISTRIES_CONF: path }
}

async function readSettings(env: Environment): Promise<string> {
  const home =
    env.XDG_CONFIG_HOME ?? (env.HOME === undefined ? undefined : join(env.HOME, '.config'))
  const paths = [
    env.CONTAINERS_REGISTRIES_CONF,
    home === undefined ? undefined : join(home, 'containers/registries.conf'),
    '/etc/containers/registries.conf',
  ]
  for (const path of paths) {
    if (path === undefined || path === '') continue
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text !== undefined) return text
  }
  return ''
}
