import type { Exchange } from './exchange.ts'

/** An unread body up to this size is read and thrown away, so that the connection can be used again. */
const drainBytes = 1024 * 1024
const drainMilliseconds = 1000

/**
 * Answers at once, whatever is still to come of the request body. `headers` must hold the right `Content-Length`.
 * Does nothing when the client is gone.
 */
export function answerEarly(
  exchange: Exchange,
  status: number,
  headers: string[],
  body: Buffer,
): void {
  if (exchange.isAnswered) return
  const { request, response } = exchange
  if (request.complete || !hasLongBody(exchange)) {
    exchange.send(status, headers, body)
    // Whoever stopped reading in the middle left the request paused, and the next one waits behind it.
    request.resume()
    return
  }
  // Closing a connection while bytes arrive resets it, and the client may lose the answer. So the answer goes out
  // in full, then what still comes is thrown away for a moment, and only then the connection is closed.
  response.shouldKeepAlive = false
  if (exchange.awaitsContinue) {
    exchange.send(status, headers, body)
    return
  }
  exchange.begin(status, headers)
  if (exchange.isHead) {
    response.flushHeaders()
  } else {
    response.write(body)
    exchange.bytesSent += body.length
  }
  let drained = 0
  const finish = () => {
    clearTimeout(timer)
    request.off('data', count)
    request.pause()
    if (!response.writableEnded) response.end()
  }
  const count = (chunk: Buffer) => {
    drained += chunk.length
    if (drained > drainBytes) finish()
  }
  const timer = setTimeout(finish, drainMilliseconds)
  request.on('data', count)
  request.once('end', finish)
  request.once('close', finish)
  request.resume()
}

/** Whether more of the request body may follow than is worth reading for the sake of the connection. */
function hasLongBody({ request, awaitsContinue }: Exchange): boolean {
  if (awaitsContinue) return true
  const length = request.headers['content-length']
  if (length !== undefined) return Number(length) > drainBytes
  return request.headers['transfer-encoding'] !== undefined
}
