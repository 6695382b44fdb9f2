import { type Logger, redactUrl } from '../log.ts'
import type { Door } from './distribution/door.ts'
import type { Exchange } from './exchange.ts'
import type { HttpMetrics } from '../metrics.ts'

type AccessLogParts = {
  readonly logger: Logger
  readonly metrics: HttpMetrics
  readonly door: Pick<Door, 'forwarding'>
}

/** What nginx made the sign of "the client left before the answer". */
const clientLeft = 499

/**
 * Writes one line about a request that is over, and counts it. Writes are logged at info, reads at debug, for a pull is
 * many of them and clients probe with requests that fail; what the server could not do is an error.
 */
export function logAccess(exchange: Exchange, parts: AccessLogParts): void {
  const { logger, metrics, door } = parts
  const { request, response } = exchange
  const isComplete = response.writableFinished
  const status = response.headersSent ? response.statusCode : clientLeft
  const seconds = (performance.now() - exchange.startedAt) / 1000
  const { method = '' } = request
  metrics.observeRequest({
    endpoint: exchange.endpoint,
    method,
    status,
    seconds,
    bytesSent: exchange.bytesSent,
    ...(exchange.bytesReceived !== undefined && { bytesReceived: exchange.bytesReceived }),
  })

  const isRead = method === 'GET' || method === 'HEAD'
  const level =
    exchange.failure !== undefined || status >= 500
      ? 'error'
      : isRead || !isComplete
        ? 'debug'
        : 'info'
  if (!logger.isLevelEnabled(level)) return
  logger[level](
    {
      requestId: exchange.id,
      method,
      url: redactUrl((request.url ?? '').slice(0, 512)),
      status,
      endpoint: exchange.endpoint,
      user: exchange.actor?.name,
      client: door.forwarding.clientAddress(request.headers, request.socket),
      milliseconds: Math.round(seconds * 1000),
      bytesSent: exchange.bytesSent,
      ...(isComplete ? {} : { aborted: true }),
      ...(exchange.failure === undefined ? {} : { err: exchange.failure }),
    },
    'request',
  )
}
