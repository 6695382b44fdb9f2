import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pushArtifact } from './artifacts.ts'
import { type Console, type Look, settled, startConsole, type Visit } from './harness.ts'
import { askAs, fact, namesIn, violationsIn, visitAs } from './look.ts'
import { password, type Role } from './seed.ts'

let berth: Console
const api = '/repositories/acme%2Fapi'
const worker = '/repositories/acme%2Fworker'

beforeAll(async () => {
  berth = await startConsole()
})

afterAll(async () => {
  await berth?.stop()
})

const visiting = (
  role: Role | undefined,
  path: string,
  doing: (page: Page, visit: Visit) => Promise<void>,
  look: Look = {},
): Promise<void> => visitAs(berth, role, path, doing, look)

/** What the server says to a request that the role makes itself. */
async function statusFor(name: Role, method: string, path: string, body?: object): Promise<number> {
  return (await askAs(berth, { name, password }, method, path, body)).status
}

describe('two images compared', () => {
  it('are chosen among the tags, and differ as the API says', async () => {
    await visiting('reader', api, async (page) => {
      await page.getByRole('checkbox', { name: 'Select 1.0.0 to compare' }).check()
      await page.getByRole('checkbox', { name: 'Select 1.10.0 to compare' }).check()
      await page.getByRole('link', { name: 'Compare the two' }).click()
      await page.waitForURL(/compare\?from=1\.0\.0&to=1\.10\.0/)
      await settled(page)
      const diff = (await berth.manage(
        'GET',
        '/repositories/acme%2Fapi/manifests/1.0.0/diff?to=1.10.0',
      )) as { changed: { name: string; after: string[] }[] }
      expect(diff.changed.length).toBeGreaterThan(0)
      const packages = await page.getByRole('table', { name: 'Packages' }).innerText()
      for (const { name, after } of diff.changed) {
        expect(packages).toContain(name)
        expect(packages).toContain(after[0])
      }
      const configuration = page.getByRole('table', { name: 'Configuration' })
      expect(await configuration.innerText()).toMatch(
        /Environment APP_VERSION\s+1\.0\.0\s+1\.10\.0/,
      )
      expect(await configuration.innerText()).not.toContain('LOG_LEVEL')
      await page.getByRole('switch', { name: 'Show what is the same' }).press('Space')
      await expect.poll(() => configuration.innerText()).toContain('LOG_LEVEL')
      const findings = await page.getByRole('table', { name: 'Findings' }).innerText()
      expect(findings).toMatch(/Gone\s+CVE-2022-37434/)
      expect(await page.getByRole('table', { name: 'Layers' }).innerText()).toMatch(/= Same/)
    })
  })

  it('are swapped, seen for another platform, and told when one does not exist', async () => {
    await visiting('reader', `${api}/compare?from=1.0.0&to=1.10.0`, async (page) => {
      await page.getByRole('combobox', { name: 'Platform' }).selectOption('linux/arm64')
      await page.waitForURL(/platform=linux/)
      await expect
        .poll(() => page.getByRole('table', { name: 'Configuration' }).innerText())
        .toMatch(/Platform\s+linux\/amd64\s+linux\/arm64/)
      await page.getByRole('button', { name: 'Swap the two' }).click()
      await page.waitForURL(/from=1\.10\.0&to=1\.0\.0/)
      const from = page.getByRole('combobox', { name: 'From' })
      await from.fill('9.9.9')
      await from.press('Enter')
      await page.getByRole('heading', { name: 'There is no such thing here' }).waitFor()
    })
  })
})

describe('what a repository is about', () => {
  it('is written in Markdown, and what was typed survives that somebody else saved', async () => {
    await visiting('maintainer', `${api}/about`, async (page) => {
      await page.getByRole('heading', { name: 'Run it' }).waitFor()
      await page.getByRole('button', { name: 'Edit' }).click()
      const field = page.getByRole('textbox', { name: 'README, as Markdown' })
      await field.fill('# Mine\n\nWritten here.')
      await berth.manage('PATCH', '/repositories/acme%2Fapi', { readme: '# Theirs' })
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      const theirs = page.getByRole('textbox', { name: 'What somebody else saved meanwhile' })
      expect(await theirs.inputValue()).toBe('# Theirs')
      expect(await field.inputValue()).toBe('# Mine\n\nWritten here.')
      await page.getByRole('button', { name: 'Save over it' }).click()
      await page.getByRole('heading', { name: 'Mine' }).waitFor()
      const { readme } = await berth.manage('GET', '/repositories/acme%2Fapi')
      expect(readme).toBe('# Mine\n\nWritten here.')
    })
  })

  it('is only read by those who may not change it', async () => {
    await visiting('developer', `${api}/about`, async (page) => {
      await page.getByRole('table', { name: 'Labels and annotations' }).waitFor()
      expect(await page.getByRole('button', { name: 'Edit' }).count()).toBe(0)
    })
    const path = '/repositories/acme%2Fapi'
    expect(await statusFor('developer', 'PATCH', path, { readme: 'x' })).toBe(403)
  })

  it('shows what a stranger wrote as text', async () => {
    await visiting(
      'reader',
      '/repositories/acme%2Fhostile/about',
      async (page) => {
        await page.getByText('<script>document.title="run"</script>').first().waitFor()
        expect(await page.title()).toContain('acme/hostile')
        expect(await page.locator('main img, main script').count()).toBe(0)
        const isWide = () =>
          document.documentElement.scrollWidth > document.documentElement.clientWidth
        expect(await page.evaluate(isWide)).toBe(false)
      },
      { width: 390 },
    )
  })
})

describe('a repository of models', () => {
  it('says what the newest model is made of, and nothing of it elsewhere', async () => {
    const { host } = berth.berth
    await pushArtifact(berth.berth, 'acme/reviews', 'v1', {
      artifactType: 'application/vnd.cncf.model.manifest.v1+json',
      config: { mediaType: 'application/vnd.cncf.model.config.v1+json', content: '{}' },
      layers: [
        {
          mediaType: 'application/vnd.cncf.model.weight.v1.raw',
          content: 'w'.repeat(4096),
          annotations: { 'org.cncf.model.filepath': 'model.safetensors' },
        },
        {
          mediaType: 'application/vnd.cncf.model.doc.v1.raw',
          content: '# Reviews',
          annotations: { 'org.cncf.model.filepath': 'README.md' },
        },
      ],
      annotations: { 'org.opencontainers.image.licenses': 'Apache-2.0' },
    })
    await visiting('reader', '/repositories/acme%2Freviews/about', async (page) => {
      const section = page.getByRole('region', { name: 'Model' })
      expect(await fact(section, 'Format')).toBe('Safetensors')
      expect(await fact(section, 'Weights')).toBe('4.1 kB')
      expect(await fact(section, 'Licence')).toBe('Apache-2.0')
      const files = await namesIn(page, 'Files of the model')
      expect(files).toEqual(['model.safetensors', 'README.md'])
      await page.getByRole('link', { name: 'Tags', exact: true }).click()
      const row = page.getByRole('row', { name: /v1/ })
      await row.getByText('Model', { exact: true }).waitFor()
      await row.getByRole('button', { name: `oras pull ${host}/acme/reviews:v1` }).waitFor()
    })
    await visiting('reader', `${api}/about`, async (page) => {
      await page.getByRole('region', { name: 'README' }).waitFor()
      expect(await page.getByRole('region', { name: 'Model' }).count()).toBe(0)
    })
  })
})

describe('the manifests of a repository', () => {
  it('stand with those that have no tag, and go with what they free', async () => {
    await visiting('maintainer', `${api}/manifests`, async (page) => {
      const { items } = (await berth.manage('GET', '/repositories/acme%2Fapi/manifests')) as {
        items: { digest: string; tags: string[]; subject: string | null }[]
      }
      const short = (digest: string) => digest.slice(0, 19)
      expect(await namesIn(page, 'Manifests')).toEqual(items.map(({ digest }) => short(digest)))
      const bundle = items.find(({ subject }) => subject !== null)
      if (!bundle) throw new Error('the seed holds a signature')
      await page
        .getByRole('button', { name: `Delete the manifest ${short(bundle.digest)}` })
        .click()
      const dialog = page.getByRole('dialog', { name: 'Delete this manifest?' })
      await dialog.getByText(/^This frees/).waitFor()
      await dialog.getByRole('textbox').fill(short(bundle.digest))
      await dialog.getByRole('button', { name: 'Delete' }).click()
      await page.getByText('The manifest is deleted.').waitFor()
      await expect.poll(() => namesIn(page, 'Manifests')).not.toContain(short(bundle.digest))
    })
  })
})

describe('the settings of a repository', () => {
  it('change its description, tell which rule keeps a tag, and show the policy', async () => {
    await visiting('maintainer', `${api}/settings`, async (page) => {
      await page.getByRole('textbox', { name: 'Description' }).fill('What the shop runs on')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Saved.').waitFor()
      const { description } = await berth.manage('GET', '/repositories/acme%2Fapi')
      expect(description).toBe('What the shop runs on')
      await page.getByRole('textbox', { name: 'Try a tag' }).fill('2.0.0')
      await page.getByRole('button', { name: 'Try' }).click()
      await page.getByText('2.0.0 is immutable: the rule for the tags 2.*').waitFor()
      expect(await namesIn(page, 'Policy')).toEqual(['no-critical', 'mended-in-time', 'signed'])
    })
  })

  it('are only looked at by a reader who comes by the address', async () => {
    await visiting('reader', `${api}/settings`, async (page) => {
      await page.getByText('You may look at these settings').waitFor()
      expect(await page.getByRole('button', { name: 'Delete the repository' }).count()).toBe(0)
    })
    expect(await statusFor('reader', 'DELETE', '/repositories/acme%2Fapi')).toBe(403)
  })

  it('keep a repository with an immutable tag, and delete another', async () => {
    const remove = async (page: Page, name: string) => {
      await page.getByRole('button', { name: 'Delete the repository' }).click()
      const dialog = page.getByRole('dialog', { name: `Delete ${name}?` })
      await dialog.getByRole('textbox').fill(name)
      await dialog.getByRole('button', { name: 'Delete' }).click()
      return dialog
    }
    await visiting('maintainer', `${worker}/settings`, async (page) => {
      const dialog = await remove(page, 'acme/worker')
      await dialog.getByRole('alert').getByText('immutable').waitFor()
    })
    await pushArtifact(berth.berth, 'acme/retired', 'v1', {
      config: { mediaType: 'application/vnd.oci.empty.v1+json', content: '{}' },
      layers: [{ mediaType: 'text/plain', content: 'retired' }],
    })
    await visiting('maintainer', '/repositories/acme%2Fretired/settings', async (page) => {
      await remove(page, 'acme/retired')
      await page.waitForURL(/\/repositories$/)
      await page.getByText('acme/retired is deleted.').waitFor()
    })
    const { tags } = (await berth.manage('GET', '/repositories/acme%2Fretired')) as {
      tags: { count: number }
    }
    expect(tags.count).toBe(0)
  })
})

describe.each(['light', 'dark'] as const)('the editor in %s', (scheme) => {
  it('has nothing that axe finds', async () => {
    await visiting(
      'maintainer',
      `${api}/about`,
      async (page) => {
        await page.getByRole('button', { name: 'Edit' }).click()
        await page.getByRole('textbox', { name: 'README, as Markdown' }).waitFor()
        expect(await violationsIn(page)).toEqual([])
      },
      { scheme },
    )
  })
})

it('tells that a repository does not exist', async () => {
  await visiting('reader', '/repositories/acme%2Fnone', async (page) => {
    await page.getByRole('heading', { name: 'There is no such thing here' }).waitFor()
  })
})
