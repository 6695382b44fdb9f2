import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Console, settled, startConsole, type Visit } from './harness.ts'
import type { Role } from './seed.ts'

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

/** Opens a page, and closes it whatever happens; nothing may go wrong in it beside what the test expects. */
async function visit(
  role: Role,
  path: string,
  use: (page: Page, visit: Visit) => Promise<void>,
): Promise<void> {
  const opened = await berth.open(role, path)
  try {
    await use(opened.page, opened)
    expect(opened.troubles).toEqual([])
  } finally {
    await opened.close()
  }
}

/** Of the page, or of the dialog that is open above it. */
async function violationsIn(page: Page, part = 'main'): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .include(part)
    // The head of a dialog is a `header`, which is no banner inside of it.
    .disableRules(['landmark-no-duplicate-banner'])
    .analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** The texts of a column of a table. */
async function column(page: Page, table: string, title: string): Promise<string[]> {
  await page.getByRole('table', { name: table }).waitFor()
  await settled(page)
  const cells = page.getByRole('table', { name: table }).locator(`td[data-label="${title}"]`)
  return (await cells.allInnerTexts()).map((text) => text.trim())
}

type Items = { items: Record<string, unknown>[] }

describe('the overview', () => {
  test('shows what the API counts, and its numbers lead to the findings', async () => {
    const overview = await berth.manage('GET', '/system/findings/overview')
    const counts = overview['counts'] as Record<string, number>
    await visit('auditor', '/security', async (page) => {
      for (const [name, severity] of [
        ['Critical', 'critical'],
        ['High', 'high'],
        ['Medium', 'medium'],
      ] as const) {
        await page.getByRole('link', { name: `${name}: ${counts[severity]}` }).waitFor()
      }
      await page.getByRole('link', { name: `Critical: ${counts['critical']}` }).click()
      await page.waitForURL(/\/security\/findings\?severity=critical$/)
      await settled(page)
      const shown = await column(page, 'Findings', 'Severity')
      expect(shown).toEqual(Array.from({ length: counts['critical'] ?? 0 }, () => 'Critical'))
      await page.goBack()
      await page.waitForURL(/\/security$/)
    })
  })

  test('tells the trend as a table too, and what mends most', async () => {
    const { upgrades } = (await berth.manage('GET', '/system/findings/overview')) as {
      upgrades: { package: string }[]
    }
    await visit('admin', '/security?trend=table', async (page) => {
      expect(await column(page, 'Upgrades that mend most', 'Package')).toEqual(
        upgrades.map(({ package: name }) => name),
      )
      const { days } = (await berth.manage('GET', '/system/findings/trend')) as {
        days: { day: string }[]
      }
      expect(await column(page, 'Trend', 'Day')).toEqual(days.map(({ day }) => day).toReversed())
    })
  })

  test('is of a project for those who may not see the instance', async () => {
    await visit('reader', '/security', async (page) => {
      const picker = page.getByRole('combobox', { name: 'Look at' })
      expect(await picker.inputValue()).toBe('acme')
      await picker.click()
      expect(await page.getByRole('option', { name: 'Whole instance' }).count()).toBe(0)
      await page.getByRole('option', { name: 'library' }).click()
      await page.waitForURL(/project=library/)
    })
    await visit('stranger', '/security?project=acme', async (page) => {
      await page.getByText('There is no such thing here').first().waitFor()
    })
  })
})

describe('findings', () => {
  test('are those of the API, filtered and sorted by the address', async () => {
    const filter = 'severity=critical&severity=high&fixable=true&repository=acme%2Fapi'
    const { items } = (await berth.manage('GET', `/system/findings?${filter}`)) as Items
    const address = '/security/findings?severity=critical,high&fixable=true&repository=acme/api'
    await visit('auditor', address, async (page) => {
      expect(await column(page, 'Findings', 'Vulnerability')).toEqual(
        items.map(({ vulnerability }) => vulnerability),
      )
      const sorted = (await berth.manage('GET', `/system/findings?${filter}&sort=due`)) as Items
      await page.getByRole('button', { name: 'Due' }).click()
      await page.waitForURL(/sort=due/)
      await settled(page)
      expect(await column(page, 'Findings', 'Vulnerability')).toEqual(
        sorted.items.map(({ vulnerability }) => vulnerability),
      )
    })
  })

  test('that no filter fits say so, and the filters can be cleared', async () => {
    await visit('owner', '/security/findings?vulnerability=CVE-1999-0001', async (page) => {
      await page.getByText('Nothing fits these filters').waitFor()
      await page.getByRole('button', { name: 'Clear the filters' }).last().click()
      await page.getByRole('link', { name: 'CVE-2022-37434' }).first().waitFor()
      expect(page.url()).not.toContain('vulnerability')
    })
  })
})

describe('a vulnerability', () => {
  test('shows what it is and where, and can be judged by keyboard', async () => {
    const path = '/vulnerabilities/CVE-2023-46218/images?project=acme'
    const { items } = (await berth.manage('GET', path)) as Items
    const address = '/security/vulnerabilities/CVE-2023-46218?project=acme'
    await visit('owner', address, async (page) => {
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
    await visit('reader', address, async (page, { context }) => {
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
  await visit('owner', '/security/statements?project=acme', async (page) => {
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
  await visit('owner', '/security/exceptions?project=acme', async (page) => {
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

test('packages are found as the API finds them, and a fault of the search is told with its place', async () => {
  const { items } = (await berth.manage(
    'GET',
    '/packages?name=libssl1.1&version=%3C1.1.1w',
  )) as Items
  expect(items.length).toBeGreaterThan(0)
  await visit('auditor', '/security/packages', async (page) => {
    await page.getByLabel('Package', { exact: true }).fill('libssl1.1<1.1.1w')
    await page.keyboard.press('Enter')
    await page.getByRole('table', { name: 'Images that contain it' }).waitFor()
    await settled(page)
    expect(await column(page, 'Images that contain it', 'Version')).toEqual(
      items.map(({ version }) => version),
    )
    await page.getByLabel('Package', { exact: true }).fill('libssl1.1<1.0,~2')
    await page.keyboard.press('Enter')
    await page.getByText(/Column 15: "~2" is no range/).waitFor()
  })
})

const added = 'not-root'

describe('the policy of a project', () => {
  test('is read by those who may, and nothing is offered that they may not', async () => {
    await visit('reader', '/security/policy?project=acme', async (page) => {
      await page.getByText('You may read this policy, but not change it.').waitFor()
      expect(await page.getByRole('button', { name: 'Review and save' }).count()).toBe(0)
      expect(await page.getByRole('button', { name: 'Add a rule' }).count()).toBe(0)
      await page.getByRole('button', { name: /no-critical/ }).click()
      expect(await page.getByLabel('Highest CVSS score that passes').isDisabled()).toBe(true)
    })
  })

  test('gets a rule by keyboard, says what it would block, and is saved after a look at what changes', async () => {
    await visit('owner', '/security/policy?project=acme', async (page) => {
      await page.getByText(/Looked at \d+ images\. 2 blocked, 0 of them new/).waitFor()
      await page.getByRole('combobox', { name: 'Template of the new rule' }).click()
      await page.getByRole('option', { name: 'Highest score' }).click()
      await page.getByRole('button', { name: 'Add a rule' }).focus()
      await page.keyboard.press('Enter')
      // The focus goes to the name of the new rule.
      expect(
        await page.evaluate(() => (globalThis.document.activeElement as HTMLInputElement).value),
      ).toBe('maximum-cvss')
      await page.keyboard.press('ControlOrMeta+a')
      await page.keyboard.type('No spaces')
      await page.getByText('1 fault', { exact: true }).waitFor()
      await page.keyboard.press('ControlOrMeta+a')
      await page.keyboard.type('no-medium')
      const card = page.getByRole('listitem').filter({ hasText: 'no-medium' }).first()
      await card.getByLabel('Highest CVSS score that passes').fill('3')
      await page.getByText(/[1-9] of them new/).waitFor()
      expect(await violationsIn(page)).toEqual([])
      await card.getByRole('button', { name: 'Move no-medium up' }).focus()
      await page.keyboard.press('Enter')
      await page.getByText('no-medium is now rule 3 of 4.').waitFor({ state: 'attached' })
      expect(
        await page.evaluate(() => globalThis.document.activeElement?.getAttribute('aria-label')),
      ).toBe('Move no-medium up')
      await page.getByRole('button', { name: 'Review and save' }).click()
      const dialog = page.getByRole('dialog')
      const diff = dialog.getByRole('region')
      await diff.getByText('- name: no-medium').waitFor()
      // What was there stays as it was written.
      expect(await diff.innerText()).not.toContain('removed:')
      expect(await violationsIn(page, '[role=dialog]')).toEqual([])
      await dialog.getByRole('button', { name: 'Save' }).click()
      await dialog.waitFor({ state: 'detached' })
      await page.getByText('Changed by owner').waitFor()
    })
    const { document, rules } = (await berth.manage('GET', '/projects/acme/policy')) as {
      document: string
      rules: { name: string }[]
    }
    expect(rules.map(({ name }) => name)).toEqual([
      'no-critical',
      'mended-in-time',
      'no-medium',
      'signed',
    ])
    expect(document).toContain('# Nothing goes out that anyone on the network can take over.')
  })

  test('can be written as YAML, and a fault is told with line and column', async () => {
    await visit('owner', '/security/policy?project=acme&view=yaml', async (page) => {
      const field = page.getByRole('textbox', { name: 'The policy as YAML' })
      const before = await field.inputValue()
      await field.fill(before.replace('score: 8.9', 'score: eleven'))
      await page.getByRole('button', { name: 'Go to Line 6, column 20' }).waitFor()
      expect(await violationsIn(page)).toEqual([])
      await page.getByRole('button', { name: 'Go to Line 6, column 20' }).click()
      expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('TEXTAREA')
      await field.fill(`${before}  - name: ${added}\n    notRoot: true\n`)
      await page.getByText('Rules', { exact: true }).first().click()
      await page
        .getByRole('button', { name: new RegExp(added) })
        .first()
        .waitFor()
      // Leaving would lose it.
      await page.getByRole('link', { name: 'Exceptions' }).click()
      await page.getByRole('dialog', { name: 'Leave without saving?' }).waitFor()
      await page.getByRole('button', { name: 'Stay' }).click()
      expect(page.url()).toContain('/security/policy')
    })
  })

  test('that somebody else changed meanwhile is not overwritten unseen', async () => {
    await visit('owner', '/security/policy?project=acme', async (page) => {
      await page.getByRole('button', { name: 'Remove signed', exact: true }).click()
      const { document } = (await berth.manage('GET', '/projects/acme/policy')) as {
        document: string
      }
      const other = `${document}  - name: ${added}\n    notRoot: true\n`
      await berth.manage('PUT', '/projects/acme/policy', { document: other })
      await page.getByRole('button', { name: 'Review and save' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('button', { name: 'Save' }).click()
      await dialog.getByText('Somebody else changed this policy meanwhile').waitFor()
      await dialog.getByRole('button', { name: 'Compare with what is in force now' }).click()
      await dialog.getByRole('region').getByText(`- name: ${added}`).waitFor()
    })
    const { rules } = (await berth.manage('GET', '/projects/acme/policy')) as {
      rules: { name: string }[]
    }
    expect(rules.map(({ name }) => name)).toContain(added)
  })

  test('shows the rules that a project above sets', async () => {
    await visit('owner', '/security/policy?project=acme%2Fml', async (page) => {
      await page.getByText('No policy of its own').waitFor()
      await page.getByText('from acme').first().waitFor()
    })
    await visit('auditor', '/security/policies', async (page) => {
      expect(await column(page, 'Policies', 'Project')).toEqual(['acme'])
    })
  })
})

test('a blocked pull is listed with its reason', async () => {
  const { origin, username, password } = berth.berth
  const basic = Buffer.from(`${username}:${password}`).toString('base64')
  const blocked = await fetch(`${origin}/v2/acme/api/manifests/1.0.0`, {
    headers: {
      authorization: `Basic ${basic}`,
      accept: 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json',
    },
  })
  expect(blocked.status).toBe(403)
  await visit('auditor', '/security/denials', async (page) => {
    // Refusals are gathered for some seconds before they are written down.
    await page.getByText('CVE-2022-37434').first().waitFor({ timeout: 45_000 })
    expect(await column(page, 'Blocked pulls', 'Who')).toContain('admin')
  })
})

describe('advisories', () => {
  test('in force are told with their sources, and a broken archive is refused in words', async () => {
    const { revision } = await berth.manage('GET', '/advisories')
    const broken = join(scratch, 'broken.tar.zst')
    await writeFile(broken, 'this is no archive')
    await visit('admin', '/security/advisories', async (page) => {
      expect(await column(page, 'Sources', 'Advisories')).toEqual(['5'])
      await page.locator('input[type=file]').setInputFiles(broken)
      await page.getByRole('button', { name: 'Import' }).click()
      const alert = page.getByRole('alert', { name: 'The archive was refused' })
      await alert.waitFor()
      expect((await alert.innerText()).length).toBeGreaterThan(40)
    })
    expect((await berth.manage('GET', '/advisories'))['revision']).toBe(revision)
  })

  test('can be read by everyone, imported only by those who may', async () => {
    await visit('reader', '/security/advisories', async (page) => {
      await page.getByRole('table', { name: 'Sources' }).waitFor()
      expect(await page.getByRole('button', { name: 'Import' }).count()).toBe(0)
    })
  })
})
