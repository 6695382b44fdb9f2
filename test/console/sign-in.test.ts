import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { type Provider, startOidcProvider } from './provider.ts'
import { freePort } from '../tools/process.ts'
import { type Console, settled, startConsole, type Visit } from './harness.ts'
import { password } from './seed.ts'
import { codeOf } from './totp.ts'

let provider: Provider
let berth: Console

beforeAll(async () => {
  const port = await freePort()
  const callback = `http://127.0.0.1:${port}/api/v1/auth/oidc/corp/callback`
  provider = await startOidcProvider({
    users: {
      'id-1': { preferred_username: 'alice', groups: ['staff'] },
      'id-2': { preferred_username: 'mallory', groups: ['guests'] },
    },
    clients: [{ id: 'berth', redirectUris: [callback] }],
  })
  berth = await startConsole({
    isEmpty: true,
    port,
    config: {
      access: {
        oidc: [
          {
            id: 'corp',
            name: 'Corporation',
            issuer: provider.issuer,
            clientId: 'berth',
            scopes: ['profile', 'groups'],
            requiredGroups: ['staff'],
          },
        ],
      },
      outbound: { allowedNetworks: ['127.0.0.1'], caFile: provider.caFile },
    },
  })
})
afterAll(async () => {
  await berth?.stop()
  await provider?.stop()
})

const addUser = (name: string) => berth.manage('POST', '/users', { name, password })

/** Opens the page, runs, and closes whatever happens. */
async function at(path: string, run: (visit: Visit) => Promise<void>): Promise<void> {
  const visit = await berth.open(undefined, path)
  try {
    await run(visit)
    expect(visit.troubles).toEqual([])
  } finally {
    await visit.close()
  }
}

async function type(page: Page, name: string, secret: string): Promise<void> {
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password', { exact: true }).fill(secret)
  await page.keyboard.press('Enter')
}

const nameOf = (page: Page) => page.getByRole('button', { name: 'Account of' }).textContent()

describe('with a password', () => {
  test('a wrong one is said and stays to be mended; the right one leads to where one wanted to go', async () => {
    await addUser('anna')
    await at('/sign-in?returnTo=%2Frepositories%3Fcontains%3Dweb', async ({ page }) => {
      expect(await page.evaluate(() => document.activeElement?.getAttribute('autocomplete'))).toBe(
        'username',
      )
      await page.keyboard.type('anna')
      await page.keyboard.press('Tab')
      await page.keyboard.type('not the password')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').getByText('Name or password is wrong').waitFor()
      expect(await page.getByLabel('Name').inputValue()).toBe('anna')
      await page.getByLabel('Password', { exact: true }).fill(password)
      await page.keyboard.press('Enter')
      await page.waitForURL('**/repositories?contains=web')
      expect(await nameOf(page)).toContain('anna')
    })
  })

  test.each([
    '//evil.example/x',
    'https://evil.example',
    '/%2F/evil.example',
    'javascript:alert(1)',
  ])('never leads to %s', async (returnTo) => {
    await at(`/sign-in?returnTo=${encodeURIComponent(returnTo)}`, async ({ page }) => {
      await type(page, berth.berth.username, berth.berth.password)
      await page.getByRole('heading', { name: 'Home' }).waitFor()
      expect(new URL(page.url()).origin).toBe(berth.berth.origin)
      expect(new URL(page.url()).pathname).toBe('/')
    })
  })

  test('a missing one is said of its field, too; what is typed can be looked at by keyboard', async () => {
    await at('/sign-in', async ({ page }) => {
      await type(page, 'nobody', '')
      const field = page.getByLabel('Password', { exact: true })
      await page.getByText('Type your password').waitFor()
      expect(await field.getAttribute('aria-invalid')).toBe('true')
      const described = await field.getAttribute('aria-describedby')
      expect(await page.locator(`[id="${described}"]`).innerText()).toBe('Type your password.')
      await field.fill('a secret')
      expect(await field.getAttribute('aria-invalid')).toBe('false')
      await field.press('Tab')
      await page.keyboard.press('Enter')
      expect(await field.getAttribute('type')).toBe('text')
      await page.getByRole('button', { name: 'Hide what is typed' }).press('Space')
      expect(await field.getAttribute('type')).toBe('password')
      await page.getByRole('button', { name: 'Show what is typed' }).waitFor()
    })
  })

  test('too many wrong tries are told with the seconds to wait', async () => {
    await addUser('bruno')
    await at('/sign-in', async ({ page }) => {
      for (let round = 0; round < 6; round += 1) {
        const answer = page.waitForResponse('**/api/v1/session')
        await type(page, 'bruno', `wrong ${round}`)
        if ((await answer).status() === 429) break
      }
      await page
        .getByRole('alert')
        .getByText(/Try again in \d+ second/)
        .waitFor()
      const button = page.getByRole('button', { name: 'Sign in' })
      expect(await button.isDisabled()).toBe(true)
      await expect.poll(() => button.isEnabled(), { timeout: 15_000 }).toBe(true)
    })
  })

  test('a server that is away is said, and nothing typed is lost', async () => {
    await at('/sign-in', async ({ page }) => {
      await page.route('**/api/v1/session', (route) => route.abort())
      await type(page, 'carla', 'some password')
      await page.getByRole('alert').getByText('The server or the way to it is down').waitFor()
      expect(await page.getByLabel('Password', { exact: true }).inputValue()).toBe('some password')
    })
  })
})

describe('with a second factor', () => {
  test('it is set up in the profile, asked for, and a recovery code stands in for it', async () => {
    await addUser('dora')
    let secret = ''
    let recoveryCode = ''
    await at('/sign-in?returnTo=%2Fprofile%2Fsecond-factor', async ({ page }) => {
      await type(page, 'dora', password)
      await page.getByRole('button', { name: 'Set it up' }).click()
      const dialog = page.getByRole('dialog')
      const link = await dialog
        .getByRole('link', { name: /authenticator app/ })
        .getAttribute('href')
      secret = new URL(link ?? '').searchParams.get('secret') ?? ''
      expect(await dialog.getByText(secret.slice(0, 4), { exact: false }).count()).toBeGreaterThan(
        0,
      )
      await dialog.getByLabel('Code').fill('000000')
      await dialog.getByRole('button', { name: 'Switch it on' }).click()
      await dialog.getByText(/code/i).nth(1).waitFor()
      await dialog.getByLabel('Code').fill(codeOf(secret))
      await dialog.getByRole('button', { name: 'Switch it on' }).click()
      const codes = page.getByRole('dialog', { name: 'Your recovery codes' })
      await codes.waitFor()
      // No stray key or click takes away what is shown once.
      await page.keyboard.press('Escape')
      await page.mouse.click(5, 5)
      const lines = await codes.locator('pre').first().innerText()
      recoveryCode = lines.split('\n')[0] ?? ''
      const saved = page.waitForEvent('download')
      await codes.getByRole('button', { name: 'Download' }).click()
      expect((await saved).suggestedFilename()).toBe('berth-recovery-codes.txt')
      await codes.getByRole('button', { name: 'I have kept it' }).click()
      await page.getByText('It is on').waitFor()
    })
    await at('/sign-in', async ({ page }) => {
      await type(page, 'dora', password)
      const field = page.getByLabel('Code', { exact: true })
      await field.fill('000000')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').getByText('This code is wrong').waitFor()
      // That of the step in which it was switched on is used up.
      await field.fill(codeOf(secret, 1))
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Home' }).waitFor()
    })
    await at('/sign-in', async ({ page }) => {
      await type(page, 'dora', password)
      await page.getByRole('button', { name: 'Use a recovery code' }).click()
      await page.getByLabel('Recovery code').fill(recoveryCode)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Home' }).waitFor()
      expect(await nameOf(page)).toContain('dora')
    })
  })
})

describe('with single sign-on', () => {
  /** A browser that trusts the certificate of the provider. */
  async function trusting(run: (page: Page) => Promise<void>): Promise<void> {
    const context = await berth.browser.newContext({
      baseURL: berth.berth.origin,
      ignoreHTTPSErrors: true,
    })
    try {
      await run(await context.newPage())
    } finally {
      await context.close()
    }
  }

  async function signInThere(page: Page, id: string): Promise<void> {
    await page.locator('input[name=login]').fill(id)
    await page.locator('input[name=password]').fill('any')
    await page.keyboard.press('Enter')
    await page.locator('input[name=prompt][value=consent]').waitFor({ state: 'attached' })
    await page.locator('button[type=submit]').click()
  }

  test('leads to the provider and back to the page that was wanted', async () => {
    await trusting(async (page) => {
      await page.goto('/sign-in?returnTo=%2Fprofile%2Fsessions')
      await page.getByRole('link', { name: 'Continue with Corporation' }).click()
      await signInThere(page, 'id-1')
      await page.waitForURL('**/profile/sessions')
      await page.getByText('single sign-on (corp)').first().waitFor()
      expect(await nameOf(page)).toContain('alice')
    })
  })

  test('who may not sign in comes back to the sign-in page, which says why', async () => {
    await trusting(async (page) => {
      await page.goto('/sign-in')
      await page.getByRole('link', { name: 'Continue with Corporation' }).click()
      await signInThere(page, 'id-2')
      await page.waitForURL('**/sign-in?**')
      const alert = page.getByRole('alert')
      await alert.getByText('Signing in with Corporation failed').waitFor()
      await alert.getByText(/you may not sign in here/).waitFor()
      await page.getByLabel('Name').waitFor()
    })
  })

  test('a sign-in that another browser began is refused in words', async () => {
    await trusting(async (page) => {
      await page.goto('/api/v1/auth/oidc/corp/callback?state=of-another&code=x')
      await page.getByText(/begun in another browser/).waitFor()
    })
  })
})

describe('a device', () => {
  const ask = async () => {
    const answer = await fetch(`${berth.berth.origin}/api/v1/auth/device`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ clientName: 'berth on build-7 <b>' }),
    })
    return (await answer.json()) as { userCode: string; deviceCode: string }
  }
  const redeem = async (deviceCode: string) => {
    const answer = await fetch(`${berth.berth.origin}/api/v1/auth/device/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ deviceCode }),
    })
    return { status: answer.status, text: await answer.text() }
  }

  test('asks for signing in first, shows who asks, and is signed in', async () => {
    const { userCode, deviceCode } = await ask()
    await at(`/device?code=${userCode}`, async ({ page }) => {
      await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click()
      await type(page, berth.berth.username, berth.berth.password)
      await page.getByText('berth on build-7 <b>').waitFor()
      await page.getByText('127.0.0.1').first().waitFor()
      await page.getByRole('button', { name: 'Sign it in' }).click()
      await page.getByRole('heading', { name: 'The device is signed in' }).waitFor()
    })
    const { status, text } = await redeem(deviceCode)
    expect(status).toBe(200)
    expect(JSON.parse(text)).toMatchObject({ userName: 'admin' })
  })

  test('a typed code is looked up, a wrong one told, and a request denied', async () => {
    const { userCode, deviceCode } = await ask()
    const { page, close } = await berth.open('admin', '/device')
    try {
      const field = page.getByLabel('Code that the device shows')
      await field.fill('aaaa-bbbb')
      await page.keyboard.press('Enter')
      await page.getByText('No device waits with this code').waitFor()
      await field.fill(userCode.toLowerCase())
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Deny' }).click()
      await page.getByRole('heading', { name: 'Denied' }).waitFor()
      expect((await redeem(deviceCode)).text).toContain('access_denied')
    } finally {
      await close()
    }
  })
})

test('a new Berth is taken over with the link that its start prints', async () => {
  const fresh = await startConsole({ isEmpty: true, isNew: true })
  try {
    const code = /\/setup#code=([\w-]+)/.exec(fresh.berth.logs())?.[1] ?? ''
    expect(code).not.toBe('')
    const { page, troubles, close } = await fresh.open(undefined, '/sign-in')
    await page.getByText('This Berth is new').waitFor()
    await page.goto(`${fresh.berth.origin}/setup#code=${code}`)
    await settled(page)
    await page.getByLabel('Name of the administrator').fill('harbourmaster')
    await page.getByLabel('Password', { exact: true }).fill('short')
    await page.getByText('7 characters are missing').waitFor()
    await page.getByLabel('The same password again').fill('shorter')
    await page.getByRole('button', { name: 'Set up and sign in' }).click()
    await page.getByText('Choose at least 12 characters').waitFor()
    await page.getByText('The two passwords differ').waitFor()
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByLabel('The same password again').fill(password)
    await page.getByRole('button', { name: 'Set up and sign in' }).click()
    await page.getByRole('heading', { name: 'Nothing is in here yet' }).waitFor()
    expect(await nameOf(page)).toContain('harbourmaster')
    await page.getByText(`docker login ${fresh.berth.host} --username harbourmaster`).waitFor()
    expect(troubles).toEqual([])
    await page.goto(`${fresh.berth.origin}/setup#code=${code}`)
    await page.getByRole('heading', { name: 'This Berth is set up already' }).waitFor()
    await close()
  } finally {
    await fresh.stop()
  }
})
