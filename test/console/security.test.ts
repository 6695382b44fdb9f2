import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Console, settled, startConsole } from './harness.ts'
import { type Items, column, visitAs } from './look.ts'

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

describe('the overview', () => {
  test('shows what the API counts, and its numbers lead to the findings', async () => {
    const overview = await berth.manage('GET', '/system/findings/overview')
    const counts = overview['counts'] as Record<string, number>
    await visitAs(berth, 'auditor', '/security', async (page) => {
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
    await visitAs(berth, 'admin', '/security?trend=table', async (page) => {
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
    await visitAs(berth, 'reader', '/security', async (page) => {
      const picker = page.getByRole('combobox', { name: 'Look at' })
      expect(await picker.inputValue()).toBe('acme')
      await picker.click()
      expect(await page.getByRole('option', { name: 'Whole instance' }).count()).toBe(0)
      await page.getByRole('option', { name: 'library' }).click()
      await page.waitForURL(/project=library/)
    })
    await visitAs(berth, 'stranger', '/security?project=acme', async (page) => {
      await page.getByText('There is no such thing here').first().waitFor()
    })
  })
})

describe('findings', () => {
  test('are those of the API, filtered and sorted by the address', async () => {
    const filter = 'severity=critical&severity=high&fixable=true&repository=acme%2Fapi'
    const { items } = (await berth.manage('GET', `/system/findings?${filter}`)) as Items
    const address = '/security/findings?severity=critical,high&fixable=true&repository=acme/api'
    await visitAs(berth, 'auditor', address, async (page) => {
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
    await visitAs(
      berth,
      'owner',
      '/security/findings?vulnerability=CVE-1999-0001',
      async (page) => {
        await page.getByText('Nothing fits these filters').waitFor()
        await page.getByRole('button', { name: 'Clear the filters' }).last().click()
        await page.getByRole('link', { name: 'CVE-2022-37434' }).first().waitFor()
        expect(page.url()).not.toContain('vulnerability')
      },
    )
  })
})

test('packages are found as the API finds them, and a fault of the search is told with its place', async () => {
  const { items } = (await berth.manage(
    'GET',
    '/packages?name=libssl1.1&version=%3C1.1.1w',
  )) as Items
  expect(items.length).toBeGreaterThan(0)
  await visitAs(berth, 'auditor', '/security/packages', async (page) => {
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
  await visitAs(berth, 'auditor', '/security/denials', async (page) => {
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
    await visitAs(berth, 'admin', '/security/advisories', async (page) => {
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
    await visitAs(berth, 'reader', '/security/advisories', async (page) => {
      await page.getByRole('table', { name: 'Sources' }).waitFor()
      expect(await page.getByRole('button', { name: 'Import' }).count()).toBe(0)
    })
  })
})
