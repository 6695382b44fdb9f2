import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Console, startConsole } from './harness.ts'

let berth: Console
beforeAll(async () => {
  berth = await startConsole({ isEmpty: true })
  await berth.push('acme/api', '1.0.0')
})
afterAll(() => berth?.stop())

const image = '/repositories/acme%2Fapi/images/1.0.0'

test('nothing moves for those who want no motion', async () => {
  const { page, close } = await berth.open('admin', image)
  try {
    const longest = () =>
      page.evaluate(() => {
        const seconds = [...document.querySelectorAll('*')].flatMap((each) => {
          const { transitionDuration, animationDuration } = getComputedStyle(each)
          return `${transitionDuration},${animationDuration}`.split(',').map(Number.parseFloat)
        })
        return Math.max(...seconds)
      })
    expect(await longest()).toBeLessThan(0.001)
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    expect(await longest()).toBeGreaterThan(0.05)
  } finally {
    await close()
  }
})
