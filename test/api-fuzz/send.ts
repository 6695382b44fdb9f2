import { Agent, request } from 'node:http'
import type { FuzzRequest } from './operation.ts'

export type FuzzAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 })

/** Sends it exactly as it is: `fetch` would put paths right. */
export function send(
  origin: string,
  { method, target, headers, body }: Omit<FuzzRequest, 'parameters'>,
  authorization: string | undefined,
): Promise<FuzzAnswer> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        hostname,
        port,
        agent,
        method,
        path: `/api/v1${target}`,
        headers: {
          ...headers,
          ...(authorization !== undefined && { authorization }),
          ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
        },
      },
      (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.once('error', reject)
        incoming.once('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        )
      },
    )
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

/** Closes the connections, so that the program can end. */
export function closeConnections(): void {
  agent.destroy()
}
