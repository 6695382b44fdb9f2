import { ClientError } from '../client-error.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { readBody, type Answer, type Transport } from '../transport/transport.ts'
import type { Challenge } from './challenge.ts'
import { isTrustedRealm } from './realm.ts'

type BearerChallenge = Extract<Challenge, { scheme: 'bearer' }>

export type TokenRequest = {
  /** `https://host:port` of the registry, which decides where credentials may go. */
  readonly origin: string
  readonly challenge: BearerChallenge
  readonly scopes: readonly string[]
  readonly credentials: Credentials
  readonly signal?: AbortSignal | undefined
}

type Token = { readonly value: string; readonly expiresAt: number }

/** Where a token's life is not told, the token specification says 60 seconds. */
const usualLifeSeconds = 60
const tokenBytesMax = 256 * 1024
const clientId = 'berth'

/**
 * Access tokens of token services (distribution token and OAuth2 specifications), kept until shortly before they run
 * out. Requests for the same scopes at the same time share one exchange.
 */
export class Tokens {
  readonly #transport: Transport
  readonly #kept = new Map<string, Promise<Token>>()

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** A token for the scopes. Throws `unauthenticated` when the credentials are refused, `denied` when the realm may not have them. */
  async token(request: TokenRequest): Promise<string> {
    const key = keyOf(request)
    const kept = await this.#kept.get(key)?.catch(() => undefined)
    if (kept !== undefined && kept.expiresAt > Date.now()) return kept.value
    const fetched = this.#fetch(request)
    this.#kept.set(key, fetched)
    try {
      return (await fetched).value
    } catch (error) {
      this.#kept.delete(key)
      throw error
    }
  }

  /** Makes the next request for these scopes ask anew: the token was refused before its time. */
  forget(request: TokenRequest): void {
    this.#kept.delete(keyOf(request))
  }

  async #fetch(request: TokenRequest): Promise<Token> {
    const { credentials, challenge, origin } = request
    if (credentials.kind === 'accessToken') {
      return { value: credentials.token, expiresAt: Number.POSITIVE_INFINITY }
    }
    const realm = readRealm(challenge.realm, origin)
    if (credentials.kind !== 'anonymous' && !(await isTrustedRealm(realm, new URL(origin)))) {
      throw new ClientError(
        'denied',
        `${new URL(origin).host} wants its credentials sent to ${realm.host}, which is another site.`,
        {
          next: 'Berth does not do that. Ask who runs the registry for a token service of its own.',
        },
      )
    }
    const answer =
      credentials.kind === 'identityToken'
        ? await this.#post(realm, request, {
            grant_type: 'refresh_token',
            refresh_token: credentials.token,
          })
        : await this.#get(realm, request)
    // Services that only know the OAuth2 way answer the other with "not found" or "not allowed".
    const isOther = credentials.kind === 'password' && [404, 405].includes(answer.status)
    const final = isOther ? await this.#postPassword(realm, request, answer) : answer
    return readToken(final, request)
  }

  #get(realm: URL, { challenge, scopes, credentials, signal }: TokenRequest): Promise<Answer> {
    const url = new URL(realm)
    if (challenge.service !== undefined) url.searchParams.set('service', challenge.service)
    for (const scope of scopes) url.searchParams.append('scope', scope)
    if (credentials.kind === 'password') url.searchParams.set('account', credentials.username)
    const headers = credentials.kind === 'password' ? { Authorization: basic(credentials) } : {}
    return this.#transport.send({ method: 'GET', url, headers, signal })
  }

  async #postPassword(realm: URL, request: TokenRequest, refused: Answer): Promise<Answer> {
    refused.body.resume()
    const { credentials } = request
    if (credentials.kind !== 'password') return refused
    const { username, password } = credentials
    return this.#post(realm, request, { grant_type: 'password', username, password })
  }

  #post(
    realm: URL,
    { challenge, scopes, signal }: TokenRequest,
    grant: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const form = new URLSearchParams({ ...grant, client_id: clientId })
    if (challenge.service !== undefined) form.set('service', challenge.service)
    if (scopes.length > 0) form.set('scope', scopes.join(' '))
    return this.#transport.send({
      method: 'POST',
      url: realm,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      isRepeatable: true,
      signal,
    })
  }
}

/** The value of an `Authorization` header for Basic (RFC 7617). */
export function basic({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function keyOf({ challenge, scopes, credentials }: TokenRequest): string {
  const who = 'username' in credentials ? credentials.username : ''
  return JSON.stringify([
    challenge.realm,
    challenge.service,
    [...scopes].sort(),
    credentials.kind,
    who,
  ])
}

function readRealm(realm: string, origin: string): URL {
  try {
    return new URL(realm, origin)
  } catch {
    throw new ClientError(
      'serverFault',
      `${new URL(origin).host} names a token service that is not an address: "${realm.slice(0, 200)}".`,
    )
  }
}

async function readToken(answer: Answer, request: TokenRequest): Promise<Token> {
  const text = (await readBody(answer, tokenBytesMax)).toString()
  const registry = new URL(request.origin).host
  if (answer.status === 429) {
    throw new ClientError(
      'rateLimited',
      `The token service of ${registry} asks to come back later.`,
      {
        status: 429,
        next: 'Wait a little, or log in: most registries allow more to those they know.',
      },
    )
  }
  if (answer.status >= 500) {
    throw new ClientError(
      'serverFault',
      `The token service of ${registry} failed with status ${answer.status}.`,
      { status: answer.status },
    )
  }
  if (answer.status !== 200) {
    throw new ClientError('unauthenticated', `${registry} did not accept the credentials.`, {
      status: answer.status,
    })
  }
  const body = parseObject(text)
  const value = [body.token, body.access_token].find(
    (each): each is string => typeof each === 'string' && each !== '',
  )
  if (value === undefined) {
    throw new ClientError(
      'serverFault',
      `The token service of ${registry} answered without a token.`,
    )
  }
  const life = typeof body.expires_in === 'number' ? body.expires_in : usualLifeSeconds
  // A tenth of its life before its end: clocks differ, and a request takes time.
  return { value, expiresAt: Date.now() + Math.max(life, 10) * 900 }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
