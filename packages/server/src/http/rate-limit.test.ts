import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Actor } from '../actor.ts'
import { RateLimit } from './rate-limit.ts'

const user = (id: string): Actor => ({ kind: 'user', id, name: id })
const anonymous: Actor = { kind: 'anonymous', id: 'anonymous', name: 'anonymous' }

function limitOf(requestsPerSecond: number, burst: number) {
  const clock = { now: 1_000_000 }
  return { clock, limit: new RateLimit({ requestsPerSecond, burst }, () => clock.now) }
}

describe('RateLimit', () => {
  it('lets a burst through, then says how long to wait, and keeps its word', () => {
    const { clock, limit } = limitOf(0.5, 3)
    const taken = () => limit.take({ actor: user('a'), address: '192.0.2.1' })
    expect([taken(), taken(), taken()]).toEqual([undefined, undefined, undefined])
    expect([taken(), taken()]).toEqual([2, 2])
    clock.now += 1000
    expect(taken()).toBe(1)
    clock.now += 1000
    expect([taken(), taken()]).toEqual([undefined, 2])
  })

  it('never lets more through than rate and burst allow, and whoever waits as told gets through', () => {
    const steps = fc.array(fc.record({ wait: fc.nat(3000), requests: fc.nat(20) }), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 30 }),
        steps,
        (rate, burst, plan) => {
          const { clock, limit } = limitOf(rate, burst)
          const start = clock.now
          let passed = 0
          for (const { wait, requests } of plan) {
            clock.now += wait
            for (let sent = 0; sent < requests; sent += 1) {
              const seconds = limit.take({ actor: user('a'), address: '' })
              if (seconds === undefined) passed += 1
              else expect(seconds).toBeGreaterThanOrEqual(1)
            }
            expect(passed).toBeLessThanOrEqual(burst + ((clock.now - start) * rate) / 1000 + 1e-6)
          }
          const seconds = limit.take({ actor: user('a'), address: '' }) ?? 0
          clock.now += seconds * 1000
          if (seconds > 0) expect(limit.take({ actor: user('a'), address: '' })).toBeUndefined()
        },
      ),
    )
  })

  it('counts each identity for itself, wherever it comes from', () => {
    const { limit } = limitOf(1, 1)
    expect(limit.take({ actor: user('a'), address: '192.0.2.1' })).toBeUndefined()
    expect(limit.take({ actor: user('a'), address: '192.0.2.2' })).toBe(1)
    expect(limit.take({ actor: user('b'), address: '192.0.2.1' })).toBeUndefined()
  })

  it('counts strangers by address, and in IPv6 by /64', () => {
    const { limit } = limitOf(1, 1)
    const taken = (address: string) => limit.take({ actor: anonymous, address: address })
    expect([taken('192.0.2.1'), taken('192.0.2.2'), taken('192.0.2.1')]).toEqual([
      undefined,
      undefined,
      1,
    ])
    expect(taken('2001:db8:1:2::1')).toBeUndefined()
    for (const same of ['2001:db8:1:2:ffff::', '2001:DB8:1:2:0:0:0:9', '2001:0db8:0001:0002::7']) {
      expect([same, taken(same)]).toEqual([same, 1])
    }
    expect(taken('2001:db8:1:3::1')).toBeUndefined()
    expect([taken('::1'), taken('::2')]).toEqual([undefined, 1])
  })

  it('is off at 0, never stops Berth itself, and survives a clock that is set back', () => {
    const off = limitOf(0, 1).limit
    for (let count = 0; count < 10; count += 1)
      expect(off.take({ actor: user('a'), address: '' })).toBeUndefined()
    const { clock, limit } = limitOf(1, 1)
    const system: Actor = { kind: 'system', id: 'system', name: 'system' }
    expect([
      limit.take({ actor: system, address: '' }),
      limit.take({ actor: system, address: '' }),
    ]).toEqual([undefined, undefined])
    expect(limit.take({ actor: user('a'), address: '' })).toBeUndefined()
    clock.now -= 10_000
    expect(limit.take({ actor: user('a'), address: '' })).toBe(1)
    clock.now += 1000
    expect(limit.take({ actor: user('a'), address: '' })).toBeUndefined()
  })
})
