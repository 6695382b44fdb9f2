import { isClientError } from '../client-error.ts'
import { dockerHub, parseRegistryHost } from '../image-reference.ts'

/** What a key of `auths` or `credHelpers` stands for. */
export type RegistryKey = {
  /** `host:port`, Docker Hub as `docker.io`; with `*` in it, every host that it matches. */
  readonly registry: string
  /** The path below which it counts; `undefined` for the whole registry. */
  readonly namespace: string | undefined
}

const hubKey = 'https://index.docker.io/v1/'
const hostPattern = /^[a-z0-9*-]+(?:\.[a-z0-9*-]+){2,}(?::[0-9]+)?$/

/** How docker writes a registry: Docker Hub by the address of an interface that is long gone, others by their host. */
export function dockerKey(registry: string): string {
  return registry === dockerHub ? hubKey : registry
}

/**
 * Reads a key as docker or podman write it: `ghcr.io`, `https://host:5000/v2/`, `quay.io/acme`, `*.example.com`. Of a
 * key with a scheme only the host counts. `undefined` for what is none, and for the other secrets that docker keeps
 * beside its login to Docker Hub (`…/v1/access-token`), which no registry takes.
 */
export function parseRegistryKey(key: string): RegistryKey | undefined {
  const bare = key.replace(/^https?:\/\//i, '')
  const slash = bare.indexOf('/')
  const host = (slash === -1 ? bare : bare.slice(0, slash)).toLowerCase()
  const path = slash === -1 ? '' : bare.slice(slash + 1).replace(/\/+$/, '')
  if (/^v1\/(?:access|refresh)-token$/.test(path)) return undefined
  const isWhole = bare !== key || path === '' || path === 'v1' || path === 'v2'
  const namespace = isWhole ? undefined : path
  if (host.includes('*')) {
    return isPattern(host) && namespace === undefined ? { registry: host, namespace } : undefined
  }
  try {
    return { registry: parseRegistryHost(host), namespace }
  } catch (error) {
    if (isClientError(error)) return undefined
    throw error
  }
}

/** Whether a key was written by docker for its login to this registry, its further secrets included. */
export function isKeyOf(key: string, registry: string): boolean {
  const bare = key.replace(/\/v1\/(?:access|refresh)-token$/, '')
  const parsed = parseRegistryKey(bare)
  return parsed?.registry === registry && parsed.namespace === undefined
}

/**
 * The key that counts for the registry as a whole, of several: its own name before a pattern, docker's own spelling
 * before others, and of patterns the one with most letters. `undefined` when there is none.
 */
export function bestKey(keys: Iterable<string>, registry: string): string | undefined {
  let best: { key: string; rank: number } | undefined
  for (const key of keys) {
    const rank = rankOf(key, registry)
    if (rank === undefined) continue
    if (best === undefined || rank > best.rank || (rank === best.rank && key < best.key)) {
      best = { key, rank }
    }
  }
  return best?.key
}

/** The key with the longest namespace that the repository lies in; `undefined` when there is none. */
export function bestNamespaceKey(
  keys: Iterable<string>,
  registry: string,
  repository: string,
): string | undefined {
  let best: { key: string; length: number } | undefined
  for (const key of keys) {
    const parsed = parseRegistryKey(key)
    if (parsed?.namespace === undefined || parsed.registry !== registry) continue
    if (!`${repository}/`.startsWith(`${parsed.namespace}/`)) continue
    const { length } = parsed.namespace
    if (best === undefined || length > best.length) best = { key, length }
  }
  return best?.key
}

function rankOf(key: string, registry: string): number | undefined {
  const parsed = parseRegistryKey(key)
  if (parsed === undefined || parsed.namespace !== undefined) return undefined
  if (parsed.registry === registry) {
    return key === dockerKey(registry) ? Number.POSITIVE_INFINITY : Number.MAX_SAFE_INTEGER
  }
  if (!matchesPattern(parsed.registry, registry)) return undefined
  return parsed.registry.replaceAll('*', '').length
}

/** As docker has it: `*` stands for any part of one label, and not in the last two, lest a key match half the world. */
function isPattern(host: string): boolean {
  return hostPattern.test(host) && !host.split('.').slice(-2).join('.').includes('*')
}

function matchesPattern(pattern: string, registry: string): boolean {
  if (!pattern.includes('*')) return false
  const labels = registry.split('.')
  const wanted = pattern.split('.')
  return (
    labels.length === wanted.length &&
    wanted.every((label, at) => matchesLabel(label, labels[at] ?? ''))
  )
}

/** Without a regular expression: one made of a stranger's stars may take for ever. */
function matchesLabel(pattern: string, label: string): boolean {
  const parts = pattern.split('*')
  const first = parts[0] ?? ''
  if (parts.length === 1) return label === first
  const last = parts.at(-1) ?? ''
  if (label.length < first.length + last.length) return false
  if (!label.startsWith(first) || !label.endsWith(last)) return false
  let rest = label.slice(first.length, label.length - last.length)
  for (const part of parts.slice(1, -1)) {
    const found = rest.indexOf(part)
    if (found === -1) return false
    rest = rest.slice(found + part.length)
  }
  return true
}
