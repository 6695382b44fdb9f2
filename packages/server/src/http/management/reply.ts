import { pipeline } from 'node:stream/promises'
import type { Route } from '@berth/api/route.ts'
import type { Exchange } from '../exchange.ts'
import type { ManagementAnswer } from './call.ts'
import { etagOf, isNotModified } from './etag.ts'
import { apiHeaders, bodilessHeaders } from './security-headers.ts'

/** An answer ready to be sent. `headers` are its own ones, names and values in turn. */
export type Reply = {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: Buffer | undefined
  readonly stream?: ManagementAnswer<Route>['stream'] & {}
}

/** Where every route begins. */
export const apiRoot = '/api/v1'

/**
 * Checks an answer against its route and puts it into bytes. An answer that is not as described is a defect and throws:
 * a member that slipped in might be a secret. `prefix`: the path below which clients see Berth.
 */
export function replyOf(route: Route, answer: ManagementAnswer<Route>, prefix: string): Reply {
  const headers: string[] = []
  if (answer.version !== undefined) headers.push('ETag', etagOf(answer.version))
  if (answer.location !== undefined)
    headers.push('Location', `${prefix}${apiRoot}${answer.location}`)
  if (answer.headers !== undefined) headers.push(...answer.headers)
  if (answer.stream !== undefined) {
    return { status: route.status, headers, body: undefined, stream: answer.stream }
  }
  if (route.answer === undefined) return { status: route.status, headers, body: undefined }
  const checked = route.answer.safeParse(answer.body)
  if (!checked.success) {
    throw new Error(`The answer of ${route.id} is not as its route describes it.`, {
      cause: checked.error,
    })
  }
  return { status: route.status, headers, body: Buffer.from(JSON.stringify(checked.data)) }
}

/** Sends it; a GET whose client has the same version already gets 304. */
export async function sendReply(
  exchange: Exchange,
  reply: Reply,
  version: number | undefined,
): Promise<void> {
  const { request } = exchange
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (reply.stream !== undefined) return sendStream(exchange, reply, reply.stream)
  if (isRead && version !== undefined && isNotModified(request.headers, version)) {
    exchange.send(304, [...bodilessHeaders(), ...reply.headers])
    return
  }
  const head =
    reply.body === undefined ? bodilessHeaders() : apiHeaders('application/json', reply.body.length)
  exchange.send(reply.status, [...head, ...reply.headers], reply.body)
}

async function sendStream(
  exchange: Exchange,
  reply: Reply,
  stream: NonNullable<Reply['stream']>,
): Promise<void> {
  const { content, mediaType, fileName } = stream
  if (exchange.isAnswered) {
    content.destroy()
    return
  }
  const headers = [...apiHeaders(mediaType, undefined), ...reply.headers]
  if (fileName !== undefined) {
    const safeName = fileName.replaceAll(/[^\w.-]/g, '_')
    headers.push('Content-Disposition', `attachment; filename="${safeName}"`)
  }
  exchange.begin(reply.status, headers)
  if (exchange.isHead) {
    content.destroy()
    exchange.response.end()
    return
  }
  await pipeline(content, counted(exchange), exchange.response)
}

function counted(exchange: Exchange) {
  return async function* count(source: AsyncIterable<Buffer | string>) {
    for await (const chunk of source) {
      exchange.bytesSent += Buffer.byteLength(chunk)
      yield chunk
    }
  }
}
