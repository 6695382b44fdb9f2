import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Console, settled, startConsole, type Visit } from './harness.ts'
import type { Role } from './seed.ts'

let berth: Console
beforeAll(async () => {
  berth = await startConsole()
})
afterAll(() => berth?.stop())

async function as(role: Role | undefined, path: string, run: (visit: Visit) => Promise<void>) {
  const visit = await berth.open(role, path)
  try {
    await run(visit)
    expect(visit.troubles).toEqual([])
  } finally {
    await visit.close()
  }
}

const field = (page: Page) => page.getByRole('combobox', { name: 'Search' })
const options = (page: Page) => page.getByRole('listbox', { name: 'Search' }).getByRole('option')

describe('the box in the header, by keyboard alone', () => {
  test('suggests as one types, and opens what is chosen', async () => {
    await as('developer', '/projects', async ({ page }) => {
      await page.keyboard.press('/')
      await page.keyboard.type('acme/wor')
      await options(page).first().waitFor()
      expect(await field(page).getAttribute('aria-expanded')).toBe('true')
      await page.keyboard.press('ArrowDown')
      const chosen = await field(page).getAttribute('aria-activedescendant')
      const option = page.locator(`[id="${chosen}"]`)
      expect(await option.getAttribute('aria-selected')).toBe('true')
      expect(await option.textContent()).toContain('acme/worker')
      await page.keyboard.press('Enter')
      await page.waitForURL('**/repositories/acme%2Fworker')
    })
  })

  test('Enter without a choice leads to all results, which have an address; Escape closes', async () => {
    await as('developer', '/projects', async ({ page }) => {
      await page.keyboard.press('Control+k')
      await page.keyboard.type('api')
      await options(page).first().waitFor()
      await page.keyboard.press('Escape')
      await options(page).first().waitFor({ state: 'hidden' })
      await page.keyboard.press('Enter')
      await page.waitForURL('**/search?q=api')
      await page.getByRole('heading', { name: 'Repositories', level: 2 }).waitFor()
      const answer = (await berth.manage('GET', '/search?q=api&limit=50')) as { items: unknown[] }
      const everything = page.getByRole('button', { name: `Everything (${answer.items.length})` })
      expect(await everything.getAttribute('aria-pressed')).toBe('true')
      await page.getByRole('button', { name: /^Labels/ }).click()
      await page.waitForURL('**/search?q=api&kind=label')
      expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual(['Labels'])
      await page.reload()
      await settled(page)
      expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual(['Labels'])
    })
  })

  test('what was searched for is kept in this browser, and can be removed', async () => {
    await as('developer', '/search?q=worker', async ({ page }) => {
      await settled(page)
      await page.goto(`${berth.berth.origin}/search?q=trainer`)
      await settled(page)
      await page.goto(`${berth.berth.origin}/projects`)
      await settled(page)
      await page.keyboard.press('/')
      await expect.poll(() => options(page).allTextContents()).toEqual(['trainer', 'worker'])
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Delete')
      await expect.poll(() => options(page).allTextContents()).toEqual(['worker'])
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
      await page.waitForURL('**/search?q=worker')
      await page.goto(`${berth.berth.origin}/search`)
      await page.getByRole('button', { name: 'Remove “worker” from the recent searches' }).click()
      await page.getByRole('heading', { name: 'Recent searches' }).waitFor({ state: 'detached' })
    })
  })
})

describe('results', () => {
  test('a vulnerability and a package are found, with the images that have them', async () => {
    await as('developer', '/search?q=CVE-2022-37434', async ({ page }) => {
      const link = page.getByRole('main').getByRole('link', { name: 'CVE-2022-37434' })
      await link.waitFor()
      await link.click()
      await page.waitForURL('**/security/vulnerabilities/CVE-2022-37434')
    })
  })

  test('what a role may not pull is not found', async () => {
    await as('stranger', '/search?q=worker', async ({ page }) => {
      await page.getByRole('heading', { name: 'Nothing fits “worker”' }).waitFor()
    })
    await as(undefined, '/search?q=debian', async ({ page }) => {
      await page.getByRole('link', { name: 'library/debian' }).waitFor()
    })
  })

  test('hostile text is text, and an empty search says what it is for', async () => {
    const query = encodeURIComponent('<img src=x onerror=alert(1)>')
    await as('developer', `/search?q=${query}`, async ({ page }) => {
      await page
        .getByRole('heading', { name: 'Nothing fits “<img src=x onerror=alert(1)>”' })
        .waitFor()
      expect(await page.locator('main img').count()).toBe(0)
    })
    await as('developer', '/search', async ({ page }) => {
      await page.getByRole('heading', { name: 'What are you looking for?' }).waitFor()
    })
  })
})

describe('the first page', () => {
  test('shows what the role sees, as the API has it', async () => {
    await as('admin', '/', async ({ page }) => {
      await page.getByRole('heading', { name: 'How this Berth is doing' }).waitFor()
      await page.getByRole('heading', { name: 'Security', level: 2 }).waitFor()
      const { items } = (await berth.manage('GET', '/repositories?sort=pushedAt&limit=8')) as {
        items: { name: string }[]
      }
      const rows = page.getByRole('table', { name: 'Lately pushed' }).locator('tbody tr')
      expect(await rows.count()).toBe(items.length)
      expect(await rows.first().textContent()).toContain(items[0]?.name)
    })
    await as('reader', '/', async ({ page }) => {
      await page.getByRole('heading', { name: 'Lately pushed' }).waitFor()
      expect(await page.getByRole('heading', { name: 'How this Berth is doing' }).count()).toBe(0)
      expect(await page.getByRole('heading', { name: 'Security', level: 2 }).count()).toBe(0)
    })
    await as(undefined, '/', async ({ page }) => {
      await page.getByText('You are not signed in').waitFor()
      await page.getByRole('link', { name: 'library/debian' }).waitFor()
      expect(await page.getByText('acme/api').count()).toBe(0)
    })
  })
})
