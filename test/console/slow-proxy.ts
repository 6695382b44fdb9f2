import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export type SlowProxy = {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  /** While it is true, nothing of what the server answers comes through. */
  hold(isHeld: boolean): void
  stop(): Promise<void>
}

/** Passes connections on to a port of loopback, and keeps answers back when it is told so. */
export async function startSlowProxy(port: number): Promise<SlowProxy> {
  let isHeld = false
  const upstreams = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    upstreams.add(upstream)
    client.pipe(upstream)
    upstream.on('data', (chunk) => client.write(chunk))
    if (isHeld) upstream.pause()
    const end = () => {
      upstreams.delete(upstream)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port was assigned')
  return {
    origin: `http://127.0.0.1:${address.port}`,
    hold(next) {
      isHeld = next
      for (const upstream of upstreams) {
        if (isHeld) upstream.pause()
        else upstream.resume()
      }
    },
    async stop() {
      server.close()
      for (const upstream of upstreams) upstream.destroy()
      await once(server, 'close')
    },
  }
}
