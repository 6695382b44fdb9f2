import type { Duplex } from 'node:stream'
import { errorEnvelope } from '@berth/oci/error-code.ts'
import type { Exchange } from './exchange.ts'

/**
 * Answers bytes that are no HTTP request, or one past the limits of the listener, and closes the connection.
 * When an answer is under way already there is nothing to say. `exchange` is what the connection was busy with.
 */
export function refuseMalformed(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  exchange: Exchange | undefined,
): void {
  const answer = refusal(error.code)
  if (answer === undefined || !socket.writable || exchange?.response.headersSent === true) {
    socket.destroy()
    return
  }
  const { status, message } = answer
  const body = JSON.stringify(errorEnvelope('UNSUPPORTED', message))
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  // Half-open clients would hold the connection otherwise.
  socket.once('finish', () => socket.destroy())
}

/** `undefined`: the connection broke, or its handshake failed, so nothing can be said over it. */
function refusal(code = ''): { status: string; message: string } | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return {
      status: '431 Request Header Fields Too Large',
      message: 'The headers of the request are longer than 32 KiB.',
    }
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return {
      status: '408 Request Timeout',
      message: 'The headers of the request did not arrive within a minute.',
    }
  }
  if (!code.startsWith('HPE_')) return undefined
  return { status: '400 Bad Request', message: 'The bytes received are not an HTTP/1.1 request.' }
}
