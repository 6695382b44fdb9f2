import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Console, settled, startConsole, type Visit } from './harness.ts'
import { askAs, choose, column, eventually, listOf, violationsIn, visitAsAdmin } from './look.ts'
import { password } from './seed.ts'
import { codeOf } from './totp.ts'

let berth: Console
beforeAll(async () => {
  berth = await startConsole()
})
afterAll(() => berth?.stop())

const visit = (path: string, use: (page: Page, visit: Visit) => Promise<void>) =>
  visitAsAdmin(berth, path, use)
const list = (path: string) => listOf(berth, path)

async function signInStatus(name: string, secret: string): Promise<number> {
  const answer = await fetch(`${berth.berth.origin}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password: secret }),
  })
  return answer.status
}

describe('users', () => {
  test('are those of the API, and filters stand in the address', async () => {
    await visit('/administration/users?role=auditor', async (page) => {
      expect(await column(page, 'Users', 'Name')).toEqual(['auditor'])
      await page.goto(`${berth.berth.origin}/administration/users`)
      const users = await list('/users?sort=name')
      expect(await column(page, 'Users', 'Name')).toEqual(users.map(({ name }) => name))
      expect(users.length).toBeGreaterThan(5)
      await page.getByLabel('Names that begin with').fill('main')
      await page.waitForURL(/prefix=main/)
      await eventually(() => column(page, 'Users', 'Name')).toEqual(['maintainer'])
      await page.getByLabel('Names that begin with').fill('nobody')
      await page.getByText('Nothing fits these filters').waitFor()
      await page.getByRole('button', { name: 'Clear the filters' }).last().click()
      await page.getByRole('link', { name: 'reader', exact: true }).waitFor()
    })
  })

  test('a user is created by keyboard, and a short password is told beside its field', async () => {
    await visit('/administration/users', async (page) => {
      const opener = page.getByRole('button', { name: 'Create a user' })
      await opener.focus()
      await page.keyboard.press('Enter')
      const dialog = page.getByRole('dialog', { name: 'Create a user' })
      await dialog.waitFor()
      expect(await violationsIn(page, '[role=dialog]')).toEqual([])
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
      await eventually(() => opener.evaluate((it) => it === document.activeElement)).toBe(true)
      await page.keyboard.press('Enter')
      await dialog.waitFor()
      const name = dialog.locator('input').first()
      await eventually(() => name.evaluate((it) => it === document.activeElement)).toBe(true)
      await page.keyboard.type('mara')
      await page.keyboard.press('Tab')
      await page.keyboard.type('short')
      await page.keyboard.press('Enter')
      const secret = dialog.locator('input[type=password]')
      await eventually(() => secret.getAttribute('aria-invalid')).toBe('true')
      expect((await list('/users')).some(({ name }) => name === 'mara')).toBe(false)
      await secret.fill(password)
      await dialog.getByLabel('Full name').fill('Mara Lind')
      await choose(page, dialog, 'Role on the instance', 'Reader')
      await dialog.getByText('pulls in every project').waitFor()
      await dialog.getByRole('button', { name: 'Create a user' }).click()
      await dialog.waitFor({ state: 'detached' })
      await page.getByText('mara was created.').waitFor()
      await page.getByRole('link', { name: 'mara', exact: true }).waitFor()
    })
    expect(await berth.manage('GET', '/users/mara')).toMatchObject({
      name: 'mara',
      displayName: 'Mara Lind',
      role: 'reader',
    })
  })

  test('a name that is taken is refused in words, and what was typed stays', async () => {
    await visit('/administration/users', async (page) => {
      await page.getByRole('button', { name: 'Create a user' }).click()
      const dialog = page.getByRole('dialog', { name: 'Create a user' })
      await page.keyboard.type('reader')
      await dialog.locator('input[type=password]').fill(password)
      await dialog.getByRole('button', { name: 'Create a user' }).click()
      await dialog.getByText(/reader.*(exists|taken|already)|already/i).waitFor()
      expect(await dialog.locator('input').first().inputValue()).toBe('reader')
    })
  })

  test('role, password, sessions, state and the whole user are changed', async () => {
    await berth.manage('POST', '/users', { name: 'otto', password })
    expect(await signInStatus('otto', password)).toBe(201)
    await visit('/administration/users/otto', async (page) => {
      await choose(page, page, 'Role on the instance', 'Auditor')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Saved.').waitFor()
      expect(await berth.manage('GET', '/users/otto')).toMatchObject({ role: 'auditor' })

      expect((await column(page, 'Sessions', 'Where')).length).toBe(1)
      await page.getByRole('button', { name: 'End all sessions' }).click()
      await page.getByText('Not signed in anywhere.').waitFor()
      expect(await list('/users/otto/sessions')).toEqual([])

      const other = 'granite otter lantern'
      await page.locator('input[type=password]').fill('short')
      await page.getByRole('button', { name: 'Set a new password' }).click()
      await eventually(() =>
        page.locator('input[type=password]').getAttribute('aria-invalid'),
      ).toBe('true')
      await page.locator('input[type=password]').fill(other)
      await page.getByRole('button', { name: 'Set a new password' }).click()
      await page.getByText('The password was set.').waitFor()
      expect(await page.locator('input[type=password]').inputValue()).toBe('')
      expect(await signInStatus('otto', password)).toBe(401)
      expect(await signInStatus('otto', other)).toBe(201)

      await page.getByRole('button', { name: 'Disable' }).click()
      const disable = page.getByRole('dialog', { name: 'Disable otto?' })
      await disable.waitFor()
      expect(await violationsIn(page, '[role=dialog]')).toEqual([])
      await disable.getByRole('button', { name: 'Disable' }).click()
      await page.getByText('otto was disabled.').waitFor()
      expect(await signInStatus('otto', other)).toBe(401)
      await page.getByRole('button', { name: 'Enable' }).click()
      await page.getByText('otto was enabled.').waitFor()
      expect(await signInStatus('otto', other)).toBe(201)

      await page.getByRole('button', { name: 'Delete' }).focus()
      await page.keyboard.press('Enter')
      const dialog = page.getByRole('dialog', { name: 'Delete otto?' })
      const confirm = dialog.getByRole('button', { name: 'Delete' })
      await dialog.waitFor()
      expect(await confirm.isDisabled()).toBe(true)
      await dialog.getByLabel('Type otto to confirm').fill('ott')
      expect(await confirm.isDisabled()).toBe(true)
      await page.keyboard.type('o')
      await page.keyboard.press('Enter')
      await page.waitForURL(/\/administration\/users$/)
      await settled(page)
      expect(await page.getByRole('link', { name: 'otto', exact: true }).count()).toBe(0)
    })
    expect((await list('/users')).some(({ name }) => name === 'otto')).toBe(false)
  })

  test('who is not there is said, and nothing is offered', async () => {
    await visit('/administration/users/nobody', async (page) => {
      await page.getByText('There is no such thing here').first().waitFor()
      expect(await page.getByRole('button', { name: 'Delete' }).count()).toBe(0)
    })
  })

  test('a key is revoked; who has no second factor is offered nothing to remove', async () => {
    const owner = { name: 'maintainer', password }
    const key = { name: 'laptop', actions: ['pull'] }
    const made = await askAs(berth, owner, 'POST', '/account/keys', key)
    expect(made.status, await made.text()).toBe(201)
    await visit('/administration/users/maintainer', async (page) => {
      await page.getByRole('button', { name: 'Revoke: laptop' }).click()
      const revoke = page.getByRole('dialog', { name: 'Revoke the key laptop?' })
      await revoke.getByRole('button', { name: 'Revoke' }).click()
      await page.getByText('No keys.').waitFor()
      expect(await list('/users/maintainer/keys')).toEqual([])
      await page.getByText('This user has none.').waitFor()
      expect(await page.getByRole('button', { name: 'Remove the second factor' }).count()).toBe(0)
    })
  })

  test('a second factor is removed only when that is confirmed', async () => {
    await berth.manage('POST', '/users', { name: 'nina', password })
    const own = async (path: string, body?: object) => {
      const nina = { name: 'nina', password }
      const answer = await askAs(berth, nina, 'POST', `/second-factor${path}`, body)
      const text = await answer.text()
      expect(answer.status, text).toBe(201)
      return JSON.parse(text) as { secret: string }
    }
    const { secret } = await own('')
    await own('/confirm', { code: codeOf(secret) })
    const isActive = async () =>
      (await berth.manage('GET', '/users/nina/second-factor'))['active'] === true
    await visit('/administration/users/nina', async (page) => {
      const remove = page.getByRole('button', { name: 'Remove the second factor' })
      await remove.click()
      const dialog = page.getByRole('dialog', { name: 'Remove the second factor?' })
      await dialog.getByRole('button', { name: 'Cancel' }).click()
      await dialog.waitFor({ state: 'detached' })
      expect(await isActive()).toBe(true)
      await remove.click()
      await dialog.getByRole('button', { name: 'Remove the second factor' }).click()
      await page.getByText('This user has none.').waitFor()
      expect(await isActive()).toBe(false)
    })
  })
})

test('a group is made, filled, emptied and deleted', async () => {
  await visit('/administration/groups', async (page) => {
    await page.getByRole('button', { name: 'Create a group' }).click()
    const dialog = page.getByRole('dialog', { name: 'Create a group' })
    await dialog.waitFor()
    expect(await violationsIn(page, '[role=dialog]')).toEqual([])
    await page.keyboard.type('Not Allowed')
    await page.keyboard.press('Enter')
    const name = dialog.locator('input').first()
    await eventually(() => name.getAttribute('aria-invalid')).toBe('true')
    await name.fill('night-shift')
    await page.keyboard.press('Enter')
    await page.getByText('night-shift was created.').waitFor()
    await page.getByRole('link', { name: 'night-shift', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'night-shift' }).waitFor()
    await page.getByText('Nobody is in it yet.').waitFor()

    const field = page.getByRole('combobox', { name: 'Name of the user' })
    await field.fill('nobody-here')
    await page.keyboard.press('Enter')
    await eventually(() => field.getAttribute('aria-invalid')).toBe('true')
    await field.fill('reader')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Add somebody' }).click()
    await page.getByText('reader is in the group.').waitFor()
    await eventually(() => column(page, 'Members', 'Name')).toEqual(['reader'])
    expect((await list('/groups/night-shift/members')).map((user) => user['name'])).toEqual([
      'reader',
    ])
    await page.getByRole('button', { name: 'Remove: reader' }).click()
    await page.getByText('Nobody is in it yet.').waitFor()

    await choose(page, page, 'Role on the instance', 'Reader')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.').waitFor()
    expect(await berth.manage('GET', '/groups/night-shift')).toMatchObject({ role: 'reader' })

    await page.getByRole('button', { name: 'Delete' }).click()
    const ask = page.getByRole('dialog', { name: 'Delete the group night-shift?' })
    await ask.getByLabel('Type night-shift to confirm').fill('night-shift')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/administration\/groups$/)
    expect((await list('/groups')).map((group) => group['name'])).toEqual(['platform'])
  })
})
