import { readBasicCredentials } from '../../access/basic-credentials.ts'
import type { TokenRequest } from '../../access/tokens.ts'
import { BerthError } from '../../errors.ts'
import type { Exchange } from '../exchange.ts'
import type { Door } from './door.ts'
import { sendError } from './errors.ts'
import { API_VERSION } from './headers.ts'
import { parseQuery } from './query.ts'
import { readBody } from './request-body.ts'

const formMax = 16 * 1024

/** Serves the token service at `/token`; `query` is what stands behind the `?`. Answers every failure itself; rejects never. */
export async function serveToken(door: Door, exchange: Exchange, query: string): Promise<void> {
  exchange.endpoint = 'token'
  try {
    const { method } = exchange.request
    if (method !== 'GET' && method !== 'POST') {
      sendError(
        exchange,
        new BerthError('unsupported', 'The token service supports GET and POST.'),
        ['Allow', 'GET, POST'],
      )
      return
    }
    const request =
      method === 'GET' ? readTokenQuery(exchange, query) : await readTokenForm(exchange)
    const body = Buffer.from(JSON.stringify(await door.tokens.issue(request)))
    exchange.send(
      200,
      [
        'Content-Type',
        'application/json',
        'Content-Length',
        String(body.length),
        'Cache-Control',
        'no-store',
        ...API_VERSION,
      ],
      body,
    )
  } catch (error) {
    const isRefusal = error instanceof BerthError && error.kind === 'unauthenticated'
    sendError(exchange, error, isRefusal ? ['WWW-Authenticate', 'Basic realm="Berth"'] : [])
  }
}

/** CNCF distribution, "Token authentication": GET with Basic credentials, or with none. */
function readTokenQuery(exchange: Exchange, query: string): TokenRequest {
  const parameters = parseQuery(query)
  const { authorization } = exchange.request.headers
  return {
    credentials: authorization === undefined ? undefined : readBasicCredentials(authorization),
    scopes: parameters.getAll('scope'),
    offline: parameters.get('offline_token') === 'true',
    clientId: parameters.get('client_id') ?? '',
  }
}

/**
 * CNCF distribution, "OAuth2 token authentication": POST with a form. What is wrong with it is a 400, upon which
 * containerd tries GET.
 */
async function readTokenForm(exchange: Exchange): Promise<TokenRequest> {
  const body = await readBody(
    exchange,
    formMax,
    () => new BerthError('requestInvalid', `The form is larger than ${formMax} bytes.`),
  )
  const form = new URLSearchParams(body.toString())
  return {
    credentials: readGrant(form),
    scopes: form.getAll('scope'),
    offline: form.get('access_type') === 'offline',
    clientId: form.get('client_id') ?? '',
  }
}

function readGrant(form: URLSearchParams): TokenRequest['credentials'] {
  const grantType = form.get('grant_type')
  if (grantType === 'password') {
    return { name: require(form, 'username'), password: require(form, 'password') }
  }
  if (grantType === 'refresh_token') return { refreshToken: require(form, 'refresh_token') }
  throw new BerthError(
    'requestInvalid',
    'The grant_type of the form must be "password" or "refresh_token".',
  )
}

function require(form: URLSearchParams, field: string): string {
  const value = form.get(field)
  if (value === null) throw new BerthError('requestInvalid', `The form lacks the field ${field}.`)
  return value
}
