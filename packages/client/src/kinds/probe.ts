import { parseChallenge } from '../auth/challenge.ts'
import { isClientError } from '../client-error.ts'
import { dockerHub } from '../image-reference.ts'
import { dropBody } from '../transport/transport.ts'
import type { KindContext, Probe } from './kind.ts'

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/

/** Where requests to a registry may go, the likeliest first: TLS, and on loopback plain HTTP as well. */
export function originsOf({ registry, origin }: KindContext): readonly string[] {
  if (origin !== undefined) return [origin]
  const host = registry === dockerHub ? 'registry-1.docker.io' : registry
  return loopback.test(host) ? [`http://${host}`, `https://${host}`] : [`https://${host}`]
}

/** Asks `GET /v2/` without credentials. Throws `unreachable`, `tlsUntrusted`, `connectionLost` or `cancelled`. */
export async function askWithoutCredentials(context: KindContext): Promise<Probe> {
  const { registry, transport, signal } = context
  const origins = originsOf(context)
  for (const [index, origin] of origins.entries()) {
    try {
      const answer = await transport.send({ method: 'GET', url: new URL('/v2/', origin), signal })
      dropBody(answer)
      // A TLS listener answers plain HTTP with 400.
      if (answer.status === 400 && index + 1 < origins.length) continue
      return {
        registry,
        origin,
        status: answer.status,
        headers: answer.headers,
        challenge: parseChallenge(answer.headers['www-authenticate']),
      }
    } catch (error) {
      const isLast = index + 1 === origins.length
      if (isLast || !isClientError(error, 'unreachable', 'connectionLost', 'serverFault'))
        throw error
    }
  }
  throw new TypeError(`no origin for ${registry}`)
}
