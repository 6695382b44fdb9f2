import { BerthError } from '../../errors.ts'
import type { Exchange } from '../exchange.ts'

/** The whole body of a request. Throws `requestInvalid` beyond `maxBytes`, and when it is broken off. */
export async function readSmallBody(exchange: Exchange, maxBytes: number): Promise<Buffer> {
  const { request } = exchange
  const tooLong = () =>
    new BerthError('requestInvalid', `The request is longer than ${maxBytes} bytes.`)
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLong()
  exchange.acceptBody()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= maxBytes) {
        chunks.push(chunk)
        return
      }
      request.removeAllListeners('data')
      request.pause()
      reject(tooLong())
    })
    request.once('end', () => resolve(Buffer.concat(chunks)))
    request.once('close', () =>
      reject(new BerthError('requestInvalid', 'The request was broken off.')),
    )
  })
}
