import { BlockList, isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** One of the addresses that a host name stands for; `family` is 4 or 6. */
export type ResolvedAddress = { readonly address: string; readonly family: number }

/** Where clouds hand out credentials to whoever asks from inside. AWS, Azure and most others; AWS over IPv6; Alibaba; Oracle. */
const metadataServices = ['169.254.169.254', 'fd00:ec2::254', '100.100.100.200', '192.0.0.192']

/** What is assigned to the public (RFC 4291). Outside of it `::127.0.0.1` would pass for an ordinary address. */
const publicV6 = ipaddr.IPv6.parseCIDR('2000::/3')

/** Tells which addresses Berth may connect to on somebody's behalf: those of the public internet, and what settings allow. */
export class AddressRules {
  readonly #networks = new BlockList()
  readonly #single = new Set<string>()
  readonly #hosts: ReadonlySet<string>

  constructor(settings: {
    readonly allowedNetworks: readonly string[]
    readonly allowedHosts: readonly string[]
  }) {
    for (const range of settings.allowedNetworks) {
      const [address = '', bits] = range.split('/')
      const version = isIP(address)
      const whole = version === 4 ? 32 : 128
      const family = version === 4 ? 'ipv4' : 'ipv6'
      this.#networks.addSubnet(address, bits === undefined ? whole : Number(bits), family)
      if (bits === undefined || Number(bits) === whole) this.#single.add(plain(address))
    }
    this.#hosts = new Set(settings.allowedHosts.map((host) => host.toLowerCase()))
  }

  /** Whether a connection to `host` may go to this address of it. Anything that is not an address is refused. */
  allows(host: string, address: string): boolean {
    if (isIP(address) === 0 || address.includes('%')) return false
    const target = ipaddr.process(address)
    const text = target.toString()
    if (metadataServices.includes(text)) return this.#single.has(text)
    if (this.#hosts.has(host.toLowerCase())) return true
    if (this.#networks.check(text, target.kind())) return true
    // IPv4 inside IPv6 has no place in DNS: it only serves to get past checks like this one.
    if (isIP(address) === 6 && target.kind() === 'ipv4') return false
    return isPublic(target)
  }
}

function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast') return false
  return address instanceof ipaddr.IPv4 || address.match(publicV6)
}

function plain(address: string): string {
  return ipaddr.process(address).toString()
}
