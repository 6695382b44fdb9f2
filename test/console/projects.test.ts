import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Console, settled, startConsole } from './harness.ts'

let berth: Console
beforeAll(async () => {
  berth = await startConsole()
})
afterAll(() => berth?.stop())

test('a role sees the parts that it may read, and the server refuses the others', async () => {
  const { page, close } = await berth.open('reader', '/projects/acme')
  const tabs = page.getByRole('navigation', { name: 'Parts of the project' })
  expect(await tabs.getByRole('link').allTextContents()).toEqual([
    'Repositories',
    'Policy',
    'Security',
    'Storage',
    'Immutable tags',
    'Trust',
  ])
  await page.goto(`${berth.berth.origin}/projects/acme/members`)
  await settled(page)
  expect(await page.getByText('You may not see this').first().isVisible()).toBe(true)
  await page.goto(`${berth.berth.origin}/projects/acme/immutability`)
  await settled(page)
  expect(await page.getByRole('button', { name: 'Add a rule' }).count()).toBe(0)
  await close()
})

test('an owner makes a robot by keyboard, sees its secret once, and deletes it by its name', async () => {
  const { page, close } = await berth.open('owner', '/projects/acme/robots')
  await page.getByRole('button', { name: 'Create a robot' }).press('Enter')
  const form = page.getByRole('dialog', { name: 'Create a robot' })
  await form.getByLabel('Name').fill('build')
  await form.getByRole('button', { name: 'Create a robot' }).press('Enter')
  const secret = page.getByRole('dialog', { name: 'The secret of acme+build' })
  await secret.waitFor()
  await page.keyboard.press('Escape')
  expect(await secret.isVisible()).toBe(true)
  expect(await secret.getByText('docker login').first().isVisible()).toBe(true)
  await secret.getByRole('button', { name: 'I have kept it' }).click()
  const { items } = await berth.manage('GET', '/projects/acme/robots')
  const made = (items as { login: string }[]).find(({ login }) => login === 'acme+build')
  expect(made).toMatchObject({ actions: ['pull'], repositories: ['acme/**'] })
  await page.getByRole('button', { name: 'What to do with acme+build' }).click()
  await page.getByRole('menuitem', { name: 'Disable' }).click()
  await page.getByRole('cell', { name: 'Disabled' }).waitFor()
  await page.getByRole('button', { name: 'What to do with acme+build' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  const confirm = page.getByRole('dialog', { name: 'Delete acme+build?' })
  const remove = confirm.getByRole('button', { name: 'Delete' })
  expect(await remove.isDisabled()).toBe(true)
  await confirm.getByRole('textbox').fill('acme+build')
  await remove.click()
  await page.getByRole('cell', { name: 'acme+build', exact: true }).waitFor({ state: 'detached' })
  await close()
})

test('rules about tags are put in order by buttons, and tested while one types', async () => {
  const { page, close } = await berth.open('owner', '/projects/acme/immutability')
  for (const [effect, tags] of [
    ['immutable', 'stable*'],
    ['mutable', 'stable-1'],
  ] as const) {
    await page.getByRole('button', { name: 'Add a rule' }).click()
    const form = page.getByRole('dialog', { name: 'Add a rule' })
    await form.getByLabel('Effect').selectOption(effect)
    await form.getByLabel('Tags').fill(tags)
    await form.getByRole('button', { name: 'Add a rule' }).click()
    await form.waitFor({ state: 'hidden' })
  }
  await page.getByLabel('Repository', { exact: true }).fill('acme/api')
  await page.getByLabel('Tag', { exact: true }).fill('stable-1')
  await page.getByText('stable-1 is immutable').waitFor()
  await page
    .getByRole('button', { name: /^Move rule \d+ up$/ })
    .last()
    .press('Enter')
  await page.getByText('stable-1 can be moved and deleted').waitFor()
  const { items } = await berth.manage('GET', '/projects/acme/immutability-rules')
  expect((items as { tags: string }[]).map(({ tags }) => tags)).toEqual([
    '2.*',
    'stable-1',
    'stable*',
  ])
  await close()
})

test('a member is added, gets another role, is removed, and comes back by undo', async () => {
  const { page, close } = await berth.open('owner', '/projects/acme/members')
  const add = page.getByRole('form', { name: 'Add somebody' })
  await add.getByLabel('Name of the user or group').fill('nobody-at-all')
  await add.getByRole('button', { name: 'Add' }).click()
  await add.getByText('There is no user').waitFor()
  await add.getByLabel('Name of the user or group').fill('stranger')
  await add.getByRole('button', { name: 'Add' }).click()
  const role = page.getByLabel('Role of stranger')
  await role.selectOption('reader')
  await expect.poll(() => roleOf('stranger')).toBe('reader')
  await page.getByRole('button', { name: 'Remove stranger' }).click()
  await expect.poll(() => roleOf('stranger')).toBeUndefined()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect.poll(() => roleOf('stranger')).toBe('reader')
  await close()
})

test('a project is made, and one that is not empty is not deleted', async () => {
  const { page, close } = await berth.open('owner', '/projects/acme')
  await page.getByRole('button', { name: 'Create a project below' }).click()
  const form = page.getByRole('dialog', { name: 'Create a project below' })
  await form.getByLabel('Name').fill('acme/new')
  await form.getByRole('button', { name: 'Create a project' }).click()
  await page.getByRole('heading', { level: 1, name: 'acme/new' }).waitFor()
  await page.goto(`${berth.berth.origin}/projects/acme/settings`)
  await settled(page)
  await page.getByRole('button', { name: 'Delete the project' }).click()
  const confirm = page.getByRole('dialog', { name: 'Delete the project acme?' })
  await confirm.getByRole('textbox').fill('acme')
  await confirm.getByRole('button', { name: 'Delete' }).click()
  await confirm.getByRole('alert').waitFor()
  expect(await berth.manage('GET', '/projects/acme')).toMatchObject({ name: 'acme' })
  await close()
})

async function roleOf(name: string): Promise<string | undefined> {
  const { items } = await berth.manage('GET', '/projects/acme/members?limit=200')
  return (items as { name: string; role: string }[]).find((member) => member.name === name)?.role
}
