import { AxeBuilder } from '@axe-core/playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Console, startConsole } from './harness.ts'
import { declaredRoutes, pages } from './pages.ts'

let berth: Console
beforeAll(async () => {
  berth = await startConsole()
})
afterAll(() => berth?.stop())

test('every page that there is stands in this list', () => {
  const listed = new Set(pages.map(({ route }) => route))
  // A job has no name that is known beforehand: the administration's own tests open one.
  const missing = declaredRoutes().filter(
    (route) => !listed.has(route) && route !== '/administration/jobs/$job',
  )
  expect(missing).toEqual([])
})

for (const scheme of ['light', 'dark'] as const) {
  describe(`${scheme}: no accessibility violation, nothing that the policy forbids, no sideways scroll`, () => {
    for (const { path, role } of pages) {
      test(path, async () => {
        const { page, troubles, close } = await berth.open(role, path, { scheme })
        try {
          expect(await page.locator('h1').count(), 'one first heading').toBe(1)
          const { violations } = await new AxeBuilder({ page }).analyze()
          const told = violations.map(
            ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
          )
          expect(told).toEqual([])
          await page.setViewportSize({ width: 390, height: 844 })
          await page.waitForTimeout(100)
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          )
          expect(overflow, 'pixels beyond the edge at 390').toBeLessThanOrEqual(0)
          expect(troubles).toEqual([])
        } finally {
          await close()
        }
      })
    }
  })
}
