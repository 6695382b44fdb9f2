import { quote } from '@berth/oci/oci-error.ts'
import { type Challenge, parseChallenge } from '../auth/challenge.ts'
import { actionOfScope } from '../auth/scope.ts'
import { basic, type Tokens } from '../auth/tokens.ts'
import { ClientError, isClientError } from '../client-error.ts'
import type { Credentials, CredentialSource } from '../credentials/credentials.ts'
import { dockerHub } from '../image-reference.ts'
import type { Probe, RegistryAction, RegistryKind } from '../kinds/kind.ts'
import type { LargeBody } from '../transport/large-body.ts'
import { isLoopbackHost } from '../transport/loopback.ts'
import {
  type Answer,
  dropBody,
  type Transport,
  type TransportRequest,
} from '../transport/transport.ts'
import { registryError } from './registry-error.ts'

export type RegistryRequest = Omit<TransportRequest, 'url'> & {
  /** From `/v2/` on with its query, or an address that the registry itself gave (`Location`, `Link`). */
  readonly path: string | URL
  /** What a token is asked for. */
  readonly scopes: readonly string[]
  readonly repository?: string | undefined
  /** For messages: what is being read or changed. */
  readonly what: string
  /** Statuses that are answers; each other one is thrown as what it means. */
  readonly expect: readonly number[]
}

const hubOrigin = 'https://registry-1.docker.io'

/**
 * One registry: where it is, what it asks for, and requests with the right credentials. What its first answer told is
 * kept, so that requests after it need no second try.
 */
export class RegistryConnection {
  readonly registry: string
  readonly #transport: Transport
  readonly #tokens: Tokens
  readonly #credentials: CredentialSource
  readonly #isPlain: boolean
  readonly #kindOf: (probe: Probe) => RegistryKind
  #probed: Promise<Probe> | undefined
  #challenge: Challenge | undefined

  constructor(parts: {
    registry: string
    transport: Transport
    tokens: Tokens
    credentials: CredentialSource
    isPlain: boolean
    kindOf: (probe: Probe) => RegistryKind
  }) {
    this.registry = parts.registry
    this.#transport = parts.transport
    this.#tokens = parts.tokens
    this.#credentials = parts.credentials
    this.#isPlain = parts.isPlain
    this.#kindOf = parts.kindOf
  }

  /** What the registry answers to whom it does not know; asked once. Throws what `Transport.send` throws. */
  probe(signal?: AbortSignal): Promise<Probe> {
    this.#probed ??= this.#probe(signal).catch((error: unknown) => {
      this.#probed = undefined
      throw error
    })
    return this.#probed
  }

  async kind(signal?: AbortSignal): Promise<RegistryKind> {
    return this.#kindOf(await this.probe(signal))
  }

  /** What is shown to this registry; the source keeps it, and makes it anew in time. */
  credentials(signal?: AbortSignal, repository?: string): Promise<Credentials> {
    return this.#credentials.credentialsFor(this.registry, signal, repository)
  }

  /** The answer, when its status is one of those expected; every other one is thrown as a `ClientError`. */
  async send(request: RegistryRequest): Promise<Answer> {
    const { origin } = await this.probe(request.signal)
    const url = new URL(request.path, origin)
    const isOwn = url.origin === origin
    const first = await this.#attempt(request, url, isOwn)
    if (first.status !== 401 || !isOwn) return this.#expected(first, request)
    const challenge = parseChallenge(first.headers['www-authenticate'])
    if (challenge === undefined || isSentOnce(request)) return this.#expected(first, request)
    // The token ran out, or was for less than this: ask anew, once, for what the answer names too.
    dropBody(first)
    const wasKnown = this.#challenge !== undefined
    this.#challenge = challenge
    await this.#forget(request, challenge, wasKnown)
    return this.#expected(await this.#attempt(request, url, isOwn), request, true)
  }

  /** The body of a large GET over a connection of its own; `undefined` when it has to be asked for with `send`. */
  async openLarge(request: RegistryRequest): Promise<LargeBody | undefined> {
    const { origin } = await this.probe(request.signal)
    const authorization = await this.#authorization(request)
    const headers = {
      ...request.headers,
      ...(authorization !== undefined && { Authorization: authorization }),
    }
    return this.#transport.openLarge(new URL(request.path, origin), headers, request.signal)
  }

  /** The error that an answer means, for statuses that `expect` let through. */
  async errorOf(
    answer: Answer,
    request: RegistryRequest,
    isAskedAnew = false,
  ): Promise<ClientError> {
    const credentials = await this.credentials(request.signal, request.repository).catch(
      () => undefined,
    )
    return registryError(answer, {
      registry: this.registry,
      repository: request.repository,
      action: this.#actionOf(request),
      what: request.what,
      isSignedIn: credentials !== undefined && credentials.kind !== 'anonymous',
      isTokenFresh:
        isAskedAnew && this.#challenge?.scheme === 'bearer' && credentials?.kind !== 'accessToken',
      kind: await this.kind(request.signal),
    })
  }

  async #expected(answer: Answer, request: RegistryRequest, isAskedAnew = false): Promise<Answer> {
    if (request.expect.includes(answer.status)) return answer
    throw await this.errorOf(answer, request, isAskedAnew)
  }

  async #attempt(request: RegistryRequest, url: URL, isOwn: boolean): Promise<Answer> {
    const { path: _path, scopes: _scopes, what: _what, expect: _expect, ...rest } = request
    const authorization = isOwn ? await this.#authorization(request) : undefined
    const headers = {
      ...request.headers,
      ...(authorization !== undefined && { Authorization: authorization }),
    }
    return this.#transport.send({ ...rest, url, headers })
  }

  async #authorization(request: RegistryRequest): Promise<string | undefined> {
    const challenge = this.#challenge
    if (challenge === undefined) return undefined
    const credentials = await this.credentials(request.signal, request.repository)
    if (challenge.scheme === 'basic') {
      return credentials.kind === 'password' ? basic(credentials) : undefined
    }
    try {
      return `Bearer ${await this.#tokens.token(await this.#tokenRequest(request, challenge))}`
    } catch (error) {
      throw await this.#explained(error, request)
    }
  }

  /** The token service's own refusal, with what it means on this kind of registry. */
  async #explained(error: unknown, request: RegistryRequest): Promise<unknown> {
    if (!isClientError(error, 'unauthenticated') || error.next !== undefined) return error
    const { meaning, next } = (await this.kind(request.signal)).explainRefusal({
      action: this.#actionOf(request),
      registry: this.registry,
      repository: request.repository,
      status: error.status ?? 401,
      codes: error.codes,
      message: undefined,
      isSignedIn: (await this.credentials(request.signal, request.repository)).kind !== 'anonymous',
    })
    const { kind, status } = error
    return new ClientError(kind, `${error.message} ${meaning}`, { next, status, cause: error })
  }

  async #forget(request: RegistryRequest, challenge: Challenge, wasKnown: boolean): Promise<void> {
    if (!wasKnown) return
    if (challenge.scheme === 'bearer') {
      this.#tokens.forget(await this.#tokenRequest(request, challenge))
    }
  }

  async #tokenRequest(
    { scopes, repository, signal }: RegistryRequest,
    challenge: Extract<Challenge, { scheme: 'bearer' }>,
  ): Promise<Parameters<Tokens['token']>[0]> {
    const { origin } = await this.probe(signal)
    const credentials = await this.credentials(signal, repository)
    return { origin, challenge, scopes, credentials, signal }
  }

  #actionOf({ scopes }: RegistryRequest): RegistryAction {
    const [scope] = scopes
    return scope === undefined ? 'list' : actionOfScope(scope)
  }

  async #probe(signal: AbortSignal | undefined): Promise<Probe> {
    for (const origin of this.#origins()) {
      try {
        return await this.#probeAt(origin, signal)
      } catch (error) {
        if (!isPlainServer(error) || origin.startsWith('http:') || this.#origins().length === 1)
          throw error
      }
    }
    throw new ClientError('unreachable', `${quote(this.registry)} cannot be reached.`)
  }

  /** Docker's way: TLS everywhere; on this machine itself plain HTTP is the second choice. */
  #origins(): readonly string[] {
    if (this.registry === dockerHub) return [hubOrigin]
    if (this.#isPlain) return [`http://${this.registry}`]
    const secure = `https://${this.registry}`
    return isLoopbackHost(new URL(secure).hostname) ? [secure, `http://${this.registry}`] : [secure]
  }

  async #probeAt(origin: string, signal: AbortSignal | undefined): Promise<Probe> {
    const url = new URL('/v2/', origin)
    const answer = await this.#transport.send({ method: 'GET', url, signal })
    dropBody(answer)
    if (answer.status === 404 || answer.status >= 500) {
      const kind = answer.status === 404 ? 'unreachable' : 'serverFault'
      throw new ClientError(
        kind,
        `${this.registry} does not answer as a registry: status ${answer.status} for ${url.pathname}.`,
        { status: answer.status, next: 'Check the address, and the proxy in front of it.' },
      )
    }
    const challenge = parseChallenge(answer.headers['www-authenticate'])
    this.#challenge = challenge
    return {
      registry: this.registry,
      // A redirect of the whole registry (http to https, another name) holds for all requests after it.
      origin: answer.url.origin,
      status: answer.status,
      headers: answer.headers,
      challenge,
    }
  }
}

function isSentOnce({ body }: RegistryRequest): boolean {
  return typeof body === 'object' && 'writeTo' in body
}

/** What a TLS handshake with a server without TLS ends in. */
function isPlainServer(error: unknown): boolean {
  if (!isClientError(error)) return false
  const { code = '' } = (error.cause ?? {}) as { code?: string }
  return /^EPROTO$|^ECONNRESET$|^ERR_SSL_/.test(code)
}
