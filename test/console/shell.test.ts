import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBerth } from '../tools/berth.ts'
import { type Console, settled, startConsole, type Visit } from './harness.ts'
import { password } from './seed.ts'

let berth: Console
beforeAll(async () => {
  berth = await startConsole({ isEmpty: true })
})
afterAll(() => berth?.stop())

/** Signs somebody in who is made for this test, and opens the page. */
async function openAs(name: string, role: string, path: string): Promise<Visit> {
  await berth.manage('POST', '/users', { name, password, role })
  const visit = await berth.open(undefined, '/sign-in')
  await signIn(visit, name)
  await visit.page.goto(`${berth.berth.origin}${path}`)
  await settled(visit.page)
  return visit
}

async function signIn({ context }: Visit, name: string): Promise<void> {
  const answer = await context.request.post(`${berth.berth.origin}/api/v1/session`, {
    data: { name, password },
  })
  if (!answer.ok()) throw new Error(await answer.text())
}

/** Opens the form for a key and fills it in, without sending it. */
async function fillKey(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Create a key' }).click()
  const dialog = page.getByRole('dialog', { name: 'Create an API key' })
  await dialog.getByLabel('Name').fill(name)
  await dialog.getByLabel('Repositories').fill('acme/**')
}
const sendKey = (page: Page) =>
  page
    .getByRole('dialog', { name: 'Create an API key' })
    .getByRole('button', { name: 'Create a key' })
    .click()

describe('a session that ends while a form is filled', () => {
  test('is renewed above the form, which is sent then', async () => {
    const visit = await openAs('erna', 'developer', '/profile/keys')
    const { page } = visit
    try {
      await fillKey(page, 'laptop')
      await berth.manage('DELETE', '/users/erna/sessions')
      await sendKey(page)
      const again = page.getByRole('dialog', { name: 'Your session has ended' })
      await again.getByText('Sign in again as erna').waitFor()
      await again.getByLabel('Password', { exact: true }).fill('not it')
      await page.keyboard.press('Enter')
      await again.getByRole('alert').getByText('wrong').waitFor()
      // Escape does not give up what is on the page.
      await page.keyboard.press('Escape')
      await again.getByLabel('Password', { exact: true }).fill(password)
      await page.keyboard.press('Enter')
      await page.getByRole('dialog', { name: 'The key laptop was created' }).waitFor()
      await page.getByRole('button', { name: 'I have kept it' }).click()
      await page.getByRole('cell', { name: 'acme/**' }).waitFor()
    } finally {
      await visit.close()
    }
  })

  test('a cookie that is gone is no other page: nothing is taken for public', async () => {
    const visit = await openAs('fritz', 'developer', '/profile/keys')
    const { page, context } = visit
    try {
      await fillKey(page, 'build')
      await context.clearCookies()
      await sendKey(page)
      const again = page.getByRole('dialog', { name: 'Your session has ended' })
      await again.getByLabel('Password', { exact: true }).fill(password)
      await page.keyboard.press('Enter')
      await page.getByRole('dialog', { name: 'The key build was created' }).waitFor()
    } finally {
      await visit.close()
    }
  })

  test('it can be given up', async () => {
    const visit = await openAs('greta', 'developer', '/profile/sessions')
    const { page } = visit
    try {
      await berth.manage('DELETE', '/users/greta/sessions')
      await page.getByRole('link', { name: 'API keys' }).click()
      const again = page.getByRole('dialog', { name: 'Your session has ended' })
      await again.getByRole('button', { name: 'Sign out' }).click()
      await page.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor()
      await page.getByLabel('Name').waitFor()
    } finally {
      await visit.close()
    }
  })
})

test('a role that is taken away while the page is open is no longer offered', async () => {
  const visit = await openAs('hanna', 'admin', '/profile')
  const { page } = visit
  try {
    const users = page
      .getByRole('navigation', { name: 'Main' })
      .getByRole('link', { name: 'Users' })
    await users.waitFor()
    await berth.manage('PATCH', '/users/hanna', { role: 'none' })
    await users.click()
    await page.getByRole('heading', { name: 'You may not see this' }).waitFor()
    await users.waitFor({ state: 'detached' })
    await visit.context.request.get(`${berth.berth.origin}/api/v1/users`).then((answer) => {
      expect(answer.status()).toBe(403)
    })
  } finally {
    await visit.close()
  }
})

test('too many requests are said with the seconds left, and the page goes on by itself', async () => {
  const visit = await openAs('ida', 'developer', '/profile')
  const { page } = visit
  try {
    let isBusy = true
    await page.route(/\/account\/keys(\?|$)/, (route) =>
      isBusy
        ? route.fulfill({
            status: 429,
            headers: { 'retry-after': '3', 'content-type': 'application/problem+json' },
            body: JSON.stringify({
              type: 'urn:berth:problem:rateLimited',
              title: 'Too many requests',
              status: 429,
              detail: 'Too many requests.',
              requestId: 'r',
            }),
          })
        : route.continue(),
    )
    await page.getByRole('link', { name: 'API keys' }).click()
    await page.getByText(/goes on by itself in \d seconds?/).waitFor()
    isBusy = false
    await page.getByRole('heading', { name: 'No API keys yet' }).waitFor()
    await page.getByText(/goes on by itself/).waitFor({ state: 'detached' })
  } finally {
    await visit.close()
  }
})

describe('by keyboard', () => {
  test('help opens, is read, switches single keys off, and gives the focus back', async () => {
    const visit = await openAs('jonas', 'developer', '/profile')
    const { page } = visit
    try {
      await page.getByRole('link', { name: 'Sessions' }).focus()
      await page.keyboard.press('?')
      const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
      await dialog.getByText('Search from anywhere').waitFor()
      await dialog.getByRole('switch').press('Space')
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
      const focused = () => page.evaluate(() => document.activeElement?.textContent)
      await expect.poll(focused).toBe('Sessions')
      await page.keyboard.press('/')
      expect(await focused()).toBe('Sessions')
      await page.keyboard.press('Control+k')
      expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe(
        'combobox',
      )
    } finally {
      await visit.close()
    }
  })

  test('signs out by the menu, and the page behind is not shown again', async () => {
    const visit = await openAs('karla', 'developer', '/profile/sessions')
    const { page } = visit
    try {
      await page.getByRole('button', { name: 'Account of karla' }).press('Enter')
      await page.getByRole('menuitem', { name: 'Sign out' }).press('Enter')
      await page.getByLabel('Name').waitFor()
      await page.goBack()
      await page.getByRole('heading', { name: 'Nobody is signed in' }).waitFor()
    } finally {
      await visit.close()
    }
  })
})

test('a server that is killed is said, and the page goes on when it is back, with what was typed', async () => {
  const { port, dataDirectory } = berth.berth
  const visit = await openAs('lena', 'developer', '/profile/keys')
  const { page } = visit
  let second: Awaited<ReturnType<typeof startBerth>> | undefined
  try {
    await fillKey(page, 'server')
    process.kill(berth.berth.pid, 'SIGKILL')
    await sleep(500)
    await sendKey(page)
    const dialog = page.getByRole('dialog', { name: 'Create an API key' })
    await dialog.getByRole('alert').getByText('The server or the way to it is down').waitFor()
    await page.getByText('Berth does not answer').first().waitFor()
    expect(await dialog.getByLabel('Name').inputValue()).toBe('server')
    second = await startBerth({ port, dataDirectory })
    await page.getByText('Berth does not answer').first().waitFor({ state: 'detached' })
    expect(await dialog.getByLabel('Repositories').inputValue()).toBe('acme/**')
    await sendKey(page)
    await page.getByRole('dialog', { name: 'The key server was created' }).waitFor()
  } finally {
    await visit.close()
    await second?.stop()
  }
})
