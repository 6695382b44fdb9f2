import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import type { Config } from '../config/schema.ts'
import { BerthError } from '../errors.ts'
import type { Metrics } from '../metrics.ts'

/** A listener that runs. `url` ends in `/metrics`; closing twice is harmless. */
type MetricsListener = Readonly<{ url: string; close(): Promise<void> }>

/**
 * Serves `GET /metrics` on a listener of its own, so that it can stay closed to registry clients.
 * `undefined` when metrics are off. Throws `unavailable` when the address cannot be bound.
 */
export async function openMetricsListener(
  config: Config['metrics'],
  metrics: Metrics,
): Promise<MetricsListener | undefined> {
  if (!config.enabled) return undefined
  const server = createServer(
    { requestTimeout: 10_000, maxHeaderSize: 8192 },
    (request, response) => {
      void answer(request, response, metrics)
    },
  )
  server.maxConnections = 100
  server.listen(config.port, config.address)
  try {
    await once(server, 'listening')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new BerthError(
      'unavailable',
      `Metrics cannot be served on ${config.address} port ${config.port} (${code}). Set metrics.address and metrics.port to a free one, or metrics.enabled to false.`,
      { cause: error },
    )
  }
  const bound = server.address()
  const port = typeof bound === 'object' && bound ? bound.port : config.port
  const host = isIP(config.address) === 6 ? `[${config.address}]` : config.address
  return {
    url: `http://${host}:${port}/metrics`,
    close: async () => {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  metrics: Metrics,
): Promise<void> {
  const path = request.url?.split('?')[0]
  if (path !== '/metrics') return send(response, 404, 'Only /metrics is served here.\n')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    return send(response, 405, 'Metrics can only be read.\n')
  }
  try {
    const text = await metrics.render()
    response.setHeader('Content-Type', metrics.contentType)
    send(response, 200, text)
  } catch {
    send(response, 500, 'The metrics could not be gathered.\n')
  }
}

function send(response: ServerResponse, status: number, text: string): void {
  if (!response.hasHeader('Content-Type'))
    response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  response.writeHead(status, { 'Content-Length': Buffer.byteLength(text) }).end(text)
}
