import { afterAll, beforeAll, expect, test } from 'vitest'
import { findTool, freePort } from '../tools/process.ts'
import { type Console, settled, startConsole } from './harness.ts'
import { type Nginx, startNginx } from './nginx.ts'

const isSkipped = findTool('nginx') === undefined && process.env.CI !== 'true'

let berth: Console | undefined
let nginx: Nginx | undefined
beforeAll(async () => {
  if (isSkipped) return
  const port = await freePort()
  berth = await startConsole({
    isEmpty: true,
    env: { BERTH_HTTP__EXTERNAL_URL: `http://127.0.0.1:${port}/berth` },
  })
  // The path is passed on as it was asked for: names with slashes keep their escapes.
  nginx = await startNginx(
    port,
    `location /berth/ {
      if ($request_uri ~ ^/berth(?<below>/.*)$) { set $path $below; }
      proxy_pass http://127.0.0.1:${berth.berth.port}$path;
    }`,
  )
  // Clients are sent to nginx for their token.
  await berth.push('acme/api', '1.0.0')
})
afterAll(async () => {
  await nginx?.stop()
  await berth?.stop()
})

test.skipIf(isSkipped)(
  'below a path of nginx: sign in, search, deep link, load anew, layers, sign out',
  async () => {
    if (!berth || !nginx) throw new Error('nothing was started')
    const visit = await berth.open(undefined, '/api/v1/session')
    const { page, context, troubles } = visit
    page.setDefaultTimeout(60_000)
    const root = `${nginx.origin}/berth`
    const elsewhere: string[] = []
    page.on('request', (request) => {
      if (!request.url().startsWith(`${root}/`)) elsewhere.push(request.url())
    })
    try {
      await page.goto(`${root}/repositories`)
      await settled(page)
      await page.goto(`${root}/sign-in?returnTo=%2Fprojects`)
      await page.getByLabel('Name').fill(berth.berth.username)
      await page.getByLabel('Password', { exact: true }).fill(berth.berth.password)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Projects', level: 1 }).waitFor()
      expect(page.url()).toBe(`${root}/projects`)

      await page.keyboard.press('/')
      await page.keyboard.type('api')
      await page.getByRole('option', { name: 'acme/api' }).first().click()
      await page.getByRole('heading', { name: 'acme/api', level: 1 }).waitFor()
      expect(page.url()).toContain(`${root}/repositories/acme%2Fapi`)

      await page.goto(`${root}/repositories/acme%2Fapi/images/1.0.0`)
      const layers = page.getByRole('table', { name: 'Layers' })
      await layers.getByText('COPY a /').waitFor()
      await page.reload()
      await layers.getByText('COPY a /').waitFor()
      await page
        .getByRole('navigation', { name: 'Main' })
        .getByRole('link', { name: 'Jobs' })
        .click()
      await page.getByRole('heading', { name: 'Jobs', level: 1 }).waitFor()
      await page.goBack()
      await layers.getByText('COPY a /').waitFor()
      expect(
        await page
          .locator('img[alt=""]')
          .first()
          .evaluate((it) => (it as HTMLImageElement).naturalWidth),
      ).toBeGreaterThan(0)

      await page.getByRole('button', { name: 'Account of admin' }).click()
      await page.getByRole('menuitem', { name: 'Sign out' }).click()
      await page.getByLabel('Name').waitFor()
      expect(page.url()).toBe(`${root}/sign-in`)
      const session = await context.request.get(`${root}/api/v1/session`)
      expect(await session.text()).not.toContain('"admin"')
      expect(elsewhere).toEqual([])
      expect(troubles).toEqual([])
    } finally {
      await visit.close()
    }
  },
)
