import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GuessesUnderWay } from './guesses-under-way.ts'

/** Goes in as the throttle does: while others are under way, it waits; some are refused instead of going on. */
async function goThrough(
  underWay: GuessesUnderWay,
  keys: readonly string[],
  guess: { turns: number; isRefused: boolean; most: number },
  running: Map<string, number>,
): Promise<'done' | 'refused'> {
  for (;;) {
    const before = underWay.take(keys)
    await Promise.resolve()
    if (guess.isRefused) {
      underWay.abandon(keys)
      return 'refused'
    }
    if (before.every((count) => count < guess.most)) break
    underWay.pause(keys)
    if (!(await underWay.waitForOne(keys))) return 'refused'
  }
  for (const key of keys) running.set(key, (running.get(key) ?? 0) + 1)
  for (const key of keys) expect(running.get(key)).toBeLessThanOrEqual(guess.most)
  for (let turn = 0; turn < guess.turns; turn += 1) await new Promise(setImmediate)
  for (const key of keys) running.set(key, (running.get(key) ?? 0) - 1)
  underWay.finish(keys)
  return 'done'
}

describe('GuessesUnderWay', () => {
  it('lets everybody get on, never more at once than it says, whatever keys they share', async () => {
    const guess = fc.record({
      account: fc.constantFrom('a1', 'a2', 'a3'),
      address: fc.constantFrom('b1', 'b2', 'b3'),
      turns: fc.integer({ min: 0, max: 3 }),
      isRefused: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(guess, { maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        async (guesses, most) => {
          const underWay = new GuessesUnderWay()
          const running = new Map<string, number>()
          const outcomes = await Promise.all(
            guesses.map(({ account, address, turns, isRefused }) =>
              goThrough(underWay, [account, address], { turns, isRefused, most }, running),
            ),
          )
          expect(outcomes).toEqual(guesses.map(({ isRefused }) => (isRefused ? 'refused' : 'done')))
          expect(underWay.take(['a1', 'a2', 'a3', 'b1', 'b2', 'b3'])).toEqual([0, 0, 0, 0, 0, 0])
        },
      ),
      { numRuns: 200 },
    )
  })

  it('lets 64 wait and no more', async () => {
    const underWay = new GuessesUnderWay()
    underWay.take(['a'])
    const waiting = Array.from({ length: 64 }, () => underWay.waitForOne(['a']))
    expect(await underWay.waitForOne(['a'])).toBe(false)
    underWay.finish(['a'])
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 64 }, () => true))
    expect(await underWay.waitForOne(['a'])).toBe(true)
  })
})
