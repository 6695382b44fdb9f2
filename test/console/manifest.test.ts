import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Console, startConsole } from './harness.ts'
import type { Role } from './seed.ts'

const api = '/repositories/acme%2Fapi'
const images = `${api}/images`

type Manifest = {
  digest: string
  children: { digest: string }[]
  config: { digest: string } | null
}

let berth: Console
beforeAll(async () => {
  berth = await startConsole()
})
afterAll(() => berth?.stop())

/** Opens a page, and closes it whatever happens; nothing may have gone wrong in it. */
async function on(role: Role, path: string, use: (page: Page) => Promise<void>): Promise<void> {
  const { page, troubles, close } = await berth.open(role, path)
  try {
    await use(page)
    expect(troubles).toEqual([])
  } finally {
    await close()
  }
}

async function manifestOf(reference: string): Promise<Manifest> {
  return (await berth.manage('GET', `${api}/manifests/${reference}`)) as unknown as Manifest
}

/** The digest of what the section offers to download. */
async function digestOfDownload(page: Page, section: string): Promise<string> {
  const link = page.getByRole('link', { name: `Download: ${section}` })
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()])
  expect(download.suggestedFilename()).toMatch(/^acme_api-sha256_.+\.json$/)
  const bytes = await readFile(await download.path())
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

async function jsonOf(page: Page, section: string): Promise<string> {
  const box = page.getByRole('region', { name: `${section} as JSON` })
  await box.waitFor()
  return box.innerText()
}

test('the manifest and the configuration of an image are shown as they were pushed', async () => {
  const { digest, config } = await manifestOf('1.0.0')
  await on('reader', `${images}/1.0.0`, async (page) => {
    await page.getByRole('link', { name: 'Manifest', exact: true }).focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(/images\/1\.0\.0\/manifest/)
    const manifest = await jsonOf(page, 'Manifest')
    expect(JSON.parse(manifest)).toMatchObject({ schemaVersion: 2, config })
    // One member in each line.
    expect(manifest).toMatch(/\n {2}"config": \{\n/)
    const main = page.getByRole('main')
    await main.getByText(digest, { exact: true }).waitFor()
    await main.getByText(config?.digest ?? 'no config', { exact: true }).waitFor()
    expect(JSON.parse(await jsonOf(page, 'Configuration'))).toMatchObject({
      os: 'linux',
      config: { Entrypoint: ['/usr/local/bin/api'] },
    })
    expect(await page.getByRole('region', { name: 'Index as JSON' }).count()).toBe(0)
    expect(await digestOfDownload(page, 'Manifest')).toBe(digest)
    expect(await digestOfDownload(page, 'Configuration')).toBe(config?.digest)
  })
})

test('copying gives the bytes that the digest is of', async () => {
  const { digest } = await manifestOf('1.0.0')
  const { page, context, close } = await berth.open('reader', `${images}/1.0.0/manifest`)
  try {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByRole('button', { name: 'Copy: Manifest' }).click()
    await page.getByRole('button', { name: 'Copied: Manifest' }).waitFor()
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    expect(`sha256:${createHash('sha256').update(copied).digest('hex')}`).toBe(digest)
  } finally {
    await close()
  }
})

test('of an index it shows the index, and the manifest of the platform that was chosen', async () => {
  const index = await manifestOf('1.10.0')
  const arm = await manifestOf(index.children[1]?.digest ?? '')
  await on('reader', `${images}/1.10.0/manifest?platform=linux%2Farm64`, async (page) => {
    const listed = JSON.parse(await jsonOf(page, 'Index')) as { manifests: { digest: string }[] }
    expect(listed.manifests.map(({ digest }) => digest)).toEqual(
      index.children.map(({ digest }) => digest),
    )
    expect(JSON.parse(await jsonOf(page, 'Configuration'))).toMatchObject({ architecture: 'arm64' })
    expect(await digestOfDownload(page, 'Index')).toBe(index.digest)
    expect(await digestOfDownload(page, 'Manifest')).toBe(arm.digest)
    await page.getByLabel('Platform').selectOption('linux/amd64')
    await page.waitForURL(/platform=linux%2Famd64/)
    await expect.poll(() => jsonOf(page, 'Configuration')).toContain('"amd64"')
  })
})

test('who may not see the repository gets neither the page nor the JSON', async () => {
  const { page, context, close } = await berth.open('stranger', `${images}/1.0.0/manifest`)
  try {
    await page.getByText('There is no such thing here').waitFor()
    const path = `${berth.berth.origin}/api/v1${api}/manifests/1.0.0/content`
    expect((await context.request.get(path)).status()).toBe(404)
  } finally {
    await close()
  }
})
