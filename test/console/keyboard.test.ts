import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Console, settled, startConsole, type Visit } from './harness.ts'
import { hasFocus, Keys } from './keys.ts'
import { eventually, listOf } from './look.ts'
import { manage, password } from './seed.ts'
import { codeOf } from './totp.ts'

let berth: Console
beforeAll(async () => {
  berth = await startConsole({ isEmpty: true })
  await berth.push('acme/api', '1.0.0')
  await manage(berth.berth, 'POST', '/users', { name: 'mia', password })
})
afterAll(() => berth?.stop())

type Walk = (keys: Keys, page: Page, visit: Visit) => Promise<void>

/** Opens a page as the administrator, or as nobody, for somebody who has no mouse. */
async function walk(path: string, run: Walk, look = { width: 1440 }, role?: 'nobody') {
  const visit = await berth.open(role ? undefined : 'admin', path, look)
  const keys = new Keys(visit.page)
  try {
    await run(keys, visit.page, visit)
    expect([...keys.unseen]).toEqual([])
    expect(visit.troubles).toEqual([])
  } finally {
    await visit.close()
  }
}

const dialogOf = (page: Page, name: string) => page.getByRole('dialog', { name })

/** Closes a dialog by Escape: the focus goes back to what opened it. */
async function escapes(keys: Keys, page: Page, dialog: string, opener: string): Promise<void> {
  await dialogOf(page, dialog).waitFor()
  await keys.press('Escape')
  await dialogOf(page, dialog).waitFor({ state: 'detached' })
  await eventually(() => hasFocus(page.getByRole('button', { name: opener }))).toBe(true)
}

test('signs in, switches a second factor on, signs out, and signs in with a code', async () => {
  const signIn = async (page: Page) => {
    await eventually(() => hasFocus(page.getByLabel('Name'))).toBe(true)
    await page.keyboard.type('mia')
    await page.keyboard.press('Tab')
    await page.keyboard.type(password)
    await page.keyboard.press('Enter')
  }
  const run: Walk = async (keys, page) => {
    await signIn(page)
    await page.getByRole('heading', { name: 'Your profile', level: 1 }).waitFor()
    await keys.use('button', 'Set it up')
    const dialog = page.getByRole('dialog')
    const link = dialog.getByRole('link', { name: /authenticator app/ })
    const secret = new URL((await link.getAttribute('href')) ?? '').searchParams.get('secret') ?? ''
    await keys.fill('Code', codeOf(secret))
    await keys.use('button', 'Switch it on')
    await keys.use('button', 'I have kept it')
    await page.getByText('It is on').waitFor()
    await keys.reach('button', 'Account of mia', 'Shift+Tab')
    await keys.press('Enter')
    await keys.choose('Sign out')
    await signIn(page)
    await eventually(() => hasFocus(page.getByLabel('Code', { exact: true }))).toBe(true)
    // That of the step in which it was switched on is used up.
    await page.keyboard.type(codeOf(secret, 1))
    await keys.press('Enter')
    await page.getByRole('heading', { name: 'Home', level: 1 }).waitFor()
  }
  await walk('/sign-in?returnTo=%2Fprofile%2Fsecond-factor', run, undefined, 'nobody')
})

test('finds an image from anywhere, and copies the line that pulls it', async () => {
  await walk('/projects', async (keys, page, { context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await keys.press('/')
    await page.keyboard.type('api')
    await page.getByRole('option', { name: 'acme/api' }).first().waitFor()
    await keys.press('ArrowDown', 'Enter')
    await page.getByRole('heading', { name: 'acme/api', level: 1 }).waitFor()
    await settled(page)
    await keys.use('button', 'How to pull')
    await keys.use('button', /^Copy: .*Docker/)
    const copied = () => page.evaluate(() => navigator.clipboard.readText())
    await eventually(copied).toBe(`docker pull ${berth.berth.host}/acme/api:1.0.0`)
    await escapes(keys, page, 'How to pull acme/api', 'How to pull')
  })
})

test('makes a project, adds a member, makes a robot, takes its secret, and deletes it', async () => {
  await walk('/projects', async (keys, page) => {
    await keys.skipToContent()
    await keys.use('button', 'Create a project')
    await escapes(keys, page, 'Create a project', 'Create a project')
    await keys.press('Enter')
    await dialogOf(page, 'Create a project').waitFor()
    await keys.fill('Name', 'harbour')
    await keys.press('Enter')
    await page.getByRole('heading', { name: 'harbour', level: 1 }).waitFor()

    await keys.use('link', 'Members')
    await keys.reach('combobox', 'Role')
    await keys.press('ArrowUp')
    await keys.reach('combobox', 'Name of the user or group', 'Shift+Tab')
    await keys.replace('mia')
    await keys.press('Escape')
    await keys.use('button', 'Add')
    await page.getByLabel('Role of mia').waitFor()

    await keys.reach('link', 'Robots', 'Shift+Tab')
    await keys.press('Enter')
    await keys.use('button', 'Create a robot')
    await dialogOf(page, 'Create a robot').waitFor()
    await keys.fill('Name', 'deploy')
    await keys.press('Enter')
    await dialogOf(page, 'The secret of harbour+deploy').waitFor()
    await keys.use('button', /^Copy: Secret/)
    await keys.use('button', 'I have kept it')
    // What opened the dialog stood in the place of no robots.
    const heading = page.getByRole('heading', { name: 'harbour', level: 1 })
    await eventually(() => hasFocus(heading)).toBe(true)

    await keys.use('button', 'What to do with harbour+deploy')
    await keys.choose('Delete')
    await dialogOf(page, 'Delete harbour+deploy?').waitFor()
    await keys.fill(/^Type harbour\+deploy/, 'harbour+deploy')
    await keys.press('Enter')
    await page.getByRole('heading', { name: 'No robots yet' }).waitFor()
    // What opened the dialog is gone with the robot.
    await eventually(() => hasFocus(heading)).toBe(true)
  })
  const members = await listOf(berth, '/projects/harbour/members')
  expect(members).toMatchObject([{ name: 'mia' }])
  expect(await listOf(berth, '/projects/harbour/robots')).toEqual([])
})

test('adds a rule to a policy, and saves it after a look at what changes', async () => {
  await walk('/security/policy?project=acme', async (keys, page) => {
    await keys.skipToContent()
    await keys.use('button', 'Add a rule')
    await page.getByRole('listitem').first().waitFor()
    await keys.replace('first-rule')
    await keys.reach('button', 'Review and save', 'Shift+Tab')
    await keys.press('Enter')
    await page.getByRole('dialog').getByText('name: first-rule').waitFor()
    await keys.use('button', 'Save')
    await page.getByText('Changed by admin').waitFor()
  })
  const { rules } = await berth.manage('GET', '/projects/acme/policy')
  expect(rules).toMatchObject([{ name: 'first-rule' }])
})

test('makes an exception with a day on which it ends', async () => {
  await walk('/security/exceptions?project=acme', async (keys, page) => {
    await keys.skipToContent()
    await keys.use('button', 'New exception')
    await escapes(keys, page, 'New exception for acme', 'New exception')
    await keys.press('Enter')
    await keys.fill('Vulnerability', 'CVE-2022-37434')
    await keys.fill('Reason', 'It is replaced next week.')
    await keys.use('button', '7 days')
    await keys.use('button', 'New exception')
    await page.getByRole('row', { name: /It is replaced next week/ }).waitFor()
  })
})

test('deletes a tag after its name is typed', async () => {
  await berth.push('acme/old', '0.1')
  await walk('/repositories/acme%2Fold', async (keys, page) => {
    await keys.skipToContent()
    await keys.use('button', 'Delete the tag 0.1')
    await escapes(keys, page, 'Delete the tag 0.1?', 'Delete the tag 0.1')
    await keys.press('Enter')
    await keys.fill(/^Type 0\.1/, '0.1')
    await keys.press('Enter')
    await page.getByText('The tag 0.1 is deleted.').waitFor()
  })
  expect(await listOf(berth, '/repositories/acme%2Fold/tags')).toEqual([])
})

test('makes an API key', async () => {
  await walk('/profile/keys', async (keys, page) => {
    await keys.skipToContent()
    await keys.use('button', 'Create a key')
    await dialogOf(page, 'Create an API key').waitFor()
    await keys.fill('Name', 'laptop')
    await keys.reach('combobox', 'What it may do')
    await page.keyboard.type('Pull')
    await keys.fill('Repositories', 'acme/**')
    await keys.use('button', 'Create a key')
    await dialogOf(page, 'The key laptop was created').waitFor()
    await keys.use('button', 'I have kept it')
    await page.getByRole('cell', { name: 'acme/**' }).waitFor()
  })
})

test('opens the menu of a phone, goes to a page, and lands at its heading', async () => {
  const run: Walk = async (keys, page) => {
    const menu = page.getByRole('navigation', { name: 'Main' })
    await keys.use('button', 'Open the menu')
    await menu.getByRole('link', { name: 'Projects' }).waitFor()
    await keys.use('link', 'Projects')
    const heading = page.getByRole('heading', { name: 'Projects', level: 1 })
    await eventually(() => hasFocus(heading)).toBe(true)
    await menu.waitFor({ state: 'hidden' })
    await keys.reach('button', 'Open the menu', 'Shift+Tab')
    await keys.press('Enter')
    await keys.use('link', 'Home', 'Escape')
    await menu.waitFor({ state: 'hidden' })
    await eventually(() => hasFocus(page.getByRole('button', { name: 'Open the menu' }))).toBe(true)
  }
  await walk('/repositories', run, { width: 390 })
})
