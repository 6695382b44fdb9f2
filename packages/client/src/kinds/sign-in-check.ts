import { basic, Tokens } from '../auth/tokens.ts'
import { ClientError, isClientError } from '../client-error.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { dropBody } from '../transport/transport.ts'
import type { KindContext, Probe } from './kind.ts'
import { askWithoutCredentials } from './probe.ts'

/**
 * Shows credentials to the registry, as `docker login` does: to the registry itself where it asks for Basic, to its
 * token service where it asks for Bearer. A registry that asks for nothing takes any. Throws `unauthenticated` when
 * they are refused, with `wrong` as what to do then; `rateLimited` when there were too many tries.
 */
export async function checkSignIn(
  credentials: Credentials,
  context: KindContext,
  wrong?: string,
): Promise<void> {
  const probe = await askWithoutCredentials(context)
  if (probe.challenge === undefined && probe.status !== 401) {
    if (probe.status < 500 && probe.status !== 429) return
    throw refusal(probe.status, undefined, context, wrong)
  }
  const answer = await context.transport.send({
    method: 'GET',
    url: new URL('/v2/', probe.origin),
    headers: { Authorization: await authorizationFor(credentials, probe, context, wrong) },
    signal: context.signal,
  })
  dropBody(answer)
  if (answer.status >= 400) {
    throw refusal(answer.status, answer.headers['retry-after'], context, wrong)
  }
}

async function authorizationFor(
  credentials: Credentials,
  { challenge, origin }: Probe,
  context: KindContext,
  wrong: string | undefined,
): Promise<string> {
  if (credentials.kind === 'accessToken') return `Bearer ${credentials.token}`
  if (challenge?.scheme === 'bearer') {
    const { transport, signal } = context
    try {
      const request = { origin, challenge, scopes: [], credentials, signal }
      return `Bearer ${await new Tokens(transport).token(request)}`
    } catch (error) {
      if (isClientError(error, 'unauthenticated')) throw refusal(401, undefined, context, wrong)
      throw error
    }
  }
  if (credentials.kind === 'password') return basic(credentials)
  throw new ClientError(
    'unauthenticated',
    `${context.registry} asks for a user name and a password, and these credentials are something else.`,
  )
}

function refusal(
  status: number,
  retryAfter: string | undefined,
  { registry }: KindContext,
  wrong: string | undefined,
): ClientError {
  if (status === 429) {
    const seconds = Number(retryAfter ?? 'unknown')
    return new ClientError('rateLimited', `${registry} takes no further logins for now.`, {
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
    { status, next: wrong ?? 'Check the user name and the password.' },
  )
}
