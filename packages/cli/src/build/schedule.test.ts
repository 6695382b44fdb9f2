import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { schedule } from './schedule.ts'

type Item = { name: string; dependsOn: string[]; fails: boolean }

/** Items that depend only on earlier ones. */
const graph = fc
  .array(fc.tuple(fc.array(fc.nat(20), { maxLength: 3 }), fc.boolean()), { maxLength: 12 })
  .map((rows) =>
    rows.map(([needs, coin], at): Item => {
      const earlier = needs.filter((each) => each < at).map((each) => `s${each}`)
      return { name: `s${at}`, dependsOn: [...new Set(earlier)], fails: coin && at % 3 === 0 }
    }),
  )

test('dependencies come first, never too many at once, and only what needs a failed one is skipped', async () => {
  await fc.assert(
    fc.asyncProperty(graph, fc.integer({ min: 1, max: 4 }), async (items, parallel) => {
      let running = 0
      const done = new Set<string>()
      const outcomes = await schedule(
        items,
        { parallel, isStopped: () => false },
        async ({ name, dependsOn, fails }) => {
          running += 1
          expect(running).toBeLessThanOrEqual(parallel)
          expect(dependsOn.every((each) => done.has(each))).toBe(true)
          await sleep(0)
          running -= 1
          if (fails) throw new Error(name)
          done.add(name)
          return name
        },
      )
      expect([...outcomes.keys()]).toEqual(items.map(({ name }) => name))
      const bad = new Set<string>()
      for (const { name, dependsOn, fails } of items) {
        const isSkipped = dependsOn.some((each) => bad.has(each))
        if (isSkipped || fails) bad.add(name)
        expect(outcomes.get(name)?.kind).toBe(isSkipped ? 'skipped' : fails ? 'failed' : 'done')
      }
    }),
    { numRuns: 60 },
  )
})

test('what is stopped begins nothing more and waits for what runs', async () => {
  let isStopped = false
  const ended: string[] = []
  const items = ['a', 'b', 'c'].map((name) => ({ name, dependsOn: [] }))
  const outcomes = await schedule(
    items,
    { parallel: 2, isStopped: () => isStopped },
    async ({ name }) => {
      if (name === 'a') isStopped = true
      await sleep(name === 'b' ? 20 : 0)
      ended.push(name)
    },
  )
  expect(ended).toEqual(['a', 'b'])
  expect(outcomes.get('c')).toEqual({ kind: 'skipped', after: undefined })
})
