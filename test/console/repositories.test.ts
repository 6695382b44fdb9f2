import { createHash } from 'node:crypto'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Console, type Look, settled, startConsole, type Visit } from './harness.ts'
import { password, type Role } from './seed.ts'

let berth: Console
const api = '/repositories/acme%2Fapi'
const worker = '/repositories/acme%2Fworker'

beforeAll(async () => {
  berth = await startConsole()
  await pushChart()
})

afterAll(async () => {
  await berth?.stop()
})

/** Does something on a page that was opened, and looks that nothing went wrong in it. */
async function visiting(
  role: Role | undefined,
  path: string,
  doing: (page: Page, visit: Visit) => Promise<void>,
  look: Look = {},
): Promise<void> {
  const visit = await berth.open(role, path, look)
  try {
    await doing(visit.page, visit)
    expect(visit.troubles).toEqual([])
  } finally {
    await visit.close()
  }
}

/** What the server says to a request that the role makes itself. */
async function statusFor(role: Role, method: string, path: string, body?: object): Promise<number> {
  const basic = Buffer.from(`${role}:${password}`).toString('base64')
  const answer = await fetch(`${berth.berth.origin}/api/v1${path}`, {
    method,
    headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  return answer.status
}

/** The first column of a table. */
async function names(page: Page, table: string): Promise<string[]> {
  const cells = page.getByRole('table', { name: table }).locator('td[data-main]')
  return (await cells.allInnerTexts()).map((text) => text.trim())
}

type Items = { items: { name: string }[] }
const namesOf = (answer: unknown) => (answer as Items).items.map(({ name }) => name)

/** A Helm chart as `helm push` makes it, in acme/chart. */
async function pushChart(): Promise<void> {
  const { origin, username, password: own } = berth.berth
  const authorization = `Basic ${Buffer.from(`${username}:${own}`).toString('base64')}`
  const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
  const push = async (text: string, mediaType: string) => {
    const at = `${origin}/v2/acme/chart/blobs/uploads/?digest=${digestOf(text)}`
    const headers = { authorization, 'content-type': 'application/octet-stream' }
    const answer = await fetch(at, { method: 'POST', headers, body: text })
    if (answer.status !== 201) throw new Error(`blob: ${answer.status} ${await answer.text()}`)
    return { mediaType, digest: digestOf(text), size: text.length }
  }
  const config = await push('{"name":"chart"}', 'application/vnd.cncf.helm.config.v1+json')
  const layer = await push('chart', 'application/vnd.cncf.helm.chart.content.v1.tar+gzip')
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const answer = await fetch(`${origin}/v2/acme/chart/manifests/1.2.3_build`, {
    method: 'PUT',
    headers: { authorization, 'content-type': mediaType },
    body: JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [layer] }),
  })
  if (answer.status !== 201) throw new Error(`manifest: ${answer.status} ${await answer.text()}`)
}

describe('the list of repositories', () => {
  it('shows what may be pulled, sorts and filters by the address', async () => {
    await visiting('admin', '/repositories', async (page) => {
      const all = namesOf(await berth.manage('GET', '/repositories'))
      expect(await names(page, 'Repositories')).toEqual(all)
      await page.getByRole('button', { name: 'Size' }).press('Enter')
      await page.waitForURL(/sort=size&order=descending/)
      await settled(page)
      const bySize = namesOf(await berth.manage('GET', '/repositories?sort=size'))
      expect(await names(page, 'Repositories')).toEqual(bySize)
      await page.getByRole('textbox', { name: 'Part of the name' }).fill('ml/')
      await page.waitForURL(/contains=ml/)
      await expect.poll(() => names(page, 'Repositories')).toEqual(['acme/ml/trainer'])
    })
  })

  it('is a deep link, says when nothing fits, and takes no letters that no name has', async () => {
    await visiting('owner', '/repositories?contains=zzz', async (page) => {
      await page.getByRole('heading', { name: 'Nothing fits these filters' }).waitFor()
      await page.getByRole('button', { name: 'Clear the filters' }).last().click()
      await expect.poll(() => names(page, 'Repositories')).toContain('acme/api')
      await page.getByRole('textbox', { name: 'Part of the name' }).fill('a b')
      await page.getByRole('alert').getByText('Names hold only').waitFor()
    })
  })

  it('is narrowed to a project', async () => {
    await visiting('admin', '/repositories', async (page) => {
      await page.getByRole('combobox', { name: 'Project' }).fill('acme/m')
      await page.getByRole('option', { name: 'acme/ml' }).click()
      await page.waitForURL(/project=acme/)
      await expect.poll(() => names(page, 'Repositories')).toEqual(['acme/ml/trainer'])
    })
  })

  it('shows to others only what they may pull', async () => {
    for (const role of [undefined, 'stranger'] as const) {
      await visiting(role, '/repositories', async (page) => {
        expect(await names(page, 'Repositories')).toEqual(['library/debian'])
      })
    }
  })
})

describe('the tags of a repository', () => {
  it('stand in the order of versions, with platforms, signatures and findings in words', async () => {
    await visiting('reader', api, async (page) => {
      const versions = '/repositories/acme%2Fapi/tags?sort=version'
      expect(await names(page, 'Tags')).toEqual(namesOf(await berth.manage('GET', versions)))
      const row = (tag: string) =>
        page.getByRole('row').filter({ has: page.getByRole('link', { name: tag, exact: true }) })
      const [index, old] = [await row('1.10.0').innerText(), await row('1.1.0').innerText()]
      expect(index).toContain('linux/amd64, linux/arm64')
      expect(index).toContain('Verified')
      expect(old).toContain('None')
      expect(old).toMatch(/\d crit/)
      await page.getByRole('link', { name: '1.0.0', exact: true }).click()
      await page.waitForURL(/\/images\/1\.0\.0$/)
      await page.goBack()
      await page.getByRole('table', { name: 'Tags' }).waitFor()
    })
  })

  it('are not offered for deletion to a reader, whom the server refuses too', async () => {
    await visiting('reader', api, async (page) => {
      expect(await page.getByRole('button', { name: /^Delete the tag/ }).count()).toBe(0)
      expect(await page.getByRole('link', { name: 'Settings' }).count()).toBe(0)
    })
    expect(await statusFor('reader', 'DELETE', '/repositories/acme%2Fapi/tags/1.10')).toBe(403)
  })

  it('are deleted by keyboard after their name was typed, and the focus comes back', async () => {
    await visiting('maintainer', api, async (page) => {
      const opener = page.getByRole('button', { name: 'Delete the tag 1.1.0' })
      await opener.press('Enter')
      const dialog = page.getByRole('dialog', { name: 'Delete the tag 1.1.0?' })
      await dialog.waitFor()
      const confirm = dialog.getByRole('button', { name: 'Delete' })
      expect(await confirm.isDisabled()).toBe(true)
      await page.keyboard.press('Escape')
      await expect.poll(() => opener.evaluate((it) => it === document.activeElement)).toBe(true)
      await opener.press('Enter')
      await dialog.getByRole('textbox').fill('1.1.0')
      await page.keyboard.press('Enter')
      await page.getByText('The tag 1.1.0 is deleted.').waitFor()
      await expect.poll(() => names(page, 'Tags')).not.toContain('1.1.0')
    })
    const left = namesOf(await berth.manage('GET', '/repositories/acme%2Fapi/tags'))
    expect(left).not.toContain('1.1.0')
  })

  it('are kept by a rule, which the refusal names', async () => {
    await visiting('maintainer', worker, async (page) => {
      await page.getByRole('button', { name: 'Delete the tag 2.3.0' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('textbox').fill('2.3.0')
      await dialog.getByRole('button', { name: 'Delete' }).click()
      const alert = dialog.getByRole('alert')
      await alert.waitFor()
      expect(await alert.innerText()).toMatch(/immutable.*project acme covers.*2\.\*/s)
    })
  })
})

describe('how to pull', () => {
  it('has a line for every client, by tag and by digest, which stays in the address', async () => {
    await visiting('reader', `${api}?pull=1.10.0`, async (page) => {
      const { host } = berth.berth
      const drawer = page.getByRole('dialog', { name: 'How to pull acme/api' })
      const lines = async () => (await drawer.locator('pre').allInnerTexts()).join('\n')
      await drawer.getByText('docker pull').waitFor()
      const byTag = await lines()
      for (const tool of ['docker pull', 'podman pull', 'ctr images pull', 'nerdctl pull']) {
        expect(byTag).toMatch(new RegExp(`${tool} .*${host}/acme/api:1\\.10\\.0`))
      }
      expect(byTag).toContain(`docker://${host}/acme/api:1.10.0`)
      expect(byTag).toContain('imagePullSecrets')
      await drawer.getByText('By digest').click()
      const tag = await berth.manage('GET', '/repositories/acme%2Fapi/tags/1.10.0')
      await expect.poll(lines).toContain(`docker pull ${host}/acme/api@${String(tag.digest)}`)
      await page.keyboard.press('Escape')
      await page.waitForURL((url) => !url.search.includes('pull'))
    })
  })

  it('speaks of Helm for a chart, with the version as Helm writes it', async () => {
    const chart = '/repositories/acme%2Fchart?pull=1.2.3_build'
    await visiting('reader', chart, async (page) => {
      const line = page.getByRole('dialog').getByText(/^helm pull/)
      expect(await line.innerText()).toContain(
        `oci://${berth.berth.host}/acme/chart --version 1.2.3+build`,
      )
      expect(
        await page
          .getByRole('dialog')
          .getByText(/^docker pull/)
          .count(),
      ).toBe(0)
    })
  })
})

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

describe('the manifests of a repository', () => {
  it('stand with those that have no tag, and go with what they free', async () => {
    await visiting('maintainer', `${api}/manifests`, async (page) => {
      const { items } = (await berth.manage('GET', '/repositories/acme%2Fapi/manifests')) as {
        items: { digest: string; tags: string[]; subject: string | null }[]
      }
      const short = (digest: string) => digest.slice(0, 19)
      expect(await names(page, 'Manifests')).toEqual(items.map(({ digest }) => short(digest)))
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
      await expect.poll(() => names(page, 'Manifests')).not.toContain(short(bundle.digest))
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
      expect(await names(page, 'Policy')).toEqual(['no-critical', 'mended-in-time', 'signed'])
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
    await visiting('maintainer', '/repositories/acme%2Fchart/settings', async (page) => {
      await remove(page, 'acme/chart')
      await page.waitForURL(/\/repositories$/)
      await page.getByText('acme/chart is deleted.').waitFor()
    })
    const { tags } = (await berth.manage('GET', '/repositories/acme%2Fchart')) as {
      tags: { count: number }
    }
    expect(tags.count).toBe(0)
  })
})

describe.each(['light', 'dark'] as const)('dialogs and the editor in %s', (scheme) => {
  const faults = async (page: Page) => {
    const { violations } = await new AxeBuilder({ page }).analyze()
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
  }

  it('have nothing that axe finds', async () => {
    const open = async (path: string, doing: (page: Page) => Promise<void>) =>
      visiting('maintainer', path, doing, { scheme })
    await open(`${api}?pull=1.10.0`, async (page) => {
      await page.getByText(/^docker pull/).waitFor()
      expect(await faults(page)).toEqual([])
    })
    await open(api, async (page) => {
      await page.getByRole('button', { name: 'Delete the tag 1.0.0' }).click()
      await page.getByRole('dialog').getByRole('textbox').waitFor()
      expect(await faults(page)).toEqual([])
    })
    await open(`${api}/about`, async (page) => {
      await page.getByRole('button', { name: 'Edit' }).click()
      await page.getByRole('textbox', { name: 'README, as Markdown' }).waitFor()
      expect(await faults(page)).toEqual([])
    })
    await open(`${api}/compare?from=1.0.0&to=1.10.0`, async (page) => {
      expect(await faults(page)).toEqual([])
    })
  })
})

it('tells that a repository does not exist', async () => {
  await visiting('reader', '/repositories/acme%2Fnone', async (page) => {
    await page.getByRole('heading', { name: 'There is no such thing here' }).waitFor()
  })
})
