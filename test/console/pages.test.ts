import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Console, startConsole, type Visit } from './harness.ts'
import { overflowOf, violationsIn } from './look.ts'
import { dialogs, declaredRoutes, pages } from './pages.ts'
import type { Role } from './seed.ts'

let berth: Console
const visits = new Map<Role | undefined, Visit>()
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

/**
 * Goes to a page in the one window that a role has; whoever looks for faults in a hundred pages has no time to load each anew.
 * After a fault the window is a fresh one.
 */
async function at(
  role: Role | undefined,
  path: string,
  look: (visit: Visit) => Promise<void>,
): Promise<void> {
  const known = visits.get(role)
  const visit = known ?? (await berth.open(role, path))
  visits.set(role, visit)
  try {
    if (known) await visit.go(path)
    await look(visit)
    expect(visit.troubles).toEqual([])
  } catch (error) {
    visits.delete(role)
    await visit.close()
    throw error
  }
}

/** Until the console has taken the scheme over, and no colour is on its way from the other one. */
async function inScheme(page: Page, scheme: 'light' | 'dark'): Promise<void> {
  await page.waitForFunction((wanted) => {
    const isIn = document.documentElement.dataset['mantineColorScheme'] === wanted
    return isIn && document.getAnimations().every(({ playState }) => playState !== 'running')
  }, scheme)
}

/** What is wrong with what is to be seen, in both schemes and on a phone. */
async function faultsOf({ page, rest }: Visit, part?: string): Promise<string[]> {
  const faults: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await inScheme(page, colorScheme)
    await rest()
    const violations = await violationsIn(page, part)
    faults.push(...violations.map((each) => `${colorScheme}: ${each}`))
  }
  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 844 })
    await rest()
    const overflow = await overflowOf(page)
    if (overflow > 0) faults.push(`${overflow} pixels beyond the edge at ${width}`)
  }
  await page.setViewportSize({ width: 1440, height: 900 })
  return faults
}

describe('no accessibility violation in both schemes, nothing that the policy forbids, no sideways scroll', () => {
  for (const { path, role } of pages) {
    test(path, () =>
      at(role, path, async (visit) => {
        expect(await visit.page.locator('h1').count(), 'one first heading').toBe(1)
        expect(await faultsOf(visit)).toEqual([])
      }),
    )
  }

  for (const { path, open } of dialogs) {
    test(`${path}: ${open.join(', ')}`, () =>
      at('admin', path, async (visit) => {
        const { page, rest } = visit
        for (const name of open) {
          const button = page.getByRole('button', { name }).or(page.getByRole('menuitem', { name }))
          await button.first().click()
          await rest()
        }
        const dialog = page.getByRole('dialog')
        await dialog.waitFor()
        expect(await faultsOf(visit, '[role=dialog]')).toEqual([])
        await page.keyboard.press('Escape')
        await dialog.waitFor({ state: 'hidden' })
      }))
  }
})
