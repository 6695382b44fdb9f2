import { BlockList } from 'node:net'
import ipaddr from 'ipaddr.js'
import { isAddressRange } from '../config/value-checks.ts'
import { BerthError } from '../errors.ts'

const rangesMax = 100
const mappedBits = 96

/**
 * Addresses and CIDR ranges of both families. An IPv4 address that comes mapped into IPv6 (`::ffff:192.0.2.7`) is that
 * IPv4 address, in the list as well as in the question.
 */
export class AddressList {
  /** In one spelling each: `10.1.2.3/8` is `10.0.0.0/8` here, a single address has no `/`. */
  readonly ranges: readonly string[]
  /** One for each family: in a common list `::/0` would hold every IPv4 address too, as a mapped one. */
  readonly #blocks = { ipv4: new BlockList(), ipv6: new BlockList() }

  private constructor(ranges: readonly Range[]) {
    this.ranges = ranges.map(({ address, bits, family }) =>
      bits === (family === 'ipv4' ? 32 : 128) ? address : `${address}/${bits}`,
    )
    for (const { address, bits, family } of ranges) {
      this.#blocks[family].addSubnet(address, bits, family)
    }
  }

  /** Reads a list of 1 to 100 ranges. `field` is named in the refusal. Throws `requestInvalid`. */
  static parse(list: readonly string[], field = 'allowedAddresses'): AddressList {
    if (list.length === 0 || list.length > rangesMax) {
      throw invalid(field, `has ${list.length} entries`, 'count')
    }
    return new AddressList(
      list.map((text, index) => {
        if (text.length <= 50 && isAddressRange(text)) return parseRange(text)
        throw invalid(`${field}.${index}`, 'is not an address or a range', 'addressRange')
      }),
    )
  }

  /** Whether the address is in one of the ranges; `false` for what is no address. */
  contains(address: string): boolean {
    if (!ipaddr.isValid(address)) return false
    const parsed = ipaddr.process(address)
    // The zone of a link-local address names an interface of this machine, not the client.
    const family = parsed.kind()
    return this.#blocks[family].check(parsed.toString().replace(/%.*$/, ''), family)
  }
}

type Range = { address: string; bits: number; family: 'ipv4' | 'ipv6' }

function parseRange(text: string): Range {
  const [address = '', bitsText] = text.split('/')
  const parsed = ipaddr.parse(address)
  const bits = bitsText === undefined ? parsed.toByteArray().length * 8 : Number(bitsText)
  if (parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress() && bits >= mappedBits) {
    return networkOf(parsed.toIPv4Address(), bits - mappedBits)
  }
  return networkOf(parsed, bits)
}

function networkOf(address: ipaddr.IPv4 | ipaddr.IPv6, bits: number): Range {
  const cidr = `${address.toString()}/${bits}`
  const network =
    address.kind() === 'ipv4'
      ? ipaddr.IPv4.networkAddressFromCIDR(cidr)
      : ipaddr.IPv6.networkAddressFromCIDR(cidr)
  return { address: network.toString(), bits, family: address.kind() }
}

function invalid(field: string, fault: string, rule: string): BerthError {
  return new BerthError(
    'requestInvalid',
    `${field} ${fault}. Accepted are 1 to ${rangesMax} addresses such as 192.0.2.7 and ranges such as 10.0.0.0/8 or fd00::/8.`,
    { details: [{ field, rule, reason: 'addressesInvalid' }] },
  )
}
