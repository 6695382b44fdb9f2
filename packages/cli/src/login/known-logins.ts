import { isClientError } from '@berth/client/client-error.ts'
import { expiryOf } from '@berth/client/credentials/credential-expiry.ts'
import type { CredentialPlace } from '@berth/client/credentials/known-credentials.ts'
import type { KindName } from '@berth/client/kinds/kind.ts'
import { kindByHost } from '@berth/client/kinds/kinds.ts'
import { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { ClientParts } from '../client.ts'
import type { Output } from '../output.ts'
import { userOf } from './login.ts'
import { notedExpiry } from './login-notes.ts'

export type KnownLogin = {
  readonly registry: string
  /** The path below which it counts; `undefined` for the whole registry. */
  readonly namespace: string | undefined
  readonly username: string | undefined
  /** `undefined` when the registry does not answer and its address tells nothing. */
  readonly kind: KindName | undefined
  readonly title: string | undefined
  readonly place: CredentialPlace
  readonly expiresAt: Date | undefined
  /** Whether the registry accepts it now; `undefined` when it could not be asked, and `fault` says why. */
  readonly isValid: boolean | undefined
  readonly fault: string | undefined
}

/** Asked at the same time, so that one dead registry does not hold up the others. */
const askedAtOnce = 8
const timeLimitMs = 15_000

type Candidate = { readonly registry: string; readonly namespace: string | undefined }

/** Every login that is stored, each tried on its registry. In order of the registries. */
export async function readKnownLogins(
  output: Output,
  parts: ClientParts,
  signal: AbortSignal,
): Promise<readonly KnownLogin[]> {
  const listed = await parts.credentials.list((fault) => output.warn(fault.message), signal)
  const candidates = new Map<string, Candidate>()
  for (const { registry, namespace } of listed) {
    // A pattern is no registry that could be asked.
    if (registry.includes('*')) continue
    candidates.set(`${registry}/${namespace ?? ''}`, { registry, namespace })
  }
  const sorted = [...candidates].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each)
  const found: (KnownLogin | undefined)[] = []
  for (let at = 0; at < sorted.length; at += askedAtOnce) {
    const asked = sorted.slice(at, at + askedAtOnce)
    found.push(...(await Promise.all(asked.map((each) => readLogin(parts, each, signal)))))
  }
  return found.filter((each) => each !== undefined)
}

/** The login that counts for a registry, tried on it; `undefined` when there is none. Throws as `CredentialStore.find`. */
export async function readLogin(
  parts: ClientParts,
  { registry, namespace }: Candidate,
  signal: AbortSignal,
): Promise<KnownLogin | undefined> {
  const found = await parts.credentials.find(registry, signal, namespace)
  if (found === undefined) return undefined
  const { credentials, place } = found
  const { env = {} } = parts
  const client = new RegistryClient({
    ...parts,
    credentials: { credentialsFor: () => Promise.resolve(credentials) },
  })
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeLimitMs)])
  const state = await tryOn(client, registry, limit, signal)
  // Without an answer the address alone may tell; asking once more would only take as long again.
  const kind =
    state.isValid === undefined ? kindByHost(registry) : await client.kindOf(registry, limit)
  return {
    registry,
    namespace,
    username: userOf(credentials),
    kind: kind?.name,
    title: kind?.title,
    place,
    expiresAt:
      found.expiresAt ?? expiryOf(credentials) ?? (await notedExpiry(env, registry, credentials)),
    ...state,
  }
}

async function tryOn(
  client: RegistryClient,
  registry: string,
  limit: AbortSignal,
  signal: AbortSignal,
): Promise<Pick<KnownLogin, 'isValid' | 'fault'>> {
  try {
    await client.checkCredentials(registry, limit)
    return { isValid: true, fault: undefined }
  } catch (error) {
    if (!isClientError(error) || signal.aborted) throw error
    if (error.kind === 'cancelled') {
      return { isValid: undefined, fault: `${registry} did not answer in ${timeLimitMs / 1000} s.` }
    }
    const isRefused = error.kind === 'unauthenticated' || error.kind === 'denied'
    return { isValid: isRefused ? false : undefined, fault: error.message }
  }
}
