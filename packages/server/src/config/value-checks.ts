/** Checks on single settings that a JSON type cannot express. */
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** An address literal or `localhost`: other names could resolve to anything at bind time. */
export function isListenAddress(value: string): boolean {
  return value === 'localhost' || (isIP(value) !== 0 && !value.includes('%'))
}

/** Whether only this machine can reach a socket bound to `address`. */
export function isLoopback(address: string): boolean {
  if (address === 'localhost') return true
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback'
}

/** DNS host name: letters, digits, hyphens and dots; a leading `*.` covers one level. */
export function isHostName(value: string): boolean {
  if (value.length > 253 || /^[\d.]+$/.test(value)) return false
  return /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(
    value,
  )
}

/** An address that can be fetched, without a password in it. */
export function isWebAddress(value: string): boolean {
  if (!/^https?:\/\/[^/?#\s\\@]+(?:\/[^#\s\\]*)?$/i.test(value) || !URL.canParse(value))
    return false
  const { username, password } = new URL(value)
  return username === '' && password === ''
}

/** One address (`192.0.2.7`) or a CIDR range (`10.0.0.0/8`, `fd00::/8`). */
export function isAddressRange(value: string): boolean {
  const slash = value.indexOf('/')
  const address = slash === -1 ? value : value.slice(0, slash)
  const version = isIP(address)
  if (version === 0 || address.includes('%')) return false
  if (slash === -1) return true
  const bits = value.slice(slash + 1)
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)
}

/** Scheme, host, and as needed a port and a plain path, below which a proxy puts Berth. */
export function isExternalUrl(value: string): boolean {
  const pattern = /^https?:\/\/[^/?#\s\\@]+(?:\/[a-z0-9][a-z0-9._~-]*)*\/?$/i
  return pattern.test(value) && URL.canParse(value) && new URL(value).hostname !== ''
}

/** A PostgreSQL connection address; the host may be missing when `?host=` names a socket folder. */
export function isPostgresUrl(value: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(value) && URL.canParse(value)
}

/** The address of a directory server: scheme, host and optionally a port. */
export function isLdapUrl(value: string): boolean {
  if (!/^ldaps?:\/\/[^/?#\s\\@]+\/?$/i.test(value) || !URL.canParse(value)) return false
  return new URL(value).hostname !== ''
}

/** A short name or an OID (RFC 4512), without options. */
export function isLdapAttribute(value: string): boolean {
  return /^(?:[a-z][a-z0-9-]{0,63}|\d{1,10}(?:\.\d{1,10}){1,20})$/i.test(value)
}

/** Whether a text has the outer form of a filter (RFC 4515): one pair of brackets around all, and each closed. */
export function isLdapFilter(value: string): boolean {
  let depth = 0
  for (let index = 0; index < value.length; index += 1) {
    if (value[index] === '(') depth += 1
    if (value[index] === ')') depth -= 1
    if (depth < 0 || (depth === 0 && index < value.length - 1)) return false
  }
  return depth === 0 && /^\([&|!]?.+\)$/s.test(value)
}

/** An https address without query and fragment, as OpenID Connect wants it. */
export function isOidcIssuer(value: string): boolean {
  if (!/^https:\/\/[^?#\s\\@]+$/.test(value) || !URL.canParse(value)) return false
  return new URL(value).hostname !== ''
}
