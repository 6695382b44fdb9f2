import { readBasicCredentials } from '../../access/basic-credentials.ts'
import type { TokenRequest } from '../../access/tokens.ts'
import { BerthError } from '../../errors.ts'
import { PresentedRequest } from '../authenticate.ts'
import type { Exchange } from '../exchange.ts'
import type { Door } from './door.ts'
import { sendError } from './errors.ts'
import { API_VERSION } from './headers.ts'
import { parseQuery } from './query.ts'
import { readBody } from './request-body.ts'

// Holds the token of another issuer too.
const formMax = 32 * 1024
/** RFC 8693, section 2.1. */
const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'

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
      method === 'GET' ? readTokenQuery(door, exchange, query) : await readTokenForm(door, exchange)
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
function readTokenQuery(door: Door, exchange: Exchange, query: string): TokenRequest {
  const parameters = parseQuery(query)
  const presented = new PresentedRequest(exchange, door)
  const { authorization, certificate } = presented
  return {
    credentials:
      authorization !== undefined
        ? readBasicCredentials(authorization)
        : certificate && { certificate },
    address: () => presented.address(),
    scopes: parameters.getAll('scope'),
    offline: parameters.get('offline_token') === 'true',
    clientId: parameters.get('client_id') ?? '',
  }
}

/**
 * CNCF distribution, "OAuth2 token authentication": POST with a form. What is wrong with it is a 400, upon which
 * containerd tries GET.
 */
async function readTokenForm(door: Door, exchange: Exchange): Promise<TokenRequest> {
  const body = await readBody(
    exchange,
    formMax,
    () => new BerthError('requestInvalid', `The form is larger than ${formMax} bytes.`),
  )
  const form = new URLSearchParams(body.toString())
  return {
    credentials: readGrant(form),
    address: () => new PresentedRequest(exchange, door).address(),
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
  if (grantType === tokenExchange) return { subjectToken: require(form, 'subject_token') }
  throw new BerthError(
    'requestInvalid',
    `The grant_type of the form must be "password", "refresh_token" or "${tokenExchange}".`,
  )
}

function require(form: URLSearchParams, field: string): string {
  const value = form.get(field)
  if (value === null) throw new BerthError('requestInvalid', `The form lacks the field ${field}.`)
  return value
}
