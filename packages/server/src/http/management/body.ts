import { parseGuardedJson } from '@berth/oci/json-guard.ts'
import { OciError } from '@berth/oci/oci-error.ts'
import type { BerthError } from '../../errors.ts'
import type { Exchange } from '../exchange.ts'
import { invalidRequest } from './faults.ts'

const bodyMax = 1024 * 1024
const jsonGrammar = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i

/** A body as it came, and as the JSON value that it is. */
export type JsonBody = { readonly bytes: Buffer; readonly value: unknown }

/**
 * Reads a JSON body of at most 1 MiB, strictly (see `parseGuardedJson`). `undefined` when there is none. Throws
 * `requestInvalid` when it is of another media type, encoded, too long, broken off, or not JSON.
 */
export async function readJsonBody(exchange: Exchange): Promise<JsonBody | undefined> {
  const { headers } = exchange.request
  if (!hasBody(exchange)) return undefined
  const mediaType = headers['content-type']
  if (mediaType === undefined || !jsonGrammar.test(mediaType)) {
    throw headerFault('Content-Type', 'must be application/json', 'application/json')
  }
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw headerFault('Content-Encoding', 'is not supported', 'no Content-Encoding')
  }
  const bytes = await readBytes(exchange)
  if (bytes.length === 0) return undefined
  try {
    return { bytes, value: parseGuardedJson(bytes) }
  } catch (error) {
    if (!(error instanceof OciError)) throw error
    const { path = '', fault = 'is not JSON' } = error.details[0] ?? {}
    throw bodyFault('json', String(path), String(fault), 'JSON in UTF-8, each key once')
  }
}

/** For a route that streams what it gets. Throws `requestInvalid` for another media type, an encoding, or no body. */
export function checkMediaType(exchange: Exchange, accepted: readonly string[]): void {
  const { headers } = exchange.request
  const mediaType = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (!hasBody(exchange)) throw bodyFault('required', '', 'is missing', accepted.join(' or '))
  if (mediaType === undefined || !accepted.includes(mediaType)) {
    throw headerFault('Content-Type', 'is not what this route takes', accepted.join(', '))
  }
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw headerFault('Content-Encoding', 'is not supported', 'no Content-Encoding')
  }
}

/** Refuses a body where a route takes none. */
export function refuseBody(exchange: Exchange): void {
  if (hasBody(exchange)) throw bodyFault('unknown', '', 'is not for this route', 'no body')
}

function hasBody({ request }: Exchange): boolean {
  const length = request.headers['content-length']
  if (length !== undefined) return length !== '0'
  return request.headers['transfer-encoding'] !== undefined
}

async function readBytes(exchange: Exchange): Promise<Buffer> {
  const { request } = exchange
  if (Number(request.headers['content-length'] ?? 0) > bodyMax) throw tooLong()
  exchange.acceptBody()
  const chunks: Buffer[] = []
  let length = 0
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      request.off('data', onData)
      request.off('end', onEnd)
      request.off('close', onClose)
      request.off('error', onClose)
      settle()
    }
    const onData = (chunk: Buffer) => {
      length += chunk.length
      if (length <= bodyMax) {
        chunks.push(chunk)
        return
      }
      finish(() => {
        request.pause()
        reject(tooLong())
      })
    }
    const onEnd = () => finish(() => resolve(Buffer.concat(chunks)))
    const onClose = () =>
      finish(() => reject(bodyFault('broken', '', 'was broken off', 'all of it')))
    request.on('data', onData)
    request.once('end', onEnd)
    request.once('close', onClose)
    request.once('error', onClose)
  })
}

function tooLong(): BerthError {
  return bodyFault('too_big', '', 'is too long', `at most ${bodyMax} bytes`)
}

function bodyFault(rule: string, path: string, message: string, accepted: string): BerthError {
  return invalidRequest([{ in: 'body', path, rule, message, accepted }])
}

function headerFault(path: string, message: string, accepted: string): BerthError {
  return invalidRequest([{ in: 'header', path, rule: 'header', message, accepted }])
}
