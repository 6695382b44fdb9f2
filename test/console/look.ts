import { AxeBuilder } from '@axe-core/playwright'
import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import { type Console, type Look, settled, type Visit } from './harness.ts'
import type { Role } from './seed.ts'

/** Opens a page, and closes it whatever happens; nothing may go wrong in it. */
export async function visitAs(
  berth: Console,
  role: Role | undefined,
  path: string,
  use: (page: Page, visit: Visit) => Promise<void>,
  look: Look = {},
): Promise<void> {
  const opened = await berth.open(role, path, look)
  try {
    await use(opened.page, opened)
    expect(opened.troubles).toEqual([])
  } finally {
    await opened.close()
  }
}

export type Items = { items: Record<string, unknown>[] }

export function visitAsAdmin(
  berth: Console,
  path: string,
  use: (page: Page, visit: Visit) => Promise<void>,
): Promise<void> {
  return visitAs(berth, 'admin', path, use)
}

/** Asks the management API as this user, past the console. */
export function askAs(
  berth: Console,
  user: { readonly name: string; readonly password: string },
  method: string,
  path: string,
  body?: object,
): Promise<Response> {
  const basic = Buffer.from(`${user.name}:${user.password}`).toString('base64')
  return fetch(`${berth.berth.origin}/api/v1${path}`, {
    method,
    headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
}

/** The items of a list of the API, as the administrator reads it. */
export async function listOf(berth: Console, path: string): Promise<Record<string, unknown>[]> {
  const { items } = (await berth.manage('GET', path)) as Items
  return items
}

/** Of the page, or of the part of it that a selector names, such as the dialog that is open above it. */
export async function violationsIn(page: Page, part?: string): Promise<string[]> {
  const isThere = await page.evaluate(() => 'axe' in globalThis)
  // The console has no frames, so that one run in the page itself tells all, in half of the time.
  const axe = new AxeBuilder({ page, ...(isThere && { axeSource: 'true' }) }).setLegacyMode()
  // What is well is told by nobody: to describe it takes longer than to find it.
  axe.options({ resultTypes: ['violations'] })
  if (part !== undefined) axe.include(part)
  const { violations } = await axe.analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(describeNode).join(' | ')}`)
}

type Violation = Awaited<ReturnType<AxeBuilder['analyze']>>['violations'][number]

function describeNode({ target, html, any }: Violation['nodes'][number]): string {
  return `${target.join(' ')} ${html.slice(0, 160)} (${any[0]?.message ?? ''})`
}

/** Pixels by which the page is wider than its window, once it has had the time to follow a change of it. */
export async function overflowOf(page: Page): Promise<number> {
  const beyond = () =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  for (const until = Date.now() + 3_000; Date.now() < until; await page.waitForTimeout(50)) {
    if ((await beyond()) <= 0) return 0
  }
  return beyond()
}

/** What tells the rows of a table apart. */
export async function namesIn(page: Page, table: string): Promise<string[]> {
  const cells = page.getByRole('table', { name: table }).locator('td[data-main]')
  return (await cells.allInnerTexts()).map((text) => text.trim())
}

/** The texts of a column of a table. */
export async function column(page: Page, table: string, title: string): Promise<string[]> {
  await page.getByRole('table', { name: table }).waitFor()
  await settled(page)
  const cells = page.getByRole('table', { name: table }).locator(`td[data-label="${title}"]`)
  return (await cells.allInnerTexts()).map((text) => text.trim())
}

export async function choose(page: Page, within: Page | Locator, field: string, option: string) {
  await within.getByRole('combobox', { name: field }).click()
  await page.getByRole('option', { name: option, exact: true }).click()
}

/** Pages need a moment after what somebody does in them. */
export const eventually = <Value>(read: () => Value | Promise<Value>) =>
  expect.poll(read, { timeout: 15_000 })

/** The value that stands beside a name, such as `Database`. */
export function fact(within: Page | Locator, name: string): Promise<string> {
  const term = within.locator('dt').filter({ hasText: new RegExp(`^${name}$`) })
  return term.locator('xpath=../dd').innerText()
}

/** Rows of the table of that name, without its head. */
export function rowsOf(page: Page, label: string): Locator {
  return page.getByRole('table', { name: label, exact: true }).locator('tbody tr[data-index]')
}
