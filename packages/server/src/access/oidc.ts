import { timingSafeEqual } from 'node:crypto'
import { randomNonce, randomPKCECodeVerifier, randomState } from 'openid-client'
import type { RequestContext } from '../actor.ts'
import { BerthError } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { OutboundRequest } from '../outbound/outbound.ts'
import { isAdmitted, mappedRole, readGroups, readText } from './external-identity.ts'
import type { ExternalIdentity } from './external-users.ts'
import {
  type OidcClaims,
  OidcProviderClient,
  type OidcSettings,
  readClaim,
} from './oidc-provider-client.ts'
import { type OidcTicket, OidcTickets } from './oidc-ticket.ts'
import { checkReturnPath } from './return-path.ts'

type OidcParts = {
  readonly providers: readonly OidcSettings[]
  readonly fetch: (url: string, request: OutboundRequest) => Promise<Response>
  /** 32 bytes that all nodes share. */
  readonly ticketKey: Uint8Array
  /** Creates the user, or brings them up to date. */
  readonly signInExternal: (
    identity: ExternalIdentity,
    from: Pick<RequestContext, 'address' | 'requestId'>,
  ) => Promise<{ readonly id: string; readonly disabledAt?: string | null | undefined }>
  /** Told why somebody was refused: the person at the browser only learns that they were. */
  readonly logger?: Pick<Logger, 'warn'> | undefined
  readonly now: () => number
}

/** Single sign-on: the authorization code flow of OpenID Connect, with PKCE, at any of several providers. */
export class OidcSignIn {
  readonly #parts: OidcParts
  readonly #clients: ReadonlyMap<string, OidcProviderClient>
  readonly #tickets: OidcTickets

  constructor(parts: OidcParts) {
    this.#parts = parts
    const { fetch, now } = parts
    this.#clients = new Map(
      parts.providers.map((settings) => [
        settings.id,
        new OidcProviderClient({ settings, fetch, now }),
      ]),
    )
    this.#tickets = new OidcTickets(parts.ticketKey, now)
  }

  /** What a sign-in page offers. */
  listProviders(): { id: string; name: string }[] {
    return this.#parts.providers.map(({ id, name }) => ({ id, name }))
  }

  /**
   * Begins a sign-in: where to send the browser, and a ticket that it must bring back from there. `callbackUrl` is
   * where the provider sends it to, as registered there. Throws `notFound`, `requestInvalid`, `unavailable`.
   */
  async start(request: {
    provider: string
    returnTo: string | undefined
    callbackUrl: string
  }): Promise<{ location: string; ticket: string }> {
    const provider = this.#client(request.provider)
    const returnTo = checkReturnPath(request.returnTo)
    const secrets = {
      state: randomState(),
      nonce: randomNonce(),
      verifier: randomPKCECodeVerifier(),
    }
    const redirectUri = request.callbackUrl
    const location = await provider.authorizationUrl({ redirectUri, ...secrets })
    const ticket = await this.#tickets.seal({ provider: request.provider, returnTo, ...secrets })
    return { location, ticket }
  }

  /**
   * Ends a sign-in that this browser began at most ten minutes ago: who it is now, and where they wanted to go.
   * Throws `notFound`, `requestInvalid` (reason `signInExpired`) without the ticket that belongs to the answer, `denied`
   * for whoever may not sign in, `unavailable`.
   */
  async finish(request: {
    provider: string
    ticket: string | undefined
    /** The address the browser came back to, with what the provider added to it. */
    callbackUrl: URL
    from: Pick<RequestContext, 'address' | 'requestId'>
  }): Promise<{ userId: string; returnTo: string }> {
    const provider = this.#client(request.provider)
    const ticket =
      request.ticket === undefined ? undefined : await this.#tickets.open(request.ticket)
    const state = request.callbackUrl.searchParams.getAll('state')
    if (
      ticket === undefined ||
      ticket.provider !== request.provider ||
      state.length !== 1 ||
      !isSame(state[0] ?? '', ticket.state)
    ) {
      throw expired()
    }
    const claims = await this.#redeem(provider, request.callbackUrl, ticket)
    const identity = identityOf(provider.settings, claims)
    const user = await this.#parts.signInExternal(identity, request.from)
    if (user.disabledAt) throw denied('This user is disabled. Ask an administrator.')
    return { userId: user.id, returnTo: ticket.returnTo }
  }

  async #redeem(
    provider: OidcProviderClient,
    callbackUrl: URL,
    ticket: OidcTicket,
  ): Promise<OidcClaims> {
    try {
      return await provider.redeem({ callbackUrl, ...ticket })
    } catch (error) {
      const fields = { provider: ticket.provider, reasons: messagesOf(error) }
      this.#parts.logger?.warn(fields, 'a single sign-on was refused')
      throw error
    }
  }

  #client(id: string): OidcProviderClient {
    const found = this.#clients.get(id)
    if (!found) throw new BerthError('notFound', 'There is no such sign-in provider.')
    return found
  }
}

/** How a user of this provider is marked. */
export function oidcSource(providerId: string): string {
  return `oidc:${providerId}`
}

function identityOf(settings: OidcSettings, claims: OidcClaims): ExternalIdentity {
  const groups = readGroups(readClaim(claims, settings.groupsClaim) ?? [])
  if (groups === undefined) throw denied('The provider names more groups than are accepted.')
  if (!isAdmitted(groups, settings.requiredGroups)) {
    throw denied('Signing in here needs a group that you are not in. Ask an administrator.')
  }
  const email = claims['email_verified'] === false ? undefined : readText(claims['email'])
  return {
    source: oidcSource(settings.id),
    externalId: claims.sub,
    preferredName:
      readText(readClaim(claims, settings.usernameClaim)) ??
      email ??
      readText(claims.sub) ??
      'user',
    displayName: readText(claims['name']),
    email,
    groups,
    role: mappedRole(groups, settings.roleMappings),
  }
}

/** Messages only: what else such an error carries may be a token, or tell of a person. */
function messagesOf(error: unknown): string[] {
  const messages: string[] = []
  for (let cause = error; cause instanceof Error && messages.length < 5; cause = cause.cause) {
    messages.push(cause.message.slice(0, 500))
  }
  return messages
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

function expired(): BerthError {
  return new BerthError(
    'requestInvalid',
    'This sign-in was not begun in this browser, or more than ten minutes ago. Begin again.',
    { details: [{ field: 'state', rule: 'signIn', reason: 'signInExpired' }] },
  )
}

function denied(message: string): BerthError {
  return new BerthError('denied', message, { details: [{ reason: 'identityRefused' }] })
}
