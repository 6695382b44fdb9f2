import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { forEachOf, Gate } from './gate.ts'

describe('Gate', () => {
  it('lets so many through at a time, and all of them in the end', async () => {
    const gate = new Gate(3)
    let now = 0
    let most = 0
    const results = await Promise.all(
      Array.from({ length: 3000 }, (_, at) =>
        gate.run(async () => {
          now += 1
          most = Math.max(most, now)
          await Promise.resolve()
          now -= 1
          return at
        }),
      ),
    )
    expect(most).toBe(3)
    expect(results).toEqual(Array.from({ length: 3000 }, (_, at) => at))
  })

  it('goes on after a failure', async () => {
    const gate = new Gate(1)
    const failing = gate.run(() => Promise.reject(new Error('no')))
    const next = gate.run(() => Promise.resolve('yes'))
    await expect(failing).rejects.toThrow('no')
    expect(await next).toBe('yes')
  })
})

describe('forEachOf', () => {
  it('throws the first failure when what was under way has ended, and begins nothing more', async () => {
    const begun: number[] = []
    const ended: number[] = []
    const work = forEachOf([1, 2, 3, 4, 5], 2, async (item) => {
      begun.push(item)
      await sleep(item * 5)
      if (item === 1) throw new Error('first')
      ended.push(item)
    })
    await expect(work).rejects.toThrow('first')
    expect({ begun, ended }).toEqual({ begun: [1, 2], ended: [2] })
  })
})
