import { BerthError } from '../../errors.ts'
import type { UploadBody } from '../../registry/upload-body.ts'
import type { Exchange } from '../exchange.ts'

const contentRange = /^(\d{1,15})-(\d{1,15})$/

/** `Content-Length`, 0 when there is no body at all, `undefined` when only its end will tell. */
export function bodyLength(exchange: Exchange): number | undefined {
  const { headers } = exchange.request
  if (headers['transfer-encoding'] !== undefined) return undefined
  const length = headers['content-length']
  return length === undefined ? 0 : Number(length)
}

/**
 * The body of an upload request. A client that waits for `100 Continue` gets it when the core takes hold of the stream,
 * so a session, an offset or a size that is wrong is refused before a byte is sent.
 * Throws `uploadInvalid` for a `Content-Range` that is not `<first>-<last>` (distribution-spec end-5).
 */
export function uploadBody(exchange: Exchange, expectedOffset: number | undefined): UploadBody {
  const header = exchange.request.headers['content-range']
  let range: { start: number; end: number } | undefined
  if (header !== undefined) {
    const match = contentRange.exec(header)
    if (match === null) {
      throw new BerthError(
        'uploadInvalid',
        `The Content-Range ${JSON.stringify(header.slice(0, 80))} is not "<first byte>-<last byte>".`,
      )
    }
    range = { start: Number(match[1]), end: Number(match[2]) }
  }
  return {
    get stream() {
      exchange.acceptBody()
      return exchange.request
    },
    length: bodyLength(exchange),
    range,
    expectedOffset,
  }
}

/**
 * Gathers a small body of at most `limit` bytes. Throws `tooLarge()` as soon as it is known to be larger: by its
 * `Content-Length` before anything is read; throws `uploadInterrupted` when the client leaves in the middle.
 */
export async function readBody(
  exchange: Exchange,
  limit: number,
  tooLarge: () => BerthError,
): Promise<Buffer> {
  const { request } = exchange
  if ((bodyLength(exchange) ?? 0) > limit) throw tooLarge()
  exchange.acceptBody()
  const chunks: Buffer[] = []
  let length = 0
  await new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      length += chunk.length
      if (length > limit) {
        request.off('data', take)
        request.pause()
        reject(tooLarge())
      } else {
        chunks.push(chunk)
      }
    }
    request.on('data', take)
    request.once('end', resolve)
    request.once('error', (cause) => reject(interrupted(cause)))
    request.once('close', () => reject(interrupted(undefined)))
  })
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length)
}

function interrupted(cause: unknown): BerthError {
  return new BerthError(
    'uploadInterrupted',
    'The connection closed before the body was complete.',
    {
      cause,
    },
  )
}
