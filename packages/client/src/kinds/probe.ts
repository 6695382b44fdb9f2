import { parseChallenge } from '../auth/challenge.ts'
import { isClientError } from '../client-error.ts'
import { dockerHub } from '../image-reference.ts'
import { isLoopbackHost } from '../transport/loopback.ts'
import { dropBody } from '../transport/transport.ts'
import type { KindContext, Probe } from './kind.ts'

/** Where requests to a registry may go, the likeliest first: TLS, and on loopback plain HTTP as well. */
function originsOf({ registry, origin }: KindContext): readonly string[] {
  if (origin !== undefined) return [origin]
  const host = registry === dockerHub ? 'registry-1.docker.io' : registry
  const secure = `https://${host}`
  return isLoopbackHost(new URL(secure).hostname) ? [`http://${host}`, secure] : [secure]
}

/** Asks `GET /v2/` without credentials. Throws `unreachable`, `tlsUntrusted`, `connectionLost` or `cancelled`. */
export async function askWithoutCredentials(context: KindContext): Promise<Probe> {
  const { registry, transport, signal } = context
  const origins = originsOf(context)
  for (const [index, origin] of origins.entries()) {
    const isLast = index + 1 === origins.length
    try {
      const answer = await transport.send({ method: 'GET', url: new URL('/v2/', origin), signal })
      dropBody(answer)
      // Most servers that expect TLS answer plain HTTP with 400.
      if (answer.status === 400 && !isLast) continue
      const challenge = parseChallenge(answer.headers['www-authenticate'])
      return { registry, origin, status: answer.status, headers: answer.headers, challenge }
    } catch (error) {
      if (isLast || !isClientError(error, 'unreachable', 'connectionLost', 'serverFault'))
        throw error
    }
  }
  throw new TypeError(`no address for ${registry}`)
}

/** The address that answers for the registry: `https://host:port`. */
export async function findOrigin(context: KindContext): Promise<string> {
  return context.origin ?? (await askWithoutCredentials(context)).origin
}
