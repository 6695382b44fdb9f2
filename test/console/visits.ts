import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { type Console, settled, type Visit } from './harness.ts'
import type { Role } from './seed.ts'

export type Items = { items: Record<string, unknown>[] }

/** Opens a page, and closes it whatever happens; nothing may go wrong in it beside what the test expects. */
export async function visit(
  berth: Console,
  role: Role,
  path: string,
  use: (page: Page, visit: Visit) => Promise<void>,
): Promise<void> {
  const opened = await berth.open(role, path)
  try {
    await use(opened.page, opened)
    expect(opened.troubles).toEqual([])
  } finally {
    await opened.close()
  }
}

/** Of the page, or of the dialog that is open above it. */
export async function violationsIn(page: Page, part = 'main'): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .include(part)
    // The head of a dialog is a `header`, which is no banner inside of it.
    .disableRules(['landmark-no-duplicate-banner'])
    .analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** The texts of a column of a table. */
export async function column(page: Page, table: string, title: string): Promise<string[]> {
  await page.getByRole('table', { name: table }).waitFor()
  await settled(page)
  const cells = page.getByRole('table', { name: table }).locator(`td[data-label="${title}"]`)
  return (await cells.allInnerTexts()).map((text) => text.trim())
}
