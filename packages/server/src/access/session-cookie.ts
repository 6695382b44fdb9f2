import { createHash, randomBytes } from 'node:crypto'

const plainName = 'berth_session'
/** Browsers take it over TLS only, for this very host only: no other host of the domain can plant one (RFC 6265bis, 4.1.3.2). */
const hostName = '__Host-berth_session'
const secretPrefix = 'berth_session_'
const pattern = /^berth_session_[A-Za-z0-9_-]{43}$/
const cookiesMax = 100

/** The whole value of a `Set-Cookie` header for a new session, and what is stored of it. */
export function makeSessionCookie(isSecure: boolean): { cookie: string; secretHash: string } {
  const name = isSecure ? hostName : plainName
  const secret = secretPrefix + randomBytes(32).toString('base64url')
  return {
    cookie: `${name}=${secret}; ${attributes(isSecure)}`,
    secretHash: hashSecret(name, secret),
  }
}

/** Takes the cookie away again. */
export function clearSessionCookie(isSecure: boolean): string {
  return `${isSecure ? hostName : plainName}=; ${attributes(isSecure)}; Max-Age=0`
}

/** What would be stored of the session that a `Cookie` header names; `undefined` when it names none. */
export function readSessionCookie(cookieHeader: string): string | undefined {
  const cookies = new Map<string, string>()
  for (const pair of cookieHeader.split(';', cookiesMax)) {
    const equals = pair.indexOf('=')
    if (equals === -1) continue
    const name = pair.slice(0, equals).trim()
    if (!cookies.has(name)) cookies.set(name, pair.slice(equals + 1).trim())
  }
  for (const name of [hostName, plainName]) {
    const secret = cookies.get(name)
    if (secret !== undefined && pattern.test(secret)) return hashSecret(name, secret)
  }
  return undefined
}

function attributes(isSecure: boolean): string {
  return `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
}

/** With the name of the cookie: a session that was made over TLS cannot come back in the cookie that others could plant. */
function hashSecret(name: string, secret: string): string {
  return createHash('sha256').update(`${name}=${secret}`).digest('hex')
}
