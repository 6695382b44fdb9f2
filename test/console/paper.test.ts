import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Console, startConsole } from './harness.ts'
import { eventually } from './look.ts'

let berth: Console
beforeAll(async () => {
  berth = await startConsole({ isEmpty: true })
  await berth.push('acme/api', '1.0.0')
})
afterAll(() => berth?.stop())

const image = '/repositories/acme%2Fapi/images/1.0.0'

test('a page of an image is printed black on white, over the whole width, without navigation', async () => {
  const { page, close } = await berth.open('admin', image, { scheme: 'dark' })
  try {
    const look = () =>
      page.evaluate(() => {
        const { backgroundColor, color } = getComputedStyle(document.body)
        const { left, right } = document.querySelector('h1')!.getBoundingClientRect()
        const shown = [...document.querySelectorAll('header, nav, button')].filter((each) =>
          each.checkVisibility(),
        )
        return { backgroundColor, color, left, right, shown: shown.length }
      })
    const onScreen = await look()
    expect(onScreen.shown).toBeGreaterThan(0)
    await page.emulateMedia({ media: 'print' })
    await eventually(look).toMatchObject({
      backgroundColor: 'rgb(255, 255, 255)',
      color: 'rgb(0, 0, 0)',
      left: 0,
      shown: 0,
    })
    expect(await page.getByText('COPY a /').first().isVisible()).toBe(true)
    await page.emulateMedia({ media: 'screen' })
    await eventually(look).toEqual(onScreen)
  } finally {
    await close()
  }
})
