import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBerth } from '../tools/berth.ts'
import { type Console, settled, startConsole } from './harness.ts'
import { eventually } from './look.ts'
import { password } from './seed.ts'
import { startSlowProxy } from './slow-proxy.ts'

const burst = 60
/** By the environment, since a section of the file would take the place of that with the port. */
const limits = {
  BERTH_HTTP__RATE_LIMIT__REQUESTS_PER_SECOND: '1',
  BERTH_HTTP__RATE_LIMIT__BURST: String(burst),
}

let berth: Console
beforeAll(async () => {
  berth = await startConsole({ isEmpty: true, env: limits })
  await berth.manage('POST', '/projects', { name: 'acme', visibility: 'private' })
})
afterAll(() => berth?.stop())

/** As somebody made for the test. It is one page from its opening to its end: nothing loads it anew. */
async function as(
  name: string,
  role: string,
  path: string,
  run: (page: Page) => Promise<void>,
  origin = berth.berth.origin,
): Promise<void> {
  await berth.manage('POST', '/users', { name, password, role })
  const visit = await berth.open(undefined, '/sign-in')
  const { page, context } = visit
  // Most of it is waiting for what the page finds out by itself, on a machine that may be busy.
  page.setDefaultTimeout(60_000)
  try {
    const data = { name, password }
    const answer = await context.request.post(`${berth.berth.origin}/api/v1/session`, { data })
    expect(answer.status()).toBeLessThan(300)
    await page.goto(`${origin}${path}`)
    await settled(page)
    const loadedAt = await page.evaluate(() => performance.timeOrigin)
    await run(page)
    expect(await page.evaluate(() => performance.timeOrigin)).toBe(loadedAt)
  } finally {
    await visit.close()
  }
}

/** Begins a policy, and does not save it. */
async function editPolicy(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Add a rule' }).click()
  await page.getByRole('textbox', { name: 'Name' }).first().fill(name)
  await page.getByText('not saved', { exact: false }).first().waitFor()
}

async function savePolicy(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Review and save' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(`name: ${name}`).waitFor()
  await dialog.getByRole('button', { name: 'Save' }).click()
}

/** Ends a server as a fault of its machine would. */
async function end(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  const isThere = () =>
    fetch(`${berth.berth.origin}/readyz`).then(
      () => true,
      () => false,
    )
  await eventually(isThere).toBe(false)
}

test('too many requests: the form says so, keeps what was typed, and is sent after the pause', async () => {
  await as('ida', 'developer', '/profile/keys', async (page) => {
    await page.getByRole('button', { name: 'Create a key' }).click()
    const dialog = page.getByRole('dialog', { name: 'Create an API key' })
    await dialog.getByLabel('Name').fill('laptop')
    // In one go, so that what the form sends comes right after more than the server takes.
    const button = dialog.getByRole('button', { name: 'Create a key' })
    await button.evaluate((it, count) => {
      const ask = () =>
        void fetch('./api/v1/account/keys', { cache: 'no-store' }).catch(() => undefined)
      for (let asked = 0; asked < count; asked += 1) ask()
      ;(it as HTMLButtonElement).click()
    }, burst * 2)
    await dialog.getByRole('alert').waitFor()
    await page.getByText(/goes on by itself in \d+ seconds?/).waitFor()
    expect(await dialog.getByLabel('Name').inputValue()).toBe('laptop')

    const created = page.getByRole('dialog', { name: 'The key laptop was created' })
    // The page goes on by then, too, and may have taken what the server takes again.
    for (;;) {
      await page.getByText(/goes on by itself/).waitFor({ state: 'detached' })
      await button.click()
      await created.or(dialog.getByRole('alert')).first().waitFor()
      if (await created.isVisible()) return
    }
  })
})

test('a slow server is said while it is waited for, and what was sent is done', async () => {
  const proxy = await startSlowProxy(berth.berth.port)
  try {
    const run = async (page: Page) => {
      await page.getByRole('button', { name: 'Create a key' }).click()
      await page.getByRole('dialog').getByLabel('Name').fill('train')
      proxy.hold(true)
      await page.keyboard.press('Enter')
      await page.getByText('Berth answers slowly').waitFor()
      proxy.hold(false)
      await page.getByRole('dialog', { name: 'The key train was created' }).waitFor()
      await page.getByText('Berth answers slowly').waitFor({ state: 'detached' })
    }
    await as('nils', 'developer', '/profile/keys', run, proxy.origin)
  } finally {
    await proxy.stop()
  }
})

test('a role taken away while a form is open: refused in words, and sent when it is given back', async () => {
  await as('olga', 'admin', '/administration/users', async (page) => {
    await page.getByRole('button', { name: 'Create a user' }).click()
    const dialog = page.getByRole('dialog', { name: 'Create a user' })
    const field = dialog.getByRole('textbox', { name: /^Name/ })
    await field.fill('newcomer')
    await dialog.locator('input[type=password]').fill(password)
    await berth.manage('PATCH', '/users/olga', { role: 'none' })
    await dialog.getByRole('button', { name: 'Create a user' }).click()
    await dialog.getByRole('alert').getByText('olga may not do this').waitFor()
    const users = page.getByRole('link', { name: 'Users', includeHidden: true })
    await users.waitFor({ state: 'detached' })
    expect(await field.inputValue()).toBe('newcomer')
    await berth.manage('PATCH', '/users/olga', { role: 'admin' })
    await dialog.getByRole('button', { name: 'Create a user' }).click()
    await page.getByText('newcomer was created.').waitFor()
  })
})

test('a role taken away while the policy of the instance is edited: it stays, and is saved later', async () => {
  await as('quinn', 'admin', '/security/policy', async (page) => {
    await editPolicy(page, 'of-quinn')
    await berth.manage('PATCH', '/users/quinn', { role: 'none' })
    await savePolicy(page, 'of-quinn')
    await page.getByRole('dialog').getByRole('alert').getByText('quinn may not do this').waitFor()
    const users = page.getByRole('link', { name: 'Users', includeHidden: true })
    await users.waitFor({ state: 'detached' })
    await berth.manage('PATCH', '/users/quinn', { role: 'admin' })
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await page.getByText('Changed by quinn').waitFor()
  })
})

test('a session revoked while a policy is edited: the policy stays, and is saved after signing in', async () => {
  await as('paul', 'admin', '/security/policy?project=acme', async (page) => {
    await editPolicy(page, 'of-paul')
    await berth.manage('DELETE', '/users/paul/sessions')
    await savePolicy(page, 'of-paul')
    const again = page.getByRole('dialog', { name: 'Your session has ended' })
    await again.getByLabel('Password', { exact: true }).fill(password)
    await page.keyboard.press('Enter')
    await page.getByText('Changed by paul').waitFor()
  })
})

test('a server that is stopped and started: the policy stays, and a page opened meanwhile comes', async () => {
  const { port, dataDirectory, pid } = berth.berth
  let second: Awaited<ReturnType<typeof startBerth>> | undefined
  try {
    await as('rosa', 'admin', '/security/policy?project=acme', async (page) => {
      await editPolicy(page, 'of-rosa')
      await end(pid)
      await savePolicy(page, 'of-rosa')
      await page.getByRole('dialog').getByRole('alert').waitFor()
      await page.getByText('Berth does not answer').first().waitFor()
      second = await startBerth({ port, dataDirectory })
      await page.getByText('Berth does not answer').first().waitFor({ state: 'detached' })
      await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
      await page.getByText('Changed by rosa').waitFor()

      await end(second.pid)
      await page.getByRole('link', { name: 'Audit log' }).press('Enter')
      await page.getByText('Berth does not answer').first().waitFor()
      second = await startBerth({ port, dataDirectory })
      await page.getByRole('heading', { name: 'Audit log', level: 1 }).waitFor()
      await page.getByRole('cell', { name: 'policy.set' }).first().waitFor()
    })
  } finally {
    await second?.stop()
  }
})
