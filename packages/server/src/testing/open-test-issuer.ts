import { createServer } from 'node:http'
import { once } from 'node:events'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

export type TestIssuer = {
  readonly url: string
  readonly jwksUrl: string
  /** What it publishes; the test may change it. */
  readonly published: { keys: JWK[]; status: number }
  /** How often its keys were asked for. */
  readonly asked: () => number
  /** Makes a key pair and publishes the public one. */
  addKey(kid: string | undefined, algorithm?: 'RS256' | 'ES256'): Promise<TestKey>
  close(): Promise<void>
}

export type TestKey = {
  readonly publicJwk: JWK
  readonly privateKey: CryptoKey
  /** Signs these claims; `header` comes on top of `alg` and `kid`. */
  sign(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
}

/** An issuer of tokens as a CI system is one: a server for its keys and its discovery document on a free port. */
export async function openTestIssuer(): Promise<TestIssuer> {
  const published = { keys: [] as JWK[], status: 200 }
  let asked = 0
  const server = createServer((request, response) => {
    response.statusCode = published.status
    if (request.url === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }))
      return
    }
    asked += 1
    response.end(JSON.stringify({ keys: published.keys }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  return {
    url,
    jwksUrl: `${url}/keys`,
    published,
    asked: () => asked,
    async addKey(kid, algorithm = 'RS256') {
      const pair = await generateKeyPair(algorithm, { extractable: true })
      const publicJwk = { ...(await exportJWK(pair.publicKey)), ...(kid !== undefined && { kid }) }
      published.keys.push(publicJwk)
      return {
        publicJwk,
        privateKey: pair.privateKey,
        sign: (claims, header = {}) =>
          new SignJWT(claims)
            .setProtectedHeader({ alg: algorithm, ...(kid !== undefined && { kid }), ...header })
            .sign(pair.privateKey),
      }
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
