import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'

/**
 * An HTTPS proxy (CONNECT) that leads every host name to one port of the loopback interface. Docker
 * trusts any certificate of a registry at 127.0.0.1, so a test of its trust needs another name, and
 * that name must not need a resolver.
 */
export async function startConnectProxy(
  targetPort: number,
): Promise<{ origin: string; stop(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((_request, response) => response.writeHead(405).end())
  server.on('connect', (_request, socket: Socket, head: Buffer) => {
    const upstream = connect(targetPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.write(head)
      upstream.pipe(socket)
      socket.pipe(upstream)
    })
    for (const one of [socket, upstream]) {
      sockets.add(one)
      one.once('close', () => {
        sockets.delete(one)
        socket.destroy()
        upstream.destroy()
      })
      one.on('error', () => one.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port was assigned')
  return {
    origin: `http://127.0.0.1:${address.port}`,
    async stop() {
      server.close()
      server.closeAllConnections()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
