import ipaddr from 'ipaddr.js'

const ipv6BlockBytes = 8

/**
 * The smallest block of addresses that one client is given: a single IPv4 address, or the /64 of an IPv6 address, within
 * which anyone can take as many as they like. `unknown` for what is no address.
 */
export function addressBlockOf(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  if (parsed instanceof ipaddr.IPv4) return parsed.toString()
  const bytes = parsed.toByteArray()
  return `${new ipaddr.IPv6(bytes.fill(0, ipv6BlockBytes)).toString()}/64`
}
