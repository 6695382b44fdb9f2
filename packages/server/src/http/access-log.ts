import { type Logger, redactUrl } from '../log.ts'
import type { Door } from './distribution/door.ts'
import type { Exchange } from './exchange.ts'
import type { HttpMetrics } from '../metrics.ts'
import type { Traffic } from './traffic.ts'

type AccessLogParts = {
  readonly logger: Logger
  readonly metrics: HttpMetrics
  readonly traffic: Traffic
  readonly door: Pick<Door, 'forwarding'>
}

/** What nginx made the sign of "the client left before the answer". */
const clientLeft = 499

const uploadEndpoints = new Set(['end-4', 'end-5', 'end-6'])

/**
 * Writes one line about a request that is over, and counts it. Writes are logged at info, reads at debug, for a pull is
 * many of them and clients probe with requests that fail; what the server could not do is an error.
 */
export function logAccess(exchange: Exchange, parts: AccessLogParts): void {
  const { logger, metrics, traffic, door } = parts
  const { request, response } = exchange
  const isComplete = response.writableFinished
  const status = response.headersSent ? response.statusCode : clientLeft
  const endedAt = performance.now()
  const milliseconds = endedAt - exchange.startedAt
  const seconds = milliseconds / 1000
  const { method = '' } = request
  metrics.observeRequest({
    endpoint: exchange.endpoint,
    method,
    status,
    seconds,
    bytesSent: exchange.bytesSent,
    ...(exchange.bytesReceived !== undefined && { bytesReceived: exchange.bytesReceived }),
  })

  const bytesIn = exchange.bytesReceived ?? bodyBytes(exchange)
  traffic.observe(exchange.endpoint, status, milliseconds, bytesIn, exchange.bytesSent, endedAt)

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
      milliseconds: Math.round(milliseconds),
      bytesSent: exchange.bytesSent,
      ...(isComplete ? {} : { aborted: true }),
      ...(exchange.failure === undefined ? {} : { err: exchange.failure }),
    },
    'request',
  )
}

/** Of what is no blob: pieces of an upload count when the blob is complete. */
function bodyBytes({ endpoint, request }: Exchange): number {
  const length = request.headers['content-length']
  if (length === undefined || uploadEndpoints.has(endpoint)) return 0
  return Number(length) || 0
}
