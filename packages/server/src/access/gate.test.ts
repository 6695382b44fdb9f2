import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Gate } from './gate.ts'

const openGate = () => new Gate({ running: 2, waiting: 3, refusal: 'Too many.' })

describe('Gate', () => {
  it('runs two at once, lets three wait in order, refuses the sixth', async () => {
    const gate = openGate()
    const started: number[] = []
    const finish: (() => void)[] = []
    const task = (number: number) =>
      gate.run(() => {
        started.push(number)
        return new Promise<number>((resolve) => finish.push(() => resolve(number)))
      })
    const tasks = [1, 2, 3, 4, 5].map(task)
    await expect(task(6)).rejects.toMatchObject({ kind: 'rateLimited' })
    expect(started).toEqual([1, 2])
    for (const expected of [
      [1, 2, 3],
      [1, 2, 3, 4],
      [1, 2, 3, 4, 5],
    ]) {
      finish.shift()?.()
      await turn()
      expect(started).toEqual(expected)
    }
    for (const done of finish) done()
    expect(await Promise.all(tasks)).toEqual([1, 2, 3, 4, 5])
  })

  it('gives the place free when a task fails', async () => {
    const gate = openGate()
    const failures = await Promise.allSettled(
      Array.from({ length: 5 }, () => gate.run(() => Promise.reject(new Error('no')))),
    )
    expect(failures.every((result) => result.status === 'rejected')).toBe(true)
    expect(await gate.run(() => Promise.resolve('yes'))).toBe('yes')
  })
})
