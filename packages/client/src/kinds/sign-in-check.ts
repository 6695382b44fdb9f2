import { getDomain } from 'tldts'
import * as z from 'zod'
import type { Challenge } from '../auth/challenge.ts'
import { ClientError } from '../client-error.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { dropBody, readBody, type TransportRequest } from '../transport/transport.ts'
import type { KindContext, Probe } from './kind.ts'
import { askWithoutCredentials } from './probe.ts'

const answerMax = 1024 * 1024
const tokenAnswer = z.object({
  token: z.string().min(1).max(65_536).optional(),
  access_token: z.string().min(1).max(65_536).optional(),
})

/**
 * Shows credentials to the registry, as `docker login` does: to the registry itself where it asks for Basic, to its
 * token service where it asks for Bearer. A registry that asks for nothing takes any. Throws `unauthenticated` when
 * they are refused, `rateLimited` when there were too many tries; `wrong` says what to do then.
 */
export async function checkSignIn(
  credentials: Credentials,
  context: KindContext,
  wrong?: string,
): Promise<void> {
  const probe = await askWithoutCredentials(context)
  if (probe.challenge === undefined && probe.status !== 401) {
    if (probe.status < 500) return
    throw new ClientError(
      'serverFault',
      `${context.registry} answers with status ${probe.status}.`,
      {
        status: probe.status,
      },
    )
  }
  const authorization = await authorizationFor(credentials, probe, context, wrong)
  const answer = await context.transport.send({
    method: 'GET',
    url: new URL('/v2/', probe.origin),
    headers: { Authorization: authorization },
    signal: context.signal,
  })
  dropBody(answer)
  if (answer.status >= 400)
    throw refusalOf(answer.status, answer.headers['retry-after'], context, wrong)
}

async function authorizationFor(
  credentials: Credentials,
  probe: Probe,
  context: KindContext,
  wrong: string | undefined,
): Promise<string> {
  const { challenge } = probe
  if (credentials.kind === 'accessToken') return `Bearer ${credentials.token}`
  if (challenge?.scheme === 'bearer') {
    return `Bearer ${await accessToken(credentials, challenge, probe.origin, context, wrong)}`
  }
  if (credentials.kind === 'password') return basic(credentials)
  throw new ClientError(
    'unauthenticated',
    `${context.registry} asks for a user name and a password, which these credentials are not.`,
  )
}

async function accessToken(
  credentials: Credentials,
  challenge: Extract<Challenge, { scheme: 'bearer' }>,
  origin: string,
  context: KindContext,
  wrong: string | undefined,
): Promise<string> {
  const answer = await context.transport.send(tokenRequest(credentials, challenge, origin, context))
  if (answer.status >= 400) {
    dropBody(answer)
    throw refusalOf(answer.status, answer.headers['retry-after'], context, wrong)
  }
  const parsed = tokenAnswer.safeParse(parseJson((await readBody(answer, answerMax)).toString()))
  const token = parsed.data?.access_token ?? parsed.data?.token
  if (token !== undefined) return token
  throw new ClientError('serverFault', `The token service of ${context.registry} sends no token.`)
}

function tokenRequest(
  credentials: Credentials,
  { realm, service }: Extract<Challenge, { scheme: 'bearer' }>,
  origin: string,
  context: KindContext,
): TransportRequest {
  const url = realmUrl(realm, origin, context)
  if (credentials.kind === 'identityToken') {
    const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'berth' })
    form.set('refresh_token', credentials.token)
    if (service !== undefined) form.set('service', service)
    return {
      method: 'POST',
      url,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      isRepeatable: true,
      signal: context.signal,
    }
  }
  if (service !== undefined) url.searchParams.set('service', service)
  url.searchParams.set('client_id', 'berth')
  if (credentials.kind !== 'password') return { method: 'GET', url, signal: context.signal }
  url.searchParams.set('account', credentials.username)
  const headers = { Authorization: basic(credentials) }
  return { method: 'GET', url, headers, signal: context.signal }
}

/** Credentials go to no strange host: the token service is of the registry's own domain, and as well protected. */
function realmUrl(realm: string, origin: string, { registry }: KindContext): URL {
  const from = new URL(origin)
  const url = URL.canParse(realm, origin) ? new URL(realm, origin) : undefined
  const isNear =
    url !== undefined &&
    (url.hostname === from.hostname ||
      (getDomain(url.hostname) !== null && getDomain(url.hostname) === getDomain(from.hostname)))
  if (url !== undefined && isNear && (url.protocol === 'https:' || from.protocol === 'http:'))
    return url
  throw new ClientError(
    'serverFault',
    `${registry} names a token service of another domain, which gets no credentials.`,
  )
}

function refusalOf(
  status: number,
  retryAfter: string | undefined,
  { registry }: KindContext,
  wrong: string | undefined,
): ClientError {
  if (status === 429) {
    const seconds = Number(retryAfter ?? 'unknown')
    return new ClientError('rateLimited', `${registry} refuses further logins for now.`, {
      status,
      next: 'Try again later.',
      ...(Number.isFinite(seconds) && { retryAfterSeconds: seconds }),
    })
  }
  if (status >= 500) {
    return new ClientError('serverFault', `${registry} answers with status ${status}.`, { status })
  }
  return new ClientError(
    'unauthenticated',
    `${registry} does not accept these credentials: they are wrong, were revoked or have run out.`,
    { status, next: wrong ?? 'Check both, or make a new token.' },
  )
}

function basic({ username, password }: Extract<Credentials, { kind: 'password' }>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
