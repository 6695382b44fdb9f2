/** Fulcio, Rekor (1 and 2) and a timestamp authority on a loopback port, as cosign reaches them. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { makeInstance, type TestInstance } from '../../packages/signing/src/testing/instance.ts'
import { makeServices, type TestServices } from '../../packages/signing/src/testing/services.ts'

export type SigstoreStandIn = {
  readonly url: string
  readonly instance: TestInstance
  readonly services: TestServices
  /** The file that tells cosign where to sign: `signing_config.json`. */
  signingConfig(rekorVersion: 1 | 2): string
  stop(): Promise<void>
}

const bodyBytesMax = 4 * 1024 * 1024

export async function startSigstore(): Promise<SigstoreStandIn> {
  const instance = await makeInstance()
  const services = makeServices(instance)
  const server = createServer((request, response) => {
    void respond(services, request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    instance,
    services,
    signingConfig(rekorVersion) {
      const service = (address: string, majorApiVersion: number): object => ({
        url: address,
        majorApiVersion,
        validFor: { start: new Date(Date.now() - 86_400_000).toISOString() },
        operator: 'sigstore.test',
      })
      return JSON.stringify({
        mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
        caUrls: [service(url, 1)],
        oidcUrls: [service(services.issuer, 1)],
        rekorTlogUrls: [service(url, rekorVersion)],
        rekorTlogConfig: { selector: 'ANY' },
        tsaUrls: rekorVersion === 2 ? [service(`${url}/api/v1/timestamp`, 1)] : [],
        tsaConfig: { selector: 'ANY' },
      })
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      instance.close()
    },
  }
}

async function respond(
  services: TestServices,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bodyBytesMax) return void response.writeHead(413).end()
    chunks.push(chunk)
  }
  const headers = new Headers({ authorization: request.headers.authorization ?? '' })
  const path = new URL(request.url ?? '/', 'http://localhost').pathname
  const answer = await services.answer(path, headers, Buffer.concat(chunks))
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.end(Buffer.from(await answer.arrayBuffer()))
}
