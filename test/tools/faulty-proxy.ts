import { once } from 'node:events'
import { createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http'

/** What happens to a request instead of reaching the registry, or on its way there. */
type Fault =
  /** Answered by the proxy itself. */
  | { readonly kind: 'answer'; readonly status: number; readonly headers?: Record<string, string> }
  /** The connection is cut after so many bytes of the request's body, or of the answer's when it has none. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Each byte of the answer's body has its bits turned round. */
  | { readonly kind: 'corrupt' }

export type FaultyProxy = {
  /** `127.0.0.1:<port>` */
  readonly host: string
  /** Asked for every request; nothing happens where it gives `undefined`. */
  fault: (method: string, url: string) => Fault | undefined
  stop(): Promise<void>
}

/** A plain HTTP reverse proxy that breaks what it is told to break. */
export async function startFaultyProxy(targetPort: number): Promise<FaultyProxy> {
  const server = createServer((incoming, outgoing) => {
    const fault = proxy.fault(incoming.method ?? '', incoming.url ?? '')
    if (fault?.kind === 'answer') {
      incoming.resume()
      outgoing.writeHead(fault.status, { 'content-length': '0', ...fault.headers }).end()
    } else forward(incoming, outgoing, fault)
  })
  server.requestTimeout = 0

  function forward(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    fault: Exclude<Fault, { kind: 'answer' }> | undefined,
  ): void {
    const { method, url, headers } = incoming
    const upstream = send({ host: '127.0.0.1', port: targetPort, method, path: url, headers })
    const hasBody = method === 'PATCH' || method === 'PUT' || method === 'POST'
    let seen = 0
    const watch = (chunk: Buffer): void => {
      seen += chunk.length
      if (fault?.kind === 'cut' && seen > fault.afterBytes) {
        outgoing.destroy()
        upstream.destroy()
      }
    }
    if (hasBody) incoming.on('data', watch)
    incoming.pipe(upstream)
    upstream.once('response', (response) => {
      outgoing.writeHead(response.statusCode ?? 0, response.headers)
      if (!hasBody) response.on('data', watch)
      if (fault?.kind === 'corrupt') {
        response.on('data', (chunk: Buffer) => outgoing.write(chunk.map((byte) => byte ^ 255)))
        response.on('end', () => outgoing.end())
      } else response.pipe(outgoing)
    })
    upstream.on('error', () => outgoing.destroy())
    incoming.on('error', () => upstream.destroy())
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) upstream.destroy()
    })
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port was assigned')
  const proxy: FaultyProxy = {
    host: `127.0.0.1:${address.port}`,
    fault: () => undefined,
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return proxy
}
