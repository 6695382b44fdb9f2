import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Console, settled, startConsole, type Visit } from './harness.ts'
import { askAs } from './look.ts'
import { password } from './seed.ts'

let berth: Console
beforeAll(async () => {
  berth = await startConsole({ isEmpty: true })
})
afterAll(() => berth?.stop())

async function as(name: string, path: string, run: (visit: Visit) => Promise<void>): Promise<void> {
  await berth.manage('POST', '/users', { name, password, email: `${name}@example.com` })
  const visit = await berth.open(undefined, '/sign-in')
  try {
    await signIn(visit, name)
    await visit.page.goto(`${berth.berth.origin}${path}`)
    await settled(visit.page)
    await run(visit)
    expect(visit.troubles).toEqual([])
  } finally {
    await visit.close()
  }
}

async function signIn({ context }: Visit, name: string): Promise<void> {
  const answer = await context.request.post(`${berth.berth.origin}/api/v1/session`, {
    data: { name, password },
  })
  if (!answer.ok()) throw new Error(await answer.text())
}

async function signInByBasic(name: string, secret: string): Promise<number> {
  return (await askAs(berth, { name, password: secret }, 'GET', '/session')).status
}

test('a key is created with its reach, shown once, good for docker, and revoked', async () => {
  await as('anna', '/profile/keys', async ({ page }) => {
    await page.getByRole('button', { name: 'Create a key' }).click()
    const form = page.getByRole('dialog', { name: 'Create an API key' })
    await form.getByLabel('Name').fill('Not Allowed')
    await form.getByRole('button', { name: 'Create a key' }).click()
    await expect.poll(() => form.getByLabel('Name').getAttribute('aria-invalid')).toBe('true')
    await form.getByLabel('Name').fill('laptop')
    await form.getByLabel('What it may do').selectOption('pull')
    await form.getByLabel('Repositories').fill('acme/**\nlibrary/*')
    await form.getByLabel('Ends after').selectOption('30')
    await form.getByRole('button', { name: 'Create a key' }).click()
    const shown = page.getByRole('dialog', { name: 'The key laptop was created' })
    await shown.getByText(`docker login ${berth.berth.host} --username anna`).waitFor()
    const secret = await shown.locator('pre').first().innerText()
    expect(await signInByBasic('anna', secret)).toBe(200)
    await page.keyboard.press('Escape')
    await shown.getByRole('button', { name: 'I have kept it' }).click()
    expect(await page.getByText(secret).count()).toBe(0)
    const row = page.getByRole('row').filter({ hasText: 'laptop' })
    expect(await row.textContent()).toContain('acme/**')
    expect(await row.textContent()).toContain('Pull')
    await row.getByRole('button', { name: 'Revoke laptop' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.getByRole('heading', { name: 'No API keys yet' }).waitFor()
    expect(await signInByBasic('anna', secret)).toBe(401)
  })
})

test('a name that is taken is said beside the form, which keeps what was typed', async () => {
  await as('bruno', '/profile/keys', async ({ page }) => {
    for (const round of [1, 2]) {
      await page.getByRole('button', { name: 'Create a key' }).first().click()
      const form = page.getByRole('dialog', { name: 'Create an API key' })
      await form.getByLabel('Name').fill('same')
      await form.getByRole('button', { name: 'Create a key' }).click()
      if (round === 1) await page.getByRole('button', { name: 'I have kept it' }).click()
      else {
        await form.getByRole('alert').waitFor()
        expect(await form.getByLabel('Name').inputValue()).toBe('same')
      }
    }
  })
})

test('sessions are listed, this one marked, others ended one by one and together', async () => {
  await as('carla', '/profile/sessions', async ({ page, context }) => {
    const others: Visit[] = []
    for (let count = 0; count < 3; count += 1) {
      const other = await berth.open(undefined, '/sign-in')
      await signIn(other, 'carla')
      others.push(other)
    }
    await page.reload()
    await settled(page)
    const rows = page.getByRole('table', { name: 'Sessions' }).locator('tbody tr')
    expect(await rows.count()).toBe(4)
    expect(await rows.filter({ hasText: 'this one' }).count()).toBe(1)
    await rows
      .getByRole('button', { name: /End the session/ })
      .first()
      .click()
    await expect.poll(() => rows.count()).toBe(3)
    await page.getByRole('button', { name: 'End all others' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'End all others' }).click()
    await expect.poll(() => rows.count()).toBe(1)
    const session = (visit: Pick<Visit, 'context'>) =>
      visit.context.request.get(`${berth.berth.origin}/api/v1/session`)
    for (const other of others) {
      expect((await session(other)).status()).toBe(401)
      await other.close()
    }
    expect((await session({ context })).status()).toBe(200)
  })
})

test('the password is changed; a wrong one is said beside its field and ends nothing', async () => {
  const next = 'gravel lantern meadow'
  await as('dora', '/profile', async ({ page }) => {
    await page.getByText('dora@example.com').waitFor()
    const button = page.getByRole('button', { name: 'Change the password' })
    await page.getByLabel('Current password').fill('not the password')
    await page.getByLabel('New password', { exact: true }).fill(next)
    await page.getByLabel('The new password again').fill(next)
    await button.click()
    await page.getByText('This is not your current password').waitFor()
    expect(await page.getByRole('dialog').count()).toBe(0)
    expect(await page.getByLabel('New password', { exact: true }).inputValue()).toBe(next)
    await page.getByLabel('Current password').fill(password)
    await page.getByLabel('New password', { exact: true }).fill('dora dora dora')
    await page.getByLabel('The new password again').fill('dora dora dora')
    await button.click()
    await page.getByText(/contains the user name/).waitFor()
    await page.getByLabel('New password', { exact: true }).fill(next)
    await page.getByLabel('The new password again').fill(next)
    await button.click()
    await page.getByText('Your password was changed').waitFor()
    expect(await signInByBasic('dora', password)).toBe(401)
    expect(await signInByBasic('dora', next)).toBe(200)
  })
})

test('who manages nobody is not offered to change their role, and is refused', async () => {
  await as('erik', '/profile', async ({ page, context }) => {
    expect(await page.getByRole('link', { name: 'Manage this account' }).count()).toBe(0)
    const session = await context.request.get(`${berth.berth.origin}/api/v1/session`)
    const { csrfToken } = ((await session.json()) as { session: { csrfToken: string } }).session
    const answer = await context.request.patch(`${berth.berth.origin}/api/v1/users/erik`, {
      headers: { 'x-berth-csrf': csrfToken },
      data: { role: 'admin' },
    })
    expect(answer.status()).toBe(403)
  })
  const { page, close } = await berth.open('admin', '/profile')
  expect(await page.getByRole('link', { name: 'Manage this account' }).count()).toBe(1)
  await close()
})

test('people change their own display name and see their groups and roles', async () => {
  await berth.manage('POST', '/projects', { name: 'harbour', visibility: 'private' })
  await berth.manage('POST', '/groups', { name: 'crew', role: 'auditor' })
  await as('gita', '/profile', async ({ page }) => {
    await page.getByText('You have no role in a project.').waitFor()
    await berth.manage('PUT', '/groups/crew/members/gita')
    await berth.manage('PUT', '/projects/harbour/members/group/crew', { role: 'maintainer' })
    await page.reload()
    const roles = page.getByRole('table', { name: 'Your roles in projects' })
    await roles.getByRole('link', { name: 'harbour' }).waitFor()
    expect(await roles.innerText()).toContain('the group crew')
    expect(await page.getByRole('table', { name: 'Your groups' }).innerText()).toContain('auditor')
    await page.getByRole('button', { name: 'Change your display name' }).focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Change your display name' })
    const field = dialog.getByLabel('Display name')
    await field.fill('g'.repeat(129))
    await page.keyboard.press('Enter')
    await expect.poll(() => field.getAttribute('aria-invalid')).toBe('true')
    await field.fill('Gita of the Crew')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await page.getByText('Gita of the Crew', { exact: true }).waitFor()
  })
  const user = await berth.manage('GET', '/users/gita')
  expect(user['displayName']).toBe('Gita of the Crew')
})

test('copies without a secure context, as over plain HTTP on another host', async () => {
  await as('frida', '/profile/keys', async ({ page, context }) => {
    await context.grantPermissions(['clipboard-read'])
    await page.addInitScript(() =>
      Object.defineProperty(globalThis, 'isSecureContext', { value: false }),
    )
    await page.reload()
    await page.getByRole('button', { name: 'Create a key' }).click()
    await page.getByRole('dialog').getByLabel('Name').fill('copied')
    await page.keyboard.press('Enter')
    const shown = page.getByRole('dialog', { name: 'The key copied was created' })
    const secret = await shown.locator('pre').first().innerText()
    await shown.getByRole('button', { name: 'Copy: API key' }).click()
    await shown.getByRole('button', { name: 'Copied: API key' }).waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret)
  })
})
