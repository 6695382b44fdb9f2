import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Console, startConsole } from './harness.ts'
import { type Items, column, violationsIn, visitAs } from './look.ts'

let berth: Console
let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'berth-security-'))
  berth = await startConsole()
})
afterAll(async () => {
  await berth?.stop()
  await rm(scratch, { recursive: true, force: true })
})

describe('a vulnerability', () => {
  test('shows what it is and where, and can be judged by keyboard', async () => {
    const path = '/vulnerabilities/CVE-2023-46218/images?project=acme'
    const { items } = (await berth.manage('GET', path)) as Items
    const address = '/security/vulnerabilities/CVE-2023-46218?project=acme'
    await visitAs(berth, 'owner', address, async (page) => {
      await page.getByText('Cookies of one domain are sent to another by mixed case.').waitFor()
      expect(await column(page, 'Images that have it', 'Fix')).toEqual(
        items.map(({ fixedVersion }) => fixedVersion),
      )
      await page.getByRole('button', { name: 'Judge it' }).focus()
      await page.keyboard.press('Enter')
      const dialog = page.getByRole('dialog', { name: 'New statement for acme' })
      await dialog.waitFor()
      expect(await violationsIn(page, '[role=dialog]')).toEqual([])
      const vulnerability = dialog.getByLabel('Vulnerability')
      expect(await vulnerability.inputValue()).toBe('CVE-2023-46218')
      // Not affected takes a reason.
      await dialog.getByRole('button', { name: 'New statement' }).click()
      await dialog.getByText(/must have a justification/).waitFor()
      await dialog.getByLabel('In words').fill('curl is never run.')
      await page.keyboard.press('Tab')
      await dialog.getByRole('button', { name: 'New statement' }).click()
      await dialog.waitFor({ state: 'detached' })
      await page.getByRole('table', { name: 'VEX statements' }).waitFor()
      expect(await column(page, 'VEX statements', 'Said')).toEqual(['curl is never run.'])
    })
    const said = (await berth.manage(
      'GET',
      '/projects/acme/vex-statements?vulnerability=CVE-2023-46218',
    )) as Items
    expect(said.items.map(({ statement }) => statement)).toEqual(['curl is never run.'])
  })

  test('is not offered to be judged to a reader, and the server refuses it', async () => {
    const address = '/security/vulnerabilities/CVE-2022-37434?project=acme'
    await visitAs(berth, 'reader', address, async (page, { context }) => {
      await page.getByText('A heap overflow in inflate').waitFor()
      expect(await page.getByRole('button', { name: 'Judge it' }).count()).toBe(0)
      expect(await page.getByRole('button', { name: 'Except it' }).count()).toBe(0)
      const session = await context.request.get(`${berth.berth.origin}/api/v1/session`)
      const { session: own } = (await session.json()) as { session: { csrfToken: string } }
      const refused = await context.request.post(
        `${berth.berth.origin}/api/v1/projects/acme/vex-statements`,
        {
          headers: { 'x-berth-csrf': own.csrfToken },
          data: { vulnerability: 'CVE-2022-37434', status: 'affected' },
        },
      )
      expect(refused.status()).toBe(403)
    })
  })
})

test('a statement can be revoked, and a document taken over', async () => {
  const file = join(scratch, 'vex.json')
  await writeFile(
    file,
    JSON.stringify({
      '@context': 'https://openvex.dev/ns/v0.2.0',
      '@id': 'https://example.com/vex/1',
      author: 'security',
      timestamp: '2026-01-01T00:00:00Z',
      version: 1,
      statements: [
        {
          vulnerability: { name: 'CVE-2020-99001' },
          products: [{ '@id': 'pkg:deb/debian/perl-base' }],
          status: 'under_investigation',
        },
      ],
    }),
  )
  const broken = join(scratch, 'broken.json')
  await writeFile(broken, '{')
  await visitAs(berth, 'owner', '/security/statements?project=acme', async (page) => {
    await page.getByRole('button', { name: 'Upload a document' }).click()
    const dialog = page.getByRole('dialog', { name: 'Upload a document for acme' })
    await dialog.locator('input[type=file]').setInputFiles(broken)
    await dialog.getByRole('button', { name: 'Upload' }).last().click()
    await dialog.getByText('The file is not JSON').waitFor()
    await dialog.locator('input[type=file]').setInputFiles(file)
    await dialog.getByRole('button', { name: 'Upload' }).last().click()
    await dialog.getByText('1 statements were taken over.').waitFor()
    await dialog.getByRole('button', { name: 'Close' }).last().click()
    const row = page.getByRole('row', { name: /CVE-2020-99001/ })
    await row.getByText('OpenVEX document').waitFor()
    await row.getByRole('button', { name: 'Revoke' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await row.waitFor({ state: 'detached' })
  })
  const { items } = (await berth.manage(
    'GET',
    '/projects/acme/vex-statements?state=revoked&vulnerability=CVE-2020-99001',
  )) as Items
  expect(items).toMatchObject([{ source: 'openvex', revokedBy: 'owner' }])
})

test('an exception is created with its faults beside the fields, marked when it ends soon, and ended', async () => {
  await visitAs(berth, 'owner', '/security/exceptions?project=acme', async (page) => {
    await page.getByText('Ends soon').waitFor()
    await page.getByRole('button', { name: 'New exception' }).click()
    const dialog = page.getByRole('dialog', { name: 'New exception for acme' })
    const submit = dialog.getByRole('button', { name: 'New exception' })
    await dialog.getByLabel('Rule').fill('mended-in-time')
    await submit.click()
    expect(await dialog.getByLabel('Reason').getAttribute('aria-invalid')).toBe('true')
    expect(await violationsIn(page, '[role=dialog]')).toEqual([])
    await dialog.getByLabel('Reason').fill('It is replaced next month.')
    await dialog.getByRole('button', { name: '7 days' }).click()
    await submit.click()
    await dialog.waitFor({ state: 'detached' })
    const row = page.getByRole('row', { name: /It is replaced next month/ })
    await row.getByRole('button', { name: 'End now' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'End now' }).click()
    await row.waitFor({ state: 'detached' })
    await page.getByText('All', { exact: true }).click()
    await page.waitForURL(/state=all/)
    await row.getByText('Ended by owner').waitFor()
  })
})

test('the exceptions of every project stand in one list, with the project, and are ended there', async () => {
  await berth.manage('POST', '/projects/library/policy-exceptions', {
    vulnerability: 'CVE-2023-0286',
    reason: 'The base image is replaced in spring.',
    endsAt: new Date(Date.now() + 90 * 86_400_000).toISOString(),
  })
  await visitAs(berth, 'auditor', '/security/exceptions', async (page) => {
    expect(await column(page, 'Exceptions', 'Project')).toEqual(['library', 'acme'])
    expect(await page.getByRole('button', { name: 'End now' }).count()).toBe(0)
  })
  await visitAs(berth, 'auditor', '/security/vulnerabilities/CVE-2023-0286', async (page) => {
    expect(await column(page, 'Exceptions', 'Project')).toEqual(['library'])
  })
  await visitAs(berth, 'admin', '/security/exceptions', async (page) => {
    const row = page.getByRole('row', { name: /replaced in spring/ })
    await row.getByRole('button', { name: 'End now' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'End now' }).click()
    await row.waitFor({ state: 'detached' })
  })
  const { items } = (await berth.manage(
    'GET',
    '/projects/library/policy-exceptions?state=all',
  )) as Items
  expect(items).toMatchObject([{ endedBy: 'admin' }])
})
