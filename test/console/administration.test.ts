import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Console, settled, startConsole, type Visit } from './harness.ts'
import { choose, column, eventually, fact, listOf, violationsIn, visitAsAdmin } from './look.ts'

let berth: Console
beforeAll(async () => {
  berth = await startConsole({ config: { outbound: { allowedNetworks: ['127.0.0.1'] } } })
})
afterAll(() => berth?.stop())

const visit = (path: string, use: (page: Page, visit: Visit) => Promise<void>) =>
  visitAsAdmin(berth, path, use)
const list = (path: string) => listOf(berth, path)

describe('jobs', () => {
  test('collection is tried and run, and the job tells its result and log', async () => {
    await visit('/administration/collection', async (page) => {
      await page.getByText('Nobody has asked for a run yet.').waitFor()
      const { waiting } = (await berth.manage('GET', '/collection')) as {
        waiting: Record<string, number>
      }
      const due = page.locator('main').getByText('Due now', { exact: true }).locator('..')
      const [, count] = (await due.innerText()).split(/\n+/)
      expect(count).toBe(String(waiting['reviewsDue']))
      await page.getByRole('button', { name: 'Show what it would do' }).click()
      await page.getByText('Nothing was changed: this is what it would do.').waitFor()
      const [dry] = await list('/jobs?name=collect')
      expect(dry).toMatchObject({ state: 'succeeded', payload: { dryRun: true } })

      await page.getByRole('button', { name: 'Collect now' }).click()
      await page
        .getByText('Nothing was changed: this is what it would do.')
        .waitFor({ state: 'detached' })
      const run = page.getByRole('region', { name: 'The last run that somebody asked for' })
      await run.getByText('Done', { exact: true }).waitFor()
      const [job] = await list('/jobs?name=collect')
      expect(job).toMatchObject({ state: 'succeeded', payload: { dryRun: false } })
      await run.getByRole('link', { name: 'Open' }).click()
      await page.waitForURL(new RegExp(`/administration/jobs/${String(job?.['id'])}`))
      await page.getByRole('heading', { level: 1, name: 'collect' }).waitFor()
      await settled(page)
      expect(await fact(page, 'State')).toBe('Done')
      expect(await fact(page, 'Asked for by')).toBe(job?.['requestedBy'])
      const result = page.getByRole('region', { name: 'What it did' })
      for (const value of Object.values(job?.['result'] as object)) {
        if (typeof value === 'number' && value < 1000) {
          expect(await result.locator('dd').allInnerTexts()).toContain(String(value))
        }
      }
      const log = page.getByRole('log', { name: 'Log' })
      const lines = await list(`/jobs/${String(job?.['id'])}/log`)
      for (const { text } of lines) expect(await log.innerText()).toContain(text)
      if (lines.length === 0) await log.getByText('It has said nothing.').waitFor()
      expect(await violationsIn(page, 'main')).toEqual([])
      await page.goBack()
      await page.waitForURL(/\/administration\/collection$/)
    })
  })

  test('verification is started and found in the list, filtered by the address', async () => {
    await visit('/administration/collection', async (page) => {
      await page.getByRole('button', { name: 'Verify everything' }).click()
      const latest = page.getByRole('region', { name: 'The latest run' })
      await latest.getByText('Done', { exact: true }).waitFor({ timeout: 40_000 })
      await page.goto(`${berth.berth.origin}/administration/jobs?name=verify&state=succeeded`)
      const jobs = await list('/jobs?name=verify&state=succeeded')
      expect(jobs.length).toBe(1)
      expect(await column(page, 'Jobs', 'Kind')).toEqual(['verify'])
      expect(await column(page, 'Jobs', 'Asked for by')).toEqual([jobs[0]?.['requestedBy']])
      await choose(page, page, 'State', 'Failed')
      await page.waitForURL(/state=failed/)
      await page.getByText('Nothing fits these filters').waitFor()
    })
  })
})

describe('the audit log', () => {
  test('is filtered by the address, shows an entry whole, and is exported', async () => {
    const query = 'action=project.&targetPrefix=acme'
    const entries = await list(`/audit?${query}`)
    expect(entries.length).toBeGreaterThan(1)
    await visit(`/administration/audit?${query}`, async (page, { context }) => {
      expect(await column(page, 'Audit log', 'What')).toEqual(
        entries.map((entry) => entry['action']),
      )
      const opener = page.getByRole('button', { name: 'Show the entry: project.created' }).first()
      await opener.focus()
      await page.keyboard.press('Enter')
      const drawer = page.getByRole('dialog', { name: 'Entry' })
      await drawer.waitFor()
      const entry = entries.find(({ action }) => action === 'project.created')
      expect(await fact(drawer, 'Request')).toContain(entry?.['requestId'])
      expect(await fact(drawer, 'Hash')).toContain(entry?.['hash'])
      expect(await violationsIn(page, '[role=dialog]')).toEqual([])
      await page.keyboard.press('Escape')
      await drawer.waitFor({ state: 'detached' })
      await eventually(() => opener.evaluate((it) => it === document.activeElement)).toBe(true)

      await page.getByRole('button', { name: 'Export' }).click()
      const item = page.getByRole('menuitem', { name: 'JSON, one entry a line' })
      const [download] = await Promise.all([page.waitForEvent('download'), item.click()])
      const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n')
      expect(lines.length).toBe(entries.length)
      await page.getByRole('button', { name: 'Export' }).click()
      const address = await page.getByRole('menuitem', { name: 'CSV' }).getAttribute('href')
      const csv = await context.request.get(new URL(address ?? '', page.url()).href)
      expect(csv.headers()['content-type']).toContain('text/csv')
      expect((await csv.text()).trim().split('\n').length).toBeGreaterThan(entries.length)
      await page.keyboard.press('Escape')

      await choose(page, page, 'How it went', 'Failed')
      await page.waitForURL(/outcome=failure/)
      await page.getByText('Nothing fits these filters').waitFor()
      await page.getByRole('button', { name: 'Clear the filters' }).last().click()
      await page.waitForURL(/\/administration\/audit$/)
    })
  })

  test('says up to where it is sealed', async () => {
    await visit('/administration/audit', async (page) => {
      const seal = page.getByRole('region', { name: 'Seal' })
      await eventually(async () => {
        const { head } = (await berth.manage('GET', '/audit/status')) as {
          head: { position: number; hash: string }
        }
        await page.reload()
        await settled(page)
        const shown = await fact(seal, 'Sealed up to')
        return shown.includes(`entry ${head.position}`) && shown.includes(head.hash.slice(0, 16))
      }).toBe(true)
    })
  })
})

describe('the system', () => {
  test('tells health, contents and traffic as the API does', async () => {
    await visit('/administration/system', async (page) => {
      const health = (await berth.manage('GET', '/system/health')) as {
        checks: { message: string; state: string; advice: string | null }[]
      }
      const checks = page.getByRole('region', { name: 'Health' }).locator('li')
      expect(await checks.count()).toBe(health.checks.length)
      const words: Record<string, string> = {
        ok: 'Healthy',
        warning: 'Needs a look',
        error: 'Failing',
      }
      for (const [index, { state, advice }] of health.checks.entries()) {
        const shown = await checks.nth(index).innerText()
        expect(shown).toContain(words[state])
        if (advice !== null) expect(shown).toContain(advice)
      }
      const system = (await berth.manage('GET', '/system')) as {
        version: string
        counts: Record<string, { count: number }>
      }
      expect(await fact(page, 'Version')).toBe(system.version)
      const [licences] = await Promise.all([
        page.waitForEvent('popup'),
        page.getByRole('link', { name: 'Of the packages in this console' }).click(),
      ])
      await licences.getByText('@mantine/core').waitFor()
      await licences.close()
      for (const [title, name] of [
        ['Projects', 'projects'],
        ['Repositories', 'repositories'],
        ['Tags', 'tags'],
        ['Users', 'users'],
      ] as const) {
        expect(await fact(page, title)).toBe(String(system.counts[name]?.count))
      }
      const { node } = await berth.manage('GET', '/system/traffic')
      await page.getByText(`Of the process ${String(node)}`).waitFor()
      expect(await column(page, 'The last minute, in numbers', 'Kind of request')).toContain(
        'Management API',
      )
      await page
        .getByRole('img', { name: /^Requests a second over the last ten minutes/ })
        .waitFor()
    })
  })

  test('lists the settings with their origin, and no secret', async () => {
    const settings = await list('/system/configuration')
    await visit('/administration/configuration?only=set', async (page) => {
      const set = settings.filter(({ source }) => source !== 'default')
      expect(
        (await column(page, 'Configuration', 'Setting')).map((text) => text.split('\n')[0]),
      ).toEqual(set.map((setting) => setting['path']))
      expect(await page.locator('main').innerText()).not.toContain(berth.berth.password)
      await page.getByLabel('Name, variable or description').fill('administrator.password')
      await page.waitForURL(/q=administrator.password/)
      await eventually(() => column(page, 'Configuration', 'Value')).toEqual(['set, not shown'])
      expect(await column(page, 'Configuration', 'From')).toEqual(['environment'])
      await page.getByLabel('Name, variable or description').fill('no such setting')
      await page.getByText('Nothing fits these filters').waitFor()
      await page.getByRole('button', { name: 'Clear the filters' }).last().click()
      await eventually(async () => (await column(page, 'Configuration', 'Setting')).length).toBe(
        settings.length,
      )
    })
  })

  test('shows which project holds what, sorted by the address', async () => {
    const bySize = await list('/system/usage/projects?sort=size')
    const byName = await list('/system/usage/projects?sort=name')
    await visit('/administration/storage', async (page) => {
      expect(await column(page, 'By project', 'Project')).toEqual(
        bySize.map(({ project }) => project),
      )
      expect(await column(page, 'By project', 'Repositories')).toEqual(
        bySize.map(({ repositories }) => String(repositories)),
      )
      await page.getByRole('button', { name: 'Project' }).click()
      await page.waitForURL(/sort=name/)
      expect(await column(page, 'By project', 'Project')).toEqual(
        byName.map(({ project }) => project),
      )
      await page.getByRole('link', { name: 'acme', exact: true }).click()
      await page.waitForURL(/\/projects\/acme\/storage/)
    })
  })

  test('takes a scanner at an address that can be, asks it, and removes it', async () => {
    await visit('/administration/scanners', async (page) => {
      await page.getByText('No other scanner is registered.').waitFor()
      await page.getByRole('button', { name: 'Register an adapter' }).click()
      const dialog = page.getByRole('dialog', { name: 'Register an adapter' })
      const send = dialog.getByRole('button', { name: 'Register an adapter' })
      await dialog.waitFor()
      expect(await violationsIn(page, '[role=dialog]')).toEqual([])
      await page.keyboard.type('second-opinion')
      const address = dialog.getByRole('textbox', { name: 'Address', exact: true })
      await address.fill('not an address')
      await send.click()
      await eventually(() => address.getAttribute('aria-invalid')).toBe('true')
      expect(await list('/system/scanners')).toEqual([])
      // The discard port: nobody answers there.
      await address.fill('http://127.0.0.1:9')
      await choose(page, dialog, 'Signs in with', 'Token')
      await send.click()
      const token = dialog.locator('input[type=password]')
      await token.fill('a-token-of-the-adapter')
      await send.click()
      await dialog.waitFor({ state: 'detached' })
      expect(await column(page, 'Scanners', 'Address')).toEqual(['http://127.0.0.1:9'])
      expect(await column(page, 'Scanners', 'Signs in with')).toEqual(['Token'])
      expect(await page.locator('body').innerText()).not.toContain('a-token-of-the-adapter')
      await page.getByRole('button', { name: 'Ask who it is: second-opinion' }).click()
      await page.getByText('Refused', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Remove: second-opinion' }).click()
      const ask = page.getByRole('dialog', { name: 'Remove the scanner second-opinion?' })
      await ask.getByLabel('Type second-opinion to confirm').fill('second-opinion')
      await page.keyboard.press('Enter')
      await page.getByText('No other scanner is registered.').waitFor()
      expect(await list('/system/scanners')).toEqual([])
    })
  })

  test('says that nobody else vouches for people until a provider is set', async () => {
    await visit('/administration/sign-in', async (page) => {
      expect(await list('/system/sign-in')).toEqual([])
      await page.getByText(/Only users of Berth itself can sign in/).waitFor()
    })
  })
})
