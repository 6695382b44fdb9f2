import type { AddressInfo } from 'node:net'
import type { Config } from '../config/schema.ts'

/** Of the address that clients use, without the slash at its end. */
export function pathPrefixOf(url: string | undefined): string {
  return url === undefined ? '' : new URL(url).pathname.replace(/\/+$/, '')
}

/** Where clients reach the listener from this machine, or the address that the configuration gives them. */
export function urlOf(config: Config, address: AddressInfo): string {
  if (config.http.externalUrl !== undefined) return config.http.externalUrl
  const scheme = config.http.tls.kind === 'off' ? 'http' : 'https'
  const anywhere = address.address === '0.0.0.0' || address.address === '::'
  const host = anywhere
    ? 'localhost'
    : address.family === 'IPv6'
      ? `[${address.address}]`
      : address.address
  return `${scheme}://${host}:${address.port}`
}

/** Where programs on this machine reach the listener itself, whatever stands before it. */
export function loopbackUrl({ http }: Config, address: AddressInfo): string {
  const isLocal = ['0.0.0.0', '::', '::1', '127.0.0.1'].includes(address.address)
  const host = address.address.includes(':') ? `[${address.address}]` : address.address
  const scheme = http.tls.kind === 'off' ? 'http' : 'https'
  return `${scheme}://${isLocal ? (address.address === '::1' ? '[::1]' : '127.0.0.1') : host}:${address.port}`
}
