import { createHash } from 'node:crypto'
import type { Route } from '@berth/api/route.ts'
import type { IdempotencyKeys, KeyedRequest } from '../../access/idempotency-keys.ts'
import type { Caller } from '../../access/caller.ts'
import type { Exchange } from '../exchange.ts'
import { invalidRequest } from './faults.ts'
import type { Reply } from './reply.ts'

const keyGrammar = /^[\x21-\x7e]{1,200}$/

/**
 * Does the work once for each `Idempotency-Key`: another request with the same key gets the first answer again. Only answers
 * that tell of success are kept; a refused request has changed nothing, and may be sent again as it is.
 */
export async function onceForKey(
  keys: IdempotencyKeys,
  request: KeyedRequest | undefined,
  route: Route,
  work: () => Promise<Reply>,
): Promise<Reply> {
  if (request === undefined) return work()
  const kept = await keys.begin(request)
  if (kept !== undefined) {
    return {
      status: kept.status,
      headers: [...kept.headers, 'Idempotency-Replayed', 'true'],
      body: kept.body === '' ? undefined : Buffer.from(kept.body),
    }
  }
  let reply: Reply
  try {
    reply = await work()
  } catch (error) {
    await keys.release(request)
    throw error
  }
  const { status, headers, body } = reply
  const isSecret = route.secret === true || reply.stream !== undefined
  await keys.keep(
    request,
    status,
    isSecret ? undefined : { status, headers: keptHeaders(headers), body: body?.toString() ?? '' },
  )
  return reply
}

/**
 * The key of a request, with a digest of what it asks for; `undefined` when it has none. Throws `requestInvalid` when the
 * header is malformed, is on another method than POST, or comes without credentials, whose owner would be anyone.
 */
export function readIdempotencyKey(
  exchange: Exchange,
  caller: Caller,
  target: string,
  body: Buffer | undefined,
): KeyedRequest | undefined {
  const { method, headers } = exchange.request
  const header = headers['idempotency-key']
  if (header === undefined) return undefined
  if (method !== 'POST') throw invalidKey('method', 'is for POST only')
  if (caller.credentials === 'none') throw invalidKey('credentials', 'needs credentials')
  if (typeof header !== 'string' || !keyGrammar.test(header)) {
    throw invalidKey('format', 'must have 1 to 200 visible ASCII characters')
  }
  const digest = createHash('sha256').update(`${target}\n`)
  if (body !== undefined) digest.update(body)
  return { actorId: caller.actor.id, key: header, requestHash: digest.digest('hex') }
}

/** Cookies are for one browser, and are never kept. */
function keptHeaders(headers: readonly string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    const [name = '', value = ''] = headers.slice(index, index + 2)
    if (name === 'ETag' || name === 'Location') kept.push(name, value)
  }
  return kept
}

function invalidKey(rule: string, message: string) {
  return invalidRequest([
    {
      in: 'header',
      path: 'Idempotency-Key',
      rule,
      message,
      accepted: '1 to 200 visible ASCII characters, on a POST with credentials',
    },
  ])
}
