import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Console, type Look, settled, startConsole } from './harness.ts'
import { rowsOf, visitAs } from './look.ts'
import type { Role } from './seed.ts'

const api = '/repositories/acme%2Fapi'
const images = `${api}/images`

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

type Manifest = { digest: string; children: { digest: string }[]; layers: { digest: string }[] }

describe('the head of an image', () => {
  test('says what it is, whether it may be pulled and why not', async () => {
    const { digest } = await ask<Manifest>(`${api}/manifests/1.0.0`)
    const { violations } = await ask<{ violations: { subject: string }[] }>(
      `${api}/decisions/1.0.0`,
    )
    await on('reader', `${images}/1.0.0`, {}, async (page) => {
      await page.getByRole('heading', { level: 1, name: 'acme/api:1.0.0' }).waitFor()
      await page.getByText(digest.slice(0, 19)).first().waitFor()
      await page.getByText('Blocked:').waitFor()
      await page.getByText(violations[0]?.subject ?? 'no violation').waitFor()
      await page.getByText(/^docker pull .*acme\/api:1\.0\.0$/).waitFor()
      await page.getByRole('link', { name: 'See why' }).click()
      await page.getByRole('heading', { level: 2, name: 'Decision of the policy' }).waitFor()
    })
  })

  test('has lines for every client, by tag and by digest', async () => {
    const { digest } = await ask<Manifest>(`${api}/manifests/1.10.0`)
    await on('reader', `${images}/1.10.0`, {}, async (page) => {
      await page.getByRole('button', { name: 'Other clients' }).click()
      const dialog = page.getByRole('dialog')
      for (const command of ['podman pull', 'ctr images pull', 'nerdctl pull', 'skopeo copy']) {
        await dialog.getByText(command).waitFor()
      }
      await dialog.getByText('imagePullSecrets').waitFor()
      await dialog.getByText('By digest').click()
      await dialog.getByText(`docker pull ${berth.berth.host}/acme/api@${digest}`).waitFor()
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
      const focused = await page.evaluate(() => document.activeElement?.textContent)
      expect(focused).toBe('Other clients')
    })
  })

  test('offers what the role may do, and the server refuses the rest', async () => {
    await on('reader', `${images}/1.0.0`, {}, async (page) => {
      await page.getByRole('button', { name: 'Download' }).waitFor()
      expect(await page.getByRole('button', { name: 'Scan now' }).count()).toBe(0)
      expect(await page.getByRole('button', { name: 'More actions' }).count()).toBe(0)
      const refused = await page.evaluate(async () => {
        const session = await (await fetch('/api/v1/session')).json()
        const headers = { 'x-berth-csrf': session.session.csrfToken as string }
        const base = '/api/v1/repositories/acme%2Fapi'
        const scan = await fetch(`${base}/manifests/1.0.0/scan`, { method: 'POST', headers })
        const tag = await fetch(`${base}/tags/1.0.0`, { method: 'DELETE', headers })
        return [scan.status, tag.status]
      })
      expect(refused).toEqual([403, 403])
    })
    await on('developer', `${images}/1.0.0`, {}, async (page) => {
      await page.getByRole('button', { name: 'Scan now' }).waitFor()
      expect(await page.getByRole('button', { name: 'More actions' }).count()).toBe(0)
    })
  })

  test('is not found by whoever may not see it, or when it is not there', async () => {
    for (const [role, path] of [
      ['stranger', `${images}/1.0.0`],
      ['reader', `${images}/no-such-tag`],
    ] as const) {
      const { page, close } = await berth.open(role, path)
      await page.getByText('There is no such thing here').waitFor()
      await close()
    }
  })

  test('leads to the bill of materials as the API writes it', async () => {
    await on('reader', `${images}/1.0.0`, {}, async (page) => {
      await page.getByRole('button', { name: 'Download' }).click()
      const item = page.getByRole('menuitem', { name: 'Bill of materials, SPDX' })
      const [download] = await Promise.all([page.waitForEvent('download'), item.click()])
      const written = JSON.parse(await readFile(await download.path(), 'utf8')) as {
        spdxVersion: string
      }
      expect(written.spdxVersion).toBe('SPDX-2.3')
    })
  })
})

describe('the platforms of an index', () => {
  test('are switched in the address, and all parts speak of the chosen one', async () => {
    const { children } = await ask<Manifest>(`${api}/manifests/1.10.0`)
    const arm = await ask<Manifest>(`${api}/manifests/${children[1]?.digest ?? ''}`)
    await on('reader', `${images}/1.10.0/configuration`, {}, async (page) => {
      await page.locator('dd', { hasText: /^linux\/amd64$/ }).waitFor()
      await page.getByLabel('Platform').selectOption('linux/arm64')
      await page.waitForURL(/platform=linux%2Farm64/)
      await page.locator('dd', { hasText: /^linux\/arm64$/ }).waitFor()
      await page.getByRole('link', { name: 'Layers' }).click()
      await page.waitForURL(/images\/1\.10\.0\?platform=linux%2Farm64/)
      await page
        .getByText(arm.layers[0]?.digest.slice(0, 19) ?? 'no layer')
        .first()
        .waitFor()
    })
    const child = children[1]?.digest ?? ''
    await on('reader', `${images}/1.10.0/configuration?platform=${child}`, {}, async (page) => {
      await page.locator('dd', { hasText: /^linux\/arm64$/ }).waitFor()
    })
  })
})

describe('the layers of an image', () => {
  test('are those of the API, with what made each', async () => {
    type Layers = {
      items: { digest: string; repositories: { count: number }; manifests: { count: number } }[]
    }
    const { items } = await ask<Layers>(`${api}/manifests/1.0.0/layers`)
    await on('admin', `${images}/1.0.0`, {}, async (page) => {
      const rows = rowsOf(page, 'Layers')
      await rows.first().waitFor()
      expect(await rows.count()).toBe(items.length)
      const shown = await rows.allTextContents()
      for (const [index, { digest, repositories, manifests }] of items.entries()) {
        expect(shown[index]).toContain(digest.slice(0, 19))
        const here = manifests.count > 1 ? `${manifests.count} images here` : 'this image only'
        const words = repositories.count > 1 ? `${repositories.count} repositories` : here
        expect(shown[index]).toContain(words)
      }
      expect(shown[0]).toContain('ADD file:rootfs.tar.xz in /')
      const whole = page.getByRole('button', { name: 'Show the whole instruction' }).first()
      await whole.focus()
      await page.keyboard.press('Enter')
      await page.getByText('rm -rf /var/lib/apt/lists/*').waitFor()
      await page.getByRole('link', { name: 'Files of layer 3' }).click()
      await page.getByRole('heading', { level: 2, name: 'Files' }).waitFor()
    })
  })

  test('have files, directory by directory, with the way back', async () => {
    await on('reader', `${images}/1.0.0/files`, {}, async (page) => {
      await page.getByRole('link', { name: 'srv' }).click()
      await page.getByRole('link', { name: 'app' }).click()
      await page.waitForURL(/path=srv%2Fapp/)
      await page.getByText('config.json').waitFor()
      await page.goBack()
      await page.getByRole('link', { name: 'app' }).waitFor()
      await page.getByRole('link', { name: 'Up one directory' }).click()
      await page.getByRole('link', { name: 'usr' }).waitFor()
    })
    const path = '/repositories/acme%2Fhostile/images/x/files?path=a'
    await on('reader', path, {}, async (page) => {
      await page.getByText('<img src=x onerror=alert(1)>.txt').waitFor()
    })
  })
})

test('the configuration shows all of it', async () => {
  await on('reader', `${images}/1.0.0/configuration`, {}, async (page) => {
    await page.getByText('["/usr/local/bin/api"]').waitFor()
    await page.getByText('8080/tcp').waitFor()
    expect(await rowsOf(page, 'Environment').allTextContents()).toContainEqual(
      expect.stringContaining('APP_VERSION'),
    )
    await rowsOf(page, 'Labels').filter({ hasText: 'Apache-2.0' }).waitFor()
    expect(await rowsOf(page, 'History').count()).toBe(3)
  })
})

test('the packages are those of the scan, found by a part of the name that stands in the address', async () => {
  const all = await ask<{ items: { name: string }[] }>(`${api}/manifests/1.0.0/packages`)
  await on('reader', `${images}/1.0.0/packages`, {}, async (page) => {
    const rows = rowsOf(page, 'Packages')
    await rows.first().waitFor()
    expect(await rows.count()).toBe(all.items.length)
    await page.getByLabel('Part of the name').fill('zlib')
    await page.waitForURL(/name=zlib/)
    await expect.poll(() => rows.count()).toBe(1)
    await page.getByLabel('Part of the name').fill('no such package')
    await page.getByText('Nothing fits these filters').waitFor()
    await page.getByRole('button', { name: 'Clear the filters' }).last().click()
    await expect.poll(() => rows.count()).toBe(all.items.length)
    await page.getByRole('button', { name: 'Show its packages' }).click()
    await page.waitForURL(/sbom=sha256/)
    await page.getByRole('table', { name: /^Packages in sha256/ }).waitFor()
  })
})

test('the relations are links in a picture and rows of a table, at every width', async () => {
  const { digest, children } = await ask<Manifest>(`${api}/manifests/1.10.0`)
  for (const width of [1440, 390]) {
    await on('reader', `${images}/1.10.0/relations`, { width }, async (page) => {
      const nodes = page.locator('svg a')
      await nodes.first().waitFor()
      // The index, its two images and its signature.
      expect(await nodes.count()).toBe(4)
      expect(await rowsOf(page, 'All relations').count()).toBe(4)
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      expect(overflow).toBe(0)
      const child = page.locator(`svg a[href*="${children[1]?.digest.slice(7, 30) ?? ''}"]`)
      await child.focus()
      await page.keyboard.press('Enter')
      await page.waitForURL((url) => !url.href.includes(digest) && url.href.includes('sha256'))
      await page.getByRole('heading', { level: 1 }).waitFor()
    })
  }
})

describe('deleting', () => {
  test('a tag, after its name is typed, leaves the image', async () => {
    await berth.push('acme/away', 'one')
    const { digest } = await ask<Manifest>('/repositories/acme%2Faway/manifests/one')
    await on('maintainer', '/repositories/acme%2Faway/images/one', {}, async (page) => {
      await page.getByRole('button', { name: 'More actions' }).click()
      await page.getByRole('menuitem', { name: 'Delete the tag' }).click()
      const dialog = page.getByRole('dialog')
      const confirm = dialog.getByRole('button', { name: 'Delete the tag' })
      expect(await confirm.isDisabled()).toBe(true)
      await dialog.getByLabel('Type one to confirm').fill('one')
      await confirm.click()
      await page.waitForURL(/repositories\/acme%2Faway$/)
    })
    await ask(`/repositories/acme%2Faway/manifests/${digest}`)
    await expect(ask('/repositories/acme%2Faway/tags/one')).rejects.toThrow('404')
  })

  test('an image says what goes with it; an immutable tag keeps it, and the refusal is told', async () => {
    await on('maintainer', '/repositories/acme%2Fworker/images/2.3.0', {}, async (page) => {
      await page.getByRole('button', { name: 'More actions' }).click()
      await page.getByRole('menuitem', { name: 'Delete the image' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText('These tags go with it:').waitFor()
      await dialog.getByText('latest').waitFor()
      await dialog.getByText(/^Frees /).waitFor()
      await dialog.getByLabel('Type 2.3.0 to confirm').fill('2.3.0')
      await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
      await dialog
        .getByRole('alert')
        .filter({ hasText: /immutable/i })
        .waitFor()
      await settled(page)
    })
    await ask('/repositories/acme%2Fworker/tags/2.3.0')
  })
})
