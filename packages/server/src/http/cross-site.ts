import type { Caller } from '../access/caller.ts'
import { BerthError } from '../errors.ts'
import type { Exchange } from './exchange.ts'
import type { Forwarding } from './forwarded.ts'

/** The header that carries the token which only pages of Berth itself can know. */
const csrfHeader = 'x-berth-csrf'

const tokenMax = 200

export type CrossSiteParts = {
  readonly forwarding: Pick<Forwarding, 'externalOrigin'>
  /** Whether the token belongs to that browser session. */
  checkCsrf(sessionId: string, token: string): boolean | Promise<boolean>
}

/**
 * Refuses a change that some other site made a browser send: cookies go along with it. A browser tells where a request
 * comes from (`Sec-Fetch-Site`, `Origin`), which is refused for any credentials; a session also has to show its token.
 * Throws `denied`.
 */
export async function refuseCrossSite(
  parts: CrossSiteParts,
  exchange: Exchange,
  caller: Caller,
): Promise<void> {
  const { method, headers, socket } = exchange.request
  if (method === 'GET' || method === 'HEAD') return
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw otherSite()
  if (headers.origin !== undefined) {
    const { protocol, host } = parts.forwarding.externalOrigin(headers, socket)
    if (headers.origin !== originOf(protocol, host)) throw otherSite()
  }
  if (caller.credentials !== 'session') return
  const token = headers[csrfHeader]
  const isKnown =
    typeof token === 'string' &&
    token.length <= tokenMax &&
    caller.sessionId !== undefined &&
    (await parts.checkCsrf(caller.sessionId, token))
  if (isKnown) return
  throw new BerthError(
    'denied',
    'A change from a browser session needs the header X-Berth-CSRF with the token of that session.',
  )
}

/** As a browser writes it: lower case, without the usual port. */
function originOf(protocol: 'http' | 'https', host: string): string {
  const url = `${protocol}://${host}`
  return URL.canParse(url) ? new URL(url).origin : url
}

function otherSite(): BerthError {
  return new BerthError('denied', 'A page of another site may not change anything here.')
}
