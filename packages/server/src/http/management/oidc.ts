import { finishOidcSignIn, listSignInProviders, startOidcSignIn } from '@berth/api/oidc.ts'
import { oidcSource } from '../../access/oidc.ts'
import { BerthError } from '../../errors.ts'
import type { Exchange } from '../exchange.ts'
import { type Binding, bind } from './call.ts'
import type { ManagementDoor } from './door.ts'
import { clearOidcCookie, makeOidcCookie, readOidcCookie } from './oidc-cookie.ts'
import { apiRoot } from './reply.ts'
import { bodilessHeaders } from './security-headers.ts'

const open = { on: 'anyone' } as const

/** Single sign-on: a browser goes to a provider and comes back signed in. */
export const oidcRoutes: readonly Binding[] = [
  bind(listSignInProviders, open, async ({ oidc, ldapSync }) => {
    const items = oidc.listProviders()
    const ways = ['password' as const, ...(ldapSync === undefined ? [] : ['directory' as const])]
    return { body: { ways: items.length > 0 ? [...ways, 'provider' as const] : ways, items } }
  }),
  withSignInPage(
    bind(startOidcSignIn, open, async (door, { params, query, exchange }) => {
      const { provider } = params
      const { callbackUrl, isSecure } = callbackOf(door, exchange, provider)
      const { returnTo } = query
      const { location, ticket } = await door.oidc.start({ provider, returnTo, callbackUrl })
      return {
        body: undefined,
        headers: redirect(location, [makeOidcCookie(ticket, isSecure)]),
      }
    }),
  ),
  withSignInPage(
    bind(finishOidcSignIn, open, async (door, { params, caller, context, exchange }) => {
      const { provider } = params
      const { headers, url = '' } = exchange.request
      const { callbackUrl, isSecure, prefix } = callbackOf(door, exchange, provider)
      const query = url.indexOf('?')
      const { userId, returnTo } = await door.oidc.finish({
        provider,
        ticket: readOidcCookie(headers.cookie ?? '', isSecure),
        // The path as the provider was told it, whatever a proxy has made of it.
        callbackUrl: new URL(`${callbackUrl}${query === -1 ? '' : url.slice(query)}`),
        from: { address: caller.address, requestId: context.requestId },
      })
      const session = await door.sessions.create({
        userId,
        method: oidcSource(provider),
        address: caller.address,
        userAgent: headers['user-agent'] ?? '',
        secure: isSecure,
        requestId: context.requestId,
      })
      return {
        body: undefined,
        headers: redirect(below(prefix, returnTo), [session.cookie, clearOidcCookie(isSecure)]),
      }
    }),
  ),
]

/** A browser that is refused goes to the sign-in page, which says why; programs get the problem as everywhere. */
function withSignInPage(binding: Binding): Binding {
  return {
    ...binding,
    refuse({ forwarding }, exchange, error) {
      const { headers, socket, url = '' } = exchange.request
      const provider = /\/auth\/oidc\/([a-z0-9-]{1,32})\//.exec(url)?.[1]
      const isBrowser = headers.accept?.includes('text/html') === true
      const fault = isBrowser && error instanceof BerthError ? signInFault(error, url) : undefined
      if (provider === undefined || fault === undefined) return false
      if (fault === 'unavailable') exchange.failure = error
      const { prefix } = forwarding.externalOrigin(headers, socket)
      exchange.send(303, [
        ...bodilessHeaders(),
        ...redirect(`${prefix}/sign-in?fault=${fault}&provider=${provider}`, []),
      ])
      return true
    },
  }
}

/** The reason as the sign-in page knows it; `undefined` for a request that no person has made in this form. */
function signInFault({ kind, details }: BerthError, url: string): string | undefined {
  if (kind === 'unavailable') return 'unavailable'
  if (details.some(({ reason }) => reason === 'signInExpired')) return 'signInExpired'
  if (kind !== 'denied') return undefined
  return /[?&]error=/.test(url) ? 'denied' : 'identityRefused'
}

/** Where the provider sends browsers back to, as this request has found Berth. */
export function callbackOf(
  { forwarding }: ManagementDoor,
  { request }: Exchange,
  provider: string,
): { callbackUrl: string; isSecure: boolean; prefix: string } {
  const { protocol, host, prefix } = forwarding.externalOrigin(request.headers, request.socket)
  return {
    callbackUrl: `${protocol}://${host}${prefix}${apiRoot}/auth/oidc/${provider}/callback`,
    isSecure: protocol === 'https',
    prefix,
  }
}

/** A path of Berth as browsers see it; one that has the prefix already stays. */
function below(prefix: string, path: string): string {
  return path === prefix || path.startsWith(`${prefix}/`) ? path : `${prefix}${path}`
}

function redirect(location: string, cookies: readonly string[]): string[] {
  return [
    'Location',
    location,
    'Content-Length',
    '0',
    ...cookies.flatMap((cookie) => ['Set-Cookie', cookie]),
  ]
}
