import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { mapLimited } from './limited.ts'

test('results come in the order of the items, and never more than the limit run at once', async () => {
  let running = 0
  let most = 0
  const results = await mapLimited([5, 1, 4, 2, 3, 0], 3, async (item) => {
    running += 1
    most = Math.max(most, running)
    await sleep(item)
    running -= 1
    return item * 2
  })
  expect(results).toEqual([10, 2, 8, 4, 6, 0])
  expect(most).toBe(3)
})

test('after a failure nothing more is begun', async () => {
  const begun: number[] = []
  const work = mapLimited([0, 1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item)
    await sleep(item)
    if (item === 1) throw new Error('one')
    return item
  })
  await expect(work).rejects.toThrow('one')
  expect(begun.length).toBeLessThan(5)
})
