/** By which address a client reached Berth, and from which it came, when proxies may stand between them. */
import type { IncomingHttpHeaders } from 'node:http'
import { BlockList, isIP } from 'node:net'
import type { Config } from '../config/schema.ts'
import { parseForwarded } from './forwarded-header.ts'

type ExternalOrigin = Readonly<{
  protocol: 'http' | 'https'
  /** With the port when it is not the usual one: `registry.example.com:5000`. */
  host: string
  /** The path below which a proxy puts Berth: `/berth`; `''` for none. Of `http.externalUrl` alone. */
  prefix: string
}>

/** What is read of a connection; a `net.Socket` and a `tls.TLSSocket` fit. */
type Peer = Readonly<{
  remoteAddress?: string | undefined
  localAddress?: string | undefined
  localPort?: number | undefined
  encrypted?: boolean
}>

const maxHostLength = 255
const maxHops = 32
const maxRemembered = 1000

const hostPattern = /^(?:[a-z0-9_][a-z0-9_.-]*|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/i

/**
 * Believes forwarding headers only from a trusted proxy: anyone can send such a header. Whatever they
 * hold, and Host too, is a stranger's text: what does not look like a host or an address is ignored.
 */
export class Forwarding {
  readonly #external: ExternalOrigin | undefined
  readonly #proxies: BlockList | undefined
  /** Answers by peer address: there are few proxies, and the list is slow to ask. */
  readonly #remembered = new Map<string, boolean>()

  constructor(config: Pick<Config['http'], 'externalUrl' | 'trustedProxies'>) {
    if (config.externalUrl !== undefined) {
      const { protocol, host, pathname } = new URL(config.externalUrl)
      const prefix = pathname.replace(/\/+$/, '')
      this.#external = { protocol: protocol === 'https:' ? 'https' : 'http', host, prefix }
    }
    if (config.trustedProxies.length > 0) this.#proxies = blockListOf(config.trustedProxies)
  }

  /**
   * The scheme and host that the client used. In this order: `http.externalUrl`; from a trusted proxy the first
   * item of `Forwarded` (RFC 7239), then of `X-Forwarded-Proto` and `X-Forwarded-Host`; the connection and Host.
   * Without a usable Host it is the address that the connection came in at.
   */
  externalOrigin(headers: IncomingHttpHeaders, peer: Peer): ExternalOrigin {
    if (this.#external) return this.#external
    const trusted = this.#proxies !== undefined && this.#isTrusted(peer.remoteAddress)
    const hop = trusted ? forwardedHop(headers) : undefined
    return {
      protocol: hop?.protocol ?? (peer.encrypted ? 'https' : 'http'),
      host: hop?.host ?? usableHost(headers.host) ?? localHost(peer),
      prefix: '',
    }
  }

  /**
   * The address of the client: that of the connection, or behind trusted proxies the rightmost one in
   * `X-Forwarded-For` (else `Forwarded`) that is not such a proxy. What stands further left may be invented.
   * IPv4 in plain form, never as `::ffff:…`; 'unknown' when the connection is gone.
   */
  clientAddress(headers: IncomingHttpHeaders, peer: Peer): string {
    let address = plainAddress(peer.remoteAddress ?? '') ?? 'unknown'
    if (this.#proxies === undefined || !this.#isTrusted(address)) return address
    for (const hop of hopsOf(headers).slice(-maxHops).toReversed()) {
      const next = hopAddress(hop)
      if (next === undefined) break
      address = next
      if (!this.#isTrusted(address)) break
    }
    return address
  }

  #isTrusted(peerAddress: string | undefined): boolean {
    if (peerAddress === undefined) return false
    const remembered = this.#remembered.get(peerAddress)
    if (remembered !== undefined) return remembered
    const address = plainAddress(peerAddress)
    const trusted =
      address !== undefined &&
      (this.#proxies?.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6') ?? false)
    if (this.#remembered.size >= maxRemembered) this.#remembered.clear()
    this.#remembered.set(peerAddress, trusted)
    return trusted
  }
}

function blockListOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}

function forwardedHop(headers: IncomingHttpHeaders): {
  protocol: 'http' | 'https' | undefined
  host: string | undefined
} {
  const first = parseForwarded(headers['forwarded'])?.[0]
  return {
    protocol:
      usableProtocol(first?.proto) ?? usableProtocol(firstItem(headers['x-forwarded-proto'])),
    host: usableHost(first?.host) ?? usableHost(firstItem(headers['x-forwarded-host'])),
  }
}

function firstItem(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header
  const comma = text?.indexOf(',') ?? -1
  return (comma === -1 ? text : text?.slice(0, comma))?.trim()
}

function usableProtocol(text: string | undefined): 'http' | 'https' | undefined {
  const protocol = text?.toLowerCase()
  return protocol === 'http' || protocol === 'https' ? protocol : undefined
}

function usableHost(text: string | undefined): string | undefined {
  if (text === undefined || text.length > maxHostLength) return undefined
  const match = hostPattern.exec(text)
  return match && Number(match[1] ?? 0) <= 65_535 ? text : undefined
}

function localHost({ localAddress, localPort }: Peer): string {
  const address = plainAddress(localAddress ?? '') ?? 'localhost'
  const host = isIP(address) === 6 ? `[${address}]` : address
  return localPort === undefined ? host : `${host}:${localPort}`
}

function hopsOf(headers: IncomingHttpHeaders): string[] {
  const header = headers['x-forwarded-for']
  if (header === undefined)
    return parseForwarded(headers['forwarded'])?.map((element) => element.for ?? '') ?? []
  return (Array.isArray(header) ? header.join(',') : header).split(',')
}

/** `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`; `undefined` for names and inventions. */
function hopAddress(hop: string): string | undefined {
  const text = hop.trim()
  const match = /^\[([^\]]{2,45})\](?::\w{1,10})?$|^([\d.]{7,15}):\w{1,10}$/.exec(text)
  return plainAddress(match?.[1] ?? match?.[2] ?? text)
}

function plainAddress(text: string): string | undefined {
  const zone = text.indexOf('%')
  const address = zone === -1 ? text : text.slice(0, zone)
  if (isIP(address) === 0) return undefined
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  return mapped?.[1] ?? address
}
