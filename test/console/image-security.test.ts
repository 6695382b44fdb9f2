import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attestBuild, stateBuild } from './attestations.ts'
import { type Console, type Look, startConsole } from './harness.ts'
import { rowsOf, visitAs } from './look.ts'
import type { Role } from './seed.ts'

const api = '/repositories/acme%2Fapi'
const images = `${api}/images`
const zlib = 'CVE-2022-37434~deb:zlib1g@1:1.2.11.dfsg-2+deb11u1'

let berth: Console
beforeAll(async () => {
  berth = await startConsole()
})
afterAll(() => berth?.stop())

const on = (
  role: Role | undefined,
  path: string,
  look: Look,
  use: (page: Page) => Promise<void>,
): Promise<void> => visitAs(berth, role, path, use, look)

/** What the management API answers to the administrator. */
async function ask<Answer>(path: string): Promise<Answer> {
  return (await berth.manage('GET', path)) as Answer
}

describe('the findings of an image', () => {
  test('are those of the API, the worst first, and are filtered by the address', async () => {
    type Findings = { items: { vulnerability: string; severity: string }[] }
    const { items } = await ask<Findings>(`${api}/manifests/1.0.0/findings`)
    await on('reader', `${images}/1.0.0/findings`, {}, async (page) => {
      const rows = rowsOf(page, 'Findings')
      await rows.first().waitFor()
      const shown = await rows.allTextContents()
      expect(shown.length).toBe(items.length)
      for (const [index, { vulnerability }] of items.entries()) {
        expect(shown[index]).toContain(vulnerability)
      }
      await page.getByText('Critical', { exact: true }).first().click()
      await page.waitForURL(/severity=critical/)
      const critical = items.filter(({ severity }) => severity === 'critical').length
      await expect.poll(() => rows.count()).toBe(critical)
    })
    await on('reader', `${images}/1.0.0/findings?suppressed=true`, {}, async (page) => {
      const judged = rowsOf(page, 'Findings')
      await judged.filter({ hasText: 'judged away' }).waitFor()
      expect(await judged.count()).toBe(1)
    })
  })

  test('open by the keyboard, have an address of their own, and give the focus back', async () => {
    await on('reader', `${images}/1.0.0/findings`, {}, async (page) => {
      const link = page.getByRole('link', { name: 'CVE-2022-37434 in zlib1g' })
      await link.focus()
      await page.keyboard.press('Enter')
      const drawer = page.getByRole('dialog')
      await drawer.getByText('A heap overflow in inflate').waitFor()
      expect(page.url()).toContain('finding=CVE-2022-37434')
      expect(await drawer.getByRole('button', { name: 'Judge it' }).count()).toBe(0)
      await page.keyboard.press('Escape')
      await drawer.waitFor({ state: 'detached' })
      expect(page.url()).not.toContain('finding=')
    })
  })

  test('are judged with a VEX statement, which can be taken back', async () => {
    const path = `${images}/1.0.0/findings?finding=${encodeURIComponent(zlib)}`
    await on('maintainer', path, {}, async (page) => {
      await page.getByRole('button', { name: 'Judge it' }).click()
      const dialog = page.getByRole('dialog').last()
      await dialog.getByRole('button', { name: 'Say so' }).click()
      await dialog.getByText('must have a justification or a statement').waitFor()
      await dialog.getByLabel('In words').fill('Nothing is inflated here.')
      await dialog.getByRole('button', { name: 'Say so' }).click()
      await page.getByText('maintainer says: Not affected.').waitFor()
      await page.getByRole('button', { name: 'Take back' }).click()
      await page.getByText('Nobody has judged it: it counts.').waitFor()
    })
    const { items } = await ask<{ items: { statement: string; revokedBy: string | null }[] }>(
      '/projects/acme/vex-statements?state=revoked',
    )
    expect(items).toContainEqual(
      expect.objectContaining({ statement: 'Nothing is inflated here.', revokedBy: 'maintainer' }),
    )
  })

  test('pass for a time with an exception, which can be ended', async () => {
    const path = `${images}/1.1.0/findings?finding=${encodeURIComponent(zlib)}`
    await on('maintainer', path, {}, async (page) => {
      await page.getByText('Blocked:').waitFor()
      await page.getByRole('button', { name: 'Make an exception' }).click()
      const dialog = page.getByRole('dialog').last()
      await dialog.getByLabel('Reason').fill('x')
      await dialog.getByRole('button', { name: 'Make the exception' }).click()
      await dialog.locator('[aria-invalid=true]').waitFor()
      await dialog.getByLabel('Reason').fill('Until the next release.')
      await dialog.getByRole('button', { name: 'Make the exception' }).click()
      await page.getByText(/maintainer · acme\/api · Until the next release\./).waitFor()
      await page.getByText('May be pulled').first().waitFor()
      await page.getByRole('button', { name: 'End now' }).click()
      await page.getByText('Blocked:').waitFor()
    })
  })
})

test('a scan is asked for, and its progress ends', async () => {
  const before = await ask<{ scans: { matchedAt: string }[] }>(`${api}/manifests/1.1.0/scan`)
  await on('developer', `${images}/1.1.0/findings`, {}, async (page) => {
    await page.getByRole('button', { name: 'Scan now' }).click()
    await page.getByText('The scan has been asked for.').waitFor()
    await expect
      .poll(
        async () =>
          (await ask<{ scans: { matchedAt: string }[] }>(`${api}/manifests/1.1.0/scan`)).scans[0]
            ?.matchedAt,
        { timeout: 30_000 },
      )
      .not.toBe(before.scans[0]?.matchedAt)
    await page.getByText(/^Scanned: 7 packages\./).waitFor()
  })
})

describe('trust', () => {
  test('shows who signed, and the decision rule by rule', async () => {
    const decision = await ask<{ violations: { rule: string; fix: string | null }[] }>(
      `${api}/decisions/1.0.0`,
    )
    await on('reader', `${images}/1.0.0/trust`, {}, async (page) => {
      await page.getByText('Signed by release.').waitFor()
      const broken = await rowsOf(page, 'Broken rules').allTextContents()
      expect(broken.length).toBe(decision.violations.length)
      expect(broken[0]).toContain(decision.violations[0]?.rule)
      expect(broken[0]).toContain(decision.violations[0]?.fix)
      expect(await page.getByRole('button', { name: 'Check again' }).count()).toBe(0)
    })
  })

  test('takes a signature with a key that Berth holds', async () => {
    await on('maintainer', `${images}/1.1.0/trust`, {}, async (page) => {
      await page.getByText('Nobody signed it').waitFor()
      await page.getByRole('button', { name: 'More actions' }).click()
      await page.getByRole('menuitem', { name: 'Sign' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Key').waitFor()
      await dialog.getByRole('button', { name: 'Sign' }).click()
      await page.getByText('Signed by release.').waitFor()
    })
    const { signedBy } = await ask<{ signedBy: string[] }>(`${api}/manifests/1.1.0/signatures`)
    expect(signedBy).toEqual(['release'])
  })

  test('tells how it was built, and whether anybody trusted says so', async () => {
    const predicate = {
      buildDefinition: {
        buildType: 'https://actions.github.io/buildtypes/workflow/v1',
        externalParameters: {
          workflow: {
            repository: 'https://github.com/acme/api',
            ref: 'refs/heads/main',
            path: '.github/workflows/release.yml',
          },
        },
        resolvedDependencies: [
          {
            uri: 'git+https://github.com/acme/api@refs/heads/main',
            digest: { gitCommit: 'c27d339ee6075c1f744c5d4b200f7901aad2c369' },
          },
        ],
      },
      runDetails: {
        builder: { id: 'https://github.com/actions/runner' },
        metadata: { startedOn: '2026-01-02T03:04:05Z', finishedOn: '2026-01-02T03:06:05Z' },
      },
    }
    await on('reader', `${images}/1.1.0/trust`, {}, async (page) => {
      await page.getByText('Nobody says how it was built').waitFor()
    })
    await stateBuild(berth.berth, 'acme/api', '1.1.0', {
      ...predicate,
      runDetails: { builder: { id: 'somebody' } },
    })
    await attestBuild(berth.berth, 'acme/api', '1.1.0', { identity: 'builder', predicate })
    await on('reader', `${images}/1.1.0/trust`, {}, async (page) => {
      await page.getByText('Signed by builder.', { exact: true }).waitFor()
      await page.getByText('Whoever may push here can have written it.').waitFor()
      const source = page.getByRole('link', { name: 'https://github.com/acme/api@refs/heads/main' })
      expect(await source.first().getAttribute('href')).toBe('https://github.com/acme/api')
      await page.getByText('gitCommit:c27d339ee6075c1f744c5d4b200f7901aad2c369').first().waitFor()
      await page.getByText('2 min', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Show what went into it (1)' }).first().click()
      const parts = await rowsOf(page, 'What went into it').allTextContents()
      expect(parts[0]).toContain('git+https://github.com/acme/api@refs/heads/main')
    })
  })
})
