import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AddressList } from './address-list.ts'
import { parseGlob } from './glob.ts'
import { limitsAdmit, limitsAllow, unlimited } from './limits.ts'

describe('limits', () => {
  it('allow what none of them forbids', () => {
    expect(limitsAllow(unlimited, 'delete', 'any/thing')).toBe(true)
    expect(limitsAdmit(unlimited, { address: '', now: 0 })).toBe(true)
  })

  it('allow only the actions named', () => {
    const limits = { ...unlimited, actions: new Set(['push', 'createTag'] as const) }
    expect(limitsAllow(limits, 'push', 'a')).toBe(true)
    expect(limitsAllow(limits, 'moveTag', 'a')).toBe(false)
    expect(limitsAllow({ ...unlimited, actions: new Set() }, 'pull', 'a')).toBe(false)
  })

  it('end at the edge of the project, by whole components', () => {
    const limits = { ...unlimited, project: 'acme/ml' }
    const within = (name: string) => limitsAllow(limits, 'pull', name)
    expect(['acme/ml', 'acme/ml/x', 'acme/mlx', 'acme', 'x/acme/ml'].map(within)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
    expect(limitsAllow({ ...unlimited, project: '' }, 'pull', 'x')).toBe(true)
  })

  it('need a glob that fits and the project', () => {
    const limits = { ...unlimited, project: 'acme', repositories: [parseGlob('**')] }
    expect(limitsAllow(limits, 'pull', 'acme/x')).toBe(true)
    expect(limitsAllow(limits, 'pull', 'other/x')).toBe(false)
    expect(limitsAllow({ ...limits, repositories: [] }, 'pull', 'acme/x')).toBe(false)
  })

  it('end at their time and outside their addresses', () => {
    const limits = { ...unlimited, expiresAt: 100, addresses: AddressList.parse(['10.0.0.0/8']) }
    expect(limitsAdmit(limits, { address: '10.1.1.1', now: 99 })).toBe(true)
    expect(limitsAdmit(limits, { address: '10.1.1.1', now: 100 })).toBe(false)
    expect(limitsAdmit(limits, { address: '11.1.1.1', now: 99 })).toBe(false)
  })
})

describe('an address list', () => {
  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.0/8', '::ffff:10.0.0.1', true],
    ['10.0.0.0/8', '::ffff:a00:1', true],
    ['::ffff:10.0.0.0/104', '10.2.3.4', true],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['fd00::/8', 'FD12:0::1', true],
    ['fd00::/8', 'fe00::1', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['0.0.0.0/0', '1.2.3.4', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '::1', true],
    ['::/0', '1.2.3.4', false],
    ['10.0.0.0/8', '', false],
    ['10.0.0.0/8', 'localhost', false],
  ])('%s and %j: %j', (range, address, expected) => {
    expect(AddressList.parse([range]).contains(address)).toBe(expected)
  })

  it('spells every range in one way', () => {
    expect(
      AddressList.parse([
        '10.1.2.3/8',
        '192.0.2.7/32',
        'FD00:0::1/64',
        '::ffff:192.0.2.9',
        '::1/128',
      ]).ranges,
    ).toEqual(['10.0.0.0/8', '192.0.2.7', 'fd00::/64', '192.0.2.9', '::1'])
  })

  it.each([
    '',
    'example.com',
    '10.0.0.0/33',
    '::/129',
    '10.0.0/8',
    '010.0.0.1',
    '1.2.3.4/',
    'fe80::1%e',
  ])('refuses %j, naming its place', (text) => {
    expect(() => AddressList.parse(['10.0.0.1', text], 'addresses')).toThrow(
      expect.objectContaining({
        kind: 'requestInvalid',
        details: [{ field: 'addresses.1', rule: 'addressRange', reason: 'addressesInvalid' }],
      }),
    )
  })

  it('refuses none and more than 100', () => {
    const refusal = expect.objectContaining({ kind: 'requestInvalid' })
    expect(() => AddressList.parse([])).toThrow(refusal)
    expect(() => AddressList.parse(Array(101).fill('10.0.0.1'))).toThrow(refusal)
    expect(AddressList.parse(Array(100).fill('10.0.0.1')).ranges).toHaveLength(100)
  })

  it('holds just the addresses that share the bits of the range', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 1, max: 32 }), (base, address, bits) => {
        const number = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + +part, 0)
        const size = 2 ** (32 - bits)
        const expected = Math.floor(number(base) / size) === Math.floor(number(address) / size)
        expect(AddressList.parse([`${base}/${bits}`]).contains(address)).toBe(expected)
      }),
    )
  })
})
