import { ClientError } from '@berth/client/client-error.ts'
import { expiryOf } from '@berth/client/credentials/credential-expiry.ts'
import { anonymous, type Credentials } from '@berth/client/credentials/credentials.ts'
import type { CredentialPlace } from '@berth/client/credentials/known-credentials.ts'
import type { KindName } from '@berth/client/kinds/kind.ts'
import { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { ClientParts } from '../client.ts'
import type { Output } from '../output.ts'
import { type AccessProof, type Permission, proveAccess } from './access-proof.ts'
import type { GivenAnswers } from './answers.ts'
import { noteExpiry } from './login-notes.ts'
import { formatLoginTarget, type LoginTarget } from './login-target.ts'
import { signIn } from './sign-in.ts'

export type LoginRequest = {
  readonly target: LoginTarget
  readonly method: string | undefined
  readonly given: GivenAnswers
  /** What has to be allowed for the login to be worth storing. */
  readonly required: 'pull' | 'push' | undefined
  readonly storeIn: 'docker' | 'podman'
}

export type Login = {
  readonly kind: KindName
  readonly title: string
  readonly method: string
  /** `undefined` for tokens, which name nobody. */
  readonly username: string | undefined
  readonly expiresAt: Date | undefined
  readonly proof: AccessProof
  readonly place: CredentialPlace
}

/**
 * Logs in: finds out what kind of registry it is, signs in, tries what the login is good for, and stores it. Nothing is
 * stored when any of that fails. Throws `unauthenticated` when the registry does not accept the answers, `denied` when
 * the login is of no use on the repository that was named.
 */
export async function logIn(
  output: Output,
  parts: ClientParts,
  { target, method, given, required, storeIn }: LoginRequest,
  signal: AbortSignal,
): Promise<Login> {
  const { registry } = target
  if (required !== undefined && target.repository === undefined) {
    throw new ClientError('inputInvalid', `Without a repository ${required} cannot be tried.`, {
      next: `Name one: ${registry}/<repository>.`,
    })
  }
  const stranger = new RegistryClient({ ...parts, credentials: anonymous })
  const { origin } = await stranger.probe(registry, signal)
  const kind = await stranger.kindOf(registry, signal)
  output.note(`Signing in to ${registry} (${kind.title}).`)
  const { env = {}, transportFor } = parts
  const context = { registry, origin, transport: transportFor(registry), env, signal }
  const signedIn = await signIn(output, { kind, context, method, given })
  const { credentials } = signedIn
  const client = new RegistryClient({
    ...parts,
    credentials: { credentialsFor: () => Promise.resolve(credentials) },
  })
  const proof = await proveAccess(client, target, signal)
  requireUse(target, proof, required)
  const place = signedIn.isAmbient
    ? await leaveToSurroundings(parts, registry, signal)
    : await parts.credentials.store(registry, credentials, { storeIn, signal })
  const expiresAt = signedIn.expiresAt ?? expiryOf(credentials)
  await noteExpiry(env, registry, credentials, signedIn.expiresAt)
  await warnOfOthers(output, parts, target, credentials)
  return {
    kind: kind.name,
    title: kind.title,
    method: signedIn.method,
    username: userOf(credentials),
    expiresAt,
    proof,
    place,
  }
}

/** The name to show; of a token there is none. */
export function userOf(credentials: Credentials): string | undefined {
  const name = 'username' in credentials ? credentials.username : ''
  return name === '' || name === '<token>' ? undefined : name
}

function requireUse(
  target: LoginTarget,
  { pull, push }: AccessProof,
  required: 'pull' | 'push' | undefined,
): void {
  const wanted = required === 'push' ? push : pull
  const isUseless = pull?.isAllowed === false && push?.isAllowed === false
  const missing = required === undefined ? (isUseless ? pull : undefined) : lacking(wanted)
  if (missing?.fault === undefined) return
  const { kind, message, next, status } = missing.fault
  throw new ClientError(
    kind === 'unauthenticated' ? 'denied' : kind,
    `The login is right, but of no use for ${formatLoginTarget(target)}, so it was not stored. ${message}`,
    { next, status, cause: missing.fault },
  )
}

function lacking(permission: Permission | undefined): Permission | undefined {
  return permission?.isAllowed === false ? permission : undefined
}

/** The surroundings make such credentials anew whenever they are needed; what is stored would run out and be in the way. */
async function leaveToSurroundings(
  { credentials }: ClientParts,
  registry: string,
  signal: AbortSignal,
): Promise<CredentialPlace> {
  await credentials.erase(registry, signal)
  return { kind: 'ambient', name: 'the surroundings' }
}

/** What was stored counts for nothing when another place is looked at first. */
async function warnOfOthers(
  output: Output,
  { credentials: store }: ClientParts,
  { registry, repository }: LoginTarget,
  stored: Credentials,
): Promise<void> {
  const found = await store.find(registry, undefined, repository).catch(() => undefined)
  if (
    found === undefined ||
    found.place.kind === 'ambient' ||
    JSON.stringify(found.credentials) === JSON.stringify(stored)
  )
    return
  output.warn(
    `${found.place.name} has another login for ${registry}, which is looked at first and goes on being used.`,
  )
}
