const plainName = 'berth_oidc'
/** Browsers take it over TLS only, for this very host only: no other host of the domain can plant one (RFC 6265bis, 4.1.3.2). */
const hostName = '__Host-berth_oidc'
const cookiesMax = 100
const lifetimeSeconds = 600

/** The whole value of a `Set-Cookie` header. Lax: it has to come along when the provider sends the browser back. */
export function makeOidcCookie(ticket: string, isSecure: boolean): string {
  return `${nameFor(isSecure)}=${ticket}; Max-Age=${lifetimeSeconds}; ${attributes(isSecure)}`
}

/** Takes the cookie away again. */
export function clearOidcCookie(isSecure: boolean): string {
  return `${nameFor(isSecure)}=; Max-Age=0; ${attributes(isSecure)}`
}

/** The ticket in a `Cookie` header; over TLS only that of the name which nobody else can set. */
export function readOidcCookie(cookieHeader: string, isSecure: boolean): string | undefined {
  const prefix = `${nameFor(isSecure)}=`
  return cookieHeader
    .split(';', cookiesMax)
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(prefix))
    ?.slice(prefix.length)
}

function nameFor(isSecure: boolean): string {
  return isSecure ? hostName : plainName
}

function attributes(isSecure: boolean): string {
  return `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
}
