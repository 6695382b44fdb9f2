import { once } from 'node:events'
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http'

/** One request that went through the proxy, noted when its answer was complete or broken off. */
export type RecordedRequest = {
  method: string
  /** Path and query, as the client sent them. */
  url: string
  status: number
  requestBytes: number
  responseBytes: number
  userAgent: string
}

export type RecordingProxy = {
  /** `127.0.0.1:<port>`: what clients are told is the registry. */
  readonly host: string
  readonly requests: readonly RecordedRequest[]
  clear(): void
  stop(): Promise<void>
}

/**
 * A plain HTTP reverse proxy that changes nothing (the Host header stays) and notes how many body
 * bytes each request carried: whether a client sent a blob again is thereby seen, not believed.
 */
export async function startRecordingProxy(targetPort: number): Promise<RecordingProxy> {
  const requests: RecordedRequest[] = []
  const server = createServer((incoming, outgoing) => forward(incoming, outgoing))
  server.requestTimeout = 0

  function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const record: RecordedRequest = {
      method: incoming.method ?? '',
      url: incoming.url ?? '',
      status: 0,
      requestBytes: 0,
      responseBytes: 0,
      userAgent: incoming.headers['user-agent'] ?? '',
    }
    const upstream = send({
      host: '127.0.0.1',
      port: targetPort,
      method: record.method,
      path: record.url,
      headers: incoming.headers,
    })
    incoming.on('data', (chunk: Buffer) => {
      record.requestBytes += chunk.length
    })
    incoming.pipe(upstream)
    upstream.once('response', (response) => {
      record.status = response.statusCode ?? 0
      outgoing.writeHead(record.status, response.statusMessage, response.headers)
      response.on('data', (chunk: Buffer) => {
        record.responseBytes += chunk.length
      })
      response.pipe(outgoing)
    })
    upstream.on('error', () => outgoing.destroy())
    incoming.on('error', () => upstream.destroy())
    outgoing.once('close', () => {
      requests.push(record)
      if (!outgoing.writableFinished) upstream.destroy()
    })
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port was assigned')
  return {
    host: `127.0.0.1:${address.port}`,
    requests,
    clear: () => requests.splice(0),
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
