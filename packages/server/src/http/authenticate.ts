import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Presented } from '../access/authenticate.ts'
import { actionPhrase } from '../access/authorize.ts'
import type { Caller } from '../access/caller.ts'
import type { RepositoryAction } from '../actor.ts'
import { BerthError } from '../errors.ts'
import { refuseCrossSite } from './cross-site.ts'
import type { Door } from './distribution/door.ts'
import { sendError } from './distribution/errors.ts'
import type { Exchange } from './exchange.ts'

/** What a request needs: an action, or for `ping` only that the caller is known. */
export type Permission = RepositoryAction | 'catalog' | 'ping'

/** The token scope that allows it; clients ask the token service for what stands here. */
const scopeActions: Readonly<Record<RepositoryAction, string>> = {
  pull: 'pull',
  push: 'pull,push',
  createTag: 'pull,push',
  moveTag: 'pull,push',
  deleteTag: 'delete',
  delete: 'delete',
}

/** What the request shows of who sends it. Made for every request: what is not asked for is not looked up. */
export class PresentedRequest implements Presented {
  readonly #exchange: Exchange
  readonly #door: Pick<Door, 'forwarding' | 'certificates'>

  constructor(exchange: Exchange, door: Pick<Door, 'forwarding' | 'certificates'>) {
    this.#exchange = exchange
    this.#door = door
  }

  get authorization() {
    return this.#exchange.request.headers.authorization
  }

  get cookie() {
    return this.#exchange.request.headers.cookie
  }

  get certificate() {
    return this.#door.certificates?.identify(this.#exchange.request.socket)
  }

  address(): string {
    const { headers, socket } = this.#exchange.request
    return this.#door.forwarding.clientAddress(headers, socket)
  }
}

/** Finds out who is calling, for the management API. Throws `unauthenticated`, `rateLimited`. */
export async function authenticate(door: Door, exchange: Exchange): Promise<Caller> {
  const caller = await door.authenticator.authenticate(new PresentedRequest(exchange, door))
  if (caller.credentials === 'token') {
    throw new BerthError(
      'unauthenticated',
      'A token of the token service is for the registry protocol only. Use a password, an API key or a session.',
      { details: [{ reason: 'invalidToken' }] },
    )
  }
  const retryAfterSeconds = door.rateLimit.take(caller)
  if (retryAfterSeconds !== undefined) throw tooFast(retryAfterSeconds)
  return caller
}

/**
 * Finds out who is calling and whether they may. Answers the request itself and returns `undefined` if not.
 *
 * A refusal says nothing about whether the repository exists. Without credentials, or with a token that does not
 * cover the action, it is a 401 that names the scope to ask for; with a password, which cannot be improved, a 403.
 */
export async function admit(
  door: Door,
  exchange: Exchange,
  permission: Permission,
  repository: RepositoryName | undefined,
): Promise<Caller | undefined> {
  let caller: Caller
  try {
    caller = await door.authenticator.authenticate(new PresentedRequest(exchange, door))
  } catch (error) {
    const isRefusal = error instanceof BerthError && error.kind === 'unauthenticated'
    const isToken = isRefusal && error.details[0]?.['reason'] === 'invalidToken'
    sendError(
      exchange,
      error,
      isRefusal
        ? challenge(door, exchange, permission, repository, isToken ? 'invalid_token' : undefined)
        : [],
    )
    return undefined
  }
  exchange.actor = caller.actor
  const retryAfterSeconds = door.rateLimit.take(caller)
  if (retryAfterSeconds !== undefined) {
    sendError(exchange, tooFast(retryAfterSeconds))
    return undefined
  }
  if (permission === 'ping') {
    // Docker, podman and crane choose how to authenticate by this answer alone, and never send credentials after a
    // 200. So it is a 401 even where anonymous pulls are allowed.
    if (caller.credentials !== 'none' || door.isOpen) return caller
    sendError(
      exchange,
      new BerthError(
        'unauthenticated',
        'Log in, or fetch an anonymous token, to use this registry.',
      ),
      challenge(door, exchange, permission, repository, undefined),
    )
    return undefined
  }
  // A browser sends cookies and certificates along with what another site asks for.
  if (exchange.request.method !== 'GET' && exchange.request.method !== 'HEAD') {
    try {
      await refuseCrossSite(door, exchange, caller)
    } catch (error) {
      sendError(exchange, error)
      return undefined
    }
  }
  const answer =
    permission === 'catalog' || repository === undefined
      ? caller.mayInstance('catalog')
      : caller.may(permission, repository)
  // Most are known already: then nothing has to be waited for.
  if (answer === true || (await answer)) return caller
  await noteRefusal(door, exchange, caller, permission, repository)
  const wish =
    permission === 'catalog' || repository === undefined
      ? 'see the list of repositories'
      : `${actionPhrase[permission]} ${repository}`
  if (caller.credentials !== 'none' && caller.credentials !== 'token') {
    sendError(
      exchange,
      new BerthError('denied', `${caller.actor.name} may not ${wish}, or it does not exist.`),
    )
    return undefined
  }
  const isToken = caller.credentials === 'token'
  sendError(
    exchange,
    new BerthError(
      'unauthenticated',
      isToken ? `The token does not allow to ${wish}, or it does not exist.` : `Log in to ${wish}.`,
    ),
    challenge(door, exchange, permission, repository, isToken ? 'insufficient_scope' : undefined),
  )
  return undefined
}

/** A token that is too narrow is no offence: its owner comes back with another. */
async function noteRefusal(
  door: Door,
  exchange: Exchange,
  caller: Caller,
  permission: Exclude<Permission, 'ping'>,
  repository: RepositoryName | undefined,
): Promise<void> {
  if (permission === 'catalog' || repository === undefined) return
  if (await caller.couldWithToken(permission, repository)) return
  door.audit.refused(exchange, caller, repository, permission)
}

/**
 * The one challenge (RFC 6750; CNCF distribution, "Token authentication"). The realm is at the very scheme, host and
 * port that the client used: newer clients refuse to send credentials anywhere else.
 */
function challenge(
  door: Door,
  exchange: Exchange,
  permission: Permission,
  repository: RepositoryName | undefined,
  error: 'invalid_token' | 'insufficient_scope' | undefined,
): string[] {
  let scope: string | undefined
  if (permission === 'catalog') scope = 'registry:catalog:*'
  else if (permission !== 'ping' && repository !== undefined) {
    scope = `repository:${repository}:${scopeActions[permission]}`
  }
  return challengeFor(door, exchange, scope, error)
}

function challengeFor(
  door: Door,
  exchange: Exchange,
  scope: string | undefined,
  error: 'invalid_token' | 'insufficient_scope' | undefined,
): string[] {
  const { headers, socket } = exchange.request
  const { protocol, host, prefix } = door.forwarding.externalOrigin(headers, socket)
  let value = `Bearer realm="${protocol}://${host}${prefix}/token",service="${host}"`
  if (scope !== undefined) value += `,scope="${scope}"`
  if (error !== undefined) value += `,error="${error}"`
  return ['WWW-Authenticate', value]
}

/**
 * Whether a wider token would let this caller pull `source`. Then the refusal can say which scope to ask for,
 * and tells nothing that the caller may not know.
 */
export async function couldPull(caller: Caller, source: RepositoryName): Promise<boolean> {
  return (
    caller.credentials === 'token' &&
    !(await caller.may('pull', source)) &&
    (await caller.couldWithToken('pull', source))
  )
}

/** Answers a mount whose token covers the target but not the source: 401 with the scope that covers both. */
export function askForMountScope(
  door: Door,
  exchange: Exchange,
  target: RepositoryName,
  source: RepositoryName,
): void {
  const scope = `repository:${target}:pull,push repository:${source}:pull`
  sendError(
    exchange,
    new BerthError('unauthenticated', `The token does not allow to pull ${source}.`),
    challengeFor(door, exchange, scope, 'insufficient_scope'),
  )
}

/** The refusal of one who asks too often. */
function tooFast(retryAfterSeconds: number): BerthError {
  return new BerthError(
    'rateLimited',
    `There are too many requests. Try again in ${retryAfterSeconds} seconds.`,
    { details: [{ retryAfterSeconds }] },
  )
}
