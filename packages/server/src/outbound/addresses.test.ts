import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AddressRules } from './addresses.ts'

const none = new AddressRules({ allowedNetworks: [], allowedHosts: [] })

describe('AddressRules', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.100.100.200',
    '192.0.0.192',
    '198.18.0.1',
    '192.0.2.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:0:1::',
    '2001:db8::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    'example.com',
    '0x7f.1',
    '',
  ])('refuses %s', (address) => {
    expect(none.allows('host', address)).toBe(false)
  })

  it.each(['8.8.8.8', '100.63.255.255', '100.128.0.1', '172.32.0.1', '2606:4700::1111'])(
    'allows %s',
    (address) => {
      expect(none.allows('host', address)).toBe(true)
    },
  )

  it('allows what settings name, in whatever form the address comes', () => {
    const rules = new AddressRules({
      allowedNetworks: ['10.1.0.0/16', '192.168.7.7', 'fd12::/32'],
      allowedHosts: ['Intranet.example'],
    })
    expect(rules.allows('a', '10.1.2.3')).toBe(true)
    expect(rules.allows('a', '::ffff:10.1.2.3')).toBe(true)
    expect(rules.allows('a', '10.2.0.1')).toBe(false)
    expect(rules.allows('a', '192.168.7.7')).toBe(true)
    expect(rules.allows('a', '192.168.7.8')).toBe(false)
    expect(rules.allows('a', 'fd12::9')).toBe(true)
    expect(rules.allows('a', 'fd13::9')).toBe(false)
    expect(rules.allows('intranet.EXAMPLE', '10.9.9.9')).toBe(true)
    expect(rules.allows('x.intranet.example', '10.9.9.9')).toBe(false)
  })

  it('gives a metadata service away only when it is named by itself', () => {
    const wide = new AddressRules({
      allowedNetworks: ['0.0.0.0/0', '::/0'],
      allowedHosts: ['metadata'],
    })
    for (const address of ['169.254.169.254', '::ffff:169.254.169.254', 'fd00:ec2::254']) {
      expect(wide.allows('metadata', address)).toBe(false)
    }
    expect(wide.allows('a', '169.254.169.253')).toBe(true)
    const named = new AddressRules({
      allowedNetworks: ['169.254.169.254', 'fd00:ec2:0::254/128'],
      allowedHosts: [],
    })
    expect(named.allows('a', '169.254.169.254')).toBe(true)
    expect(named.allows('a', 'fd00:ec2::254')).toBe(true)
  })

  it('never throws, and never allows a private IPv4 address in the clothes of IPv6', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof none.allows('a', text) === 'boolean'))
    fc.assert(
      fc.property(fc.nat({ max: 0xff_ff_ff }), (low) => {
        const hex = (0x0a_00_00_00 + low).toString(16).padStart(8, '0')
        const tail = `${hex.slice(0, 4)}:${hex.slice(4)}`
        return ['::', '::ffff:', '64:ff9b::', '::ffff:0:'].every(
          (prefix) => !none.allows('a', prefix + tail),
        )
      }),
    )
  })
})
