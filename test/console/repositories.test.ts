import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pushArtifact } from './artifacts.ts'
import { type Console, type Look, settled, startConsole, type Visit } from './harness.ts'
import { askAs, namesIn, visitAs } from './look.ts'
import { password, type Role } from './seed.ts'

let berth: Console
const api = '/repositories/acme%2Fapi'
const worker = '/repositories/acme%2Fworker'

beforeAll(async () => {
  berth = await startConsole()
  // As `helm push` makes it.
  await pushArtifact(berth.berth, 'acme/chart', '1.2.3_build', {
    config: {
      mediaType: 'application/vnd.cncf.helm.config.v1+json',
      content: '{"name":"chart"}',
    },
    layers: [
      {
        mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
        content: 'chart',
      },
    ],
  })
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

type Items = { items: { name: string }[] }
const namesOf = (answer: unknown) => (answer as Items).items.map(({ name }) => name)

describe('the list of repositories', () => {
  it('shows what may be pulled, sorts and filters by the address', async () => {
    await visiting('admin', '/repositories', async (page) => {
      const all = namesOf(await berth.manage('GET', '/repositories'))
      expect(await namesIn(page, 'Repositories')).toEqual(all)
      await page.getByRole('button', { name: 'Size' }).press('Enter')
      await page.waitForURL(/sort=size&order=descending/)
      await settled(page)
      const bySize = namesOf(await berth.manage('GET', '/repositories?sort=size'))
      expect(await namesIn(page, 'Repositories')).toEqual(bySize)
      await page.getByRole('textbox', { name: 'Part of the name' }).fill('ml/')
      await page.waitForURL(/contains=ml/)
      await expect.poll(() => namesIn(page, 'Repositories')).toEqual(['acme/ml/trainer'])
    })
  })

  it('is a deep link, says when nothing fits, and takes no letters that no name has', async () => {
    await visiting('owner', '/repositories?contains=zzz', async (page) => {
      await page.getByRole('heading', { name: 'Nothing fits these filters' }).waitFor()
      await page.getByRole('button', { name: 'Clear the filters' }).last().click()
      await expect.poll(() => namesIn(page, 'Repositories')).toContain('acme/api')
      await page.getByRole('textbox', { name: 'Part of the name' }).fill('a b')
      await page.getByRole('alert').getByText('Names hold only').waitFor()
    })
  })

  it('is narrowed to a project', async () => {
    await visiting('admin', '/repositories', async (page) => {
      await page.getByRole('combobox', { name: 'Project' }).fill('acme/m')
      await page.getByRole('option', { name: 'acme/ml' }).click()
      await page.waitForURL(/project=acme/)
      await expect.poll(() => namesIn(page, 'Repositories')).toEqual(['acme/ml/trainer'])
    })
  })

  it('shows to others only what they may pull', async () => {
    for (const role of [undefined, 'stranger'] as const) {
      await visiting(role, '/repositories', async (page) => {
        expect(await namesIn(page, 'Repositories')).toEqual(['library/debian'])
      })
    }
  })
})

describe('the tags of a repository', () => {
  it('stand in the order of versions, with platforms, signatures and findings in words', async () => {
    await visiting('reader', api, async (page) => {
      const versions = '/repositories/acme%2Fapi/tags?sort=version'
      expect(await namesIn(page, 'Tags')).toEqual(namesOf(await berth.manage('GET', versions)))
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
      await expect.poll(() => namesIn(page, 'Tags')).not.toContain('1.1.0')
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
