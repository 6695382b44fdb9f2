import type { ClientRequest, IncomingMessage } from 'node:http'

/**
 * The whole answer. A refusal may come while the body is being sent, and the connection end with an error right
 * behind it: an answer that is complete by then counts.
 */
export function receive(
  outgoing: ClientRequest,
): Promise<{ incoming: IncomingMessage; body: Buffer }> {
  return new Promise((resolve, reject) => {
    let incoming: IncomingMessage | undefined
    const chunks: Buffer[] = []
    const finish = (error?: Error): void => {
      if (incoming?.complete) resolve({ incoming, body: Buffer.concat(chunks) })
      else reject(error ?? new Error('the answer broke off'))
    }
    outgoing.on('error', finish)
    outgoing.once('response', (response) => {
      incoming = response
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('end', finish)
      response.once('error', finish)
    })
  })
}

/** Sends the headers and waits: `false` when the answer came instead of leave to send the body. */
export async function isContinued(
  outgoing: ClientRequest,
  answered: Promise<unknown>,
): Promise<boolean> {
  outgoing.flushHeaders()
  const continued = new Promise<boolean>((resolve) => {
    outgoing.once('continue', () => resolve(true))
  })
  return Promise.race([continued, answered.then(() => false)])
}
