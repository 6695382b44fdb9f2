/**
 * Opens pages of a running Berth in Chromium and tells as JSON what each cost, for the benchmark `console`:
 *
 *   node test/console/measure-pages.ts <address> <repository with many tags> <rounds>
 */
import { type Browser, chromium, type Page } from 'playwright-core'

type Visit = { readonly name: string; readonly path: string; act(page: Page): Promise<unknown> }
type Figures = { name: string; paint: number[]; interaction: number[]; script: number[] }
type Noted = typeof globalThis & { berthPaint: number; berthInteraction: number }

const [url = '', repository = '', rounds = '5'] = process.argv.slice(2)

const scroll = async (page: Page) => {
  await page.mouse.move(700, 600)
  for (let step = 0; step < 5; step += 1) {
    await page.mouse.wheel(0, 4000)
    await page.waitForTimeout(150)
  }
}
const filter = (page: Page) => page.getByRole('main').getByRole('textbox').first()

const visits: readonly Visit[] = [
  {
    name: 'home',
    path: '/',
    act: (page) => page.getByRole('combobox').first().pressSequentially('small', { delay: 40 }),
  },
  {
    name: 'repositories: filter, scroll',
    path: '/repositories',
    async act(page) {
      await filter(page).pressSequentially('0471', { delay: 40 })
      await page.waitForTimeout(400)
      await filter(page).fill('')
      await scroll(page)
    },
  },
  {
    name: 'tags: filter, scroll',
    path: `/repositories/${encodeURIComponent(repository)}`,
    async act(page) {
      await filter(page).pressSequentially('v0123', { delay: 40 })
      await page.waitForTimeout(400)
      await filter(page).fill('')
      await scroll(page)
    },
  },
]

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
})
try {
  const all: Figures[] = []
  for (const visit of visits) {
    const figures: Figures = { name: visit.name, paint: [], interaction: [], script: [] }
    // The first one warms the server and the browser.
    for (let round = 0; round <= Number(rounds); round += 1) {
      await measure(browser, visit, figures, round > 0)
    }
    all.push(figures)
  }
  process.stdout.write(`${JSON.stringify(all)}\n`)
} finally {
  await browser.close()
}

async function measure(
  browser: Browser,
  visit: Visit,
  figures: Figures,
  counts: boolean,
): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  let script = 0
  page.on('response', (response) => {
    if (!response.url().includes('.js')) return
    script += Number(response.headers()['content-length'] ?? 0)
  })
  await page.addInitScript(() => {
    const noted = globalThis as Noted
    noted.berthPaint = 0
    noted.berthInteraction = 0
    new PerformanceObserver((list) => {
      for (const { startTime } of list.getEntries()) noted.berthPaint = startTime
    }).observe({ type: 'largest-contentful-paint', buffered: true })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { interactionId: number })[]) {
        if (entry.interactionId > 0) {
          noted.berthInteraction = Math.max(noted.berthInteraction, entry.duration)
        }
      }
    }).observe({ type: 'event', durationThreshold: 16, buffered: true } as PerformanceObserverInit)
  })
  try {
    await page.goto(`${url}${visit.path}`)
    await page.waitForLoadState('networkidle')
    const first = script
    const paint = await page.evaluate(() => (globalThis as Noted).berthPaint)
    await visit.act(page)
    await page.waitForTimeout(300)
    const interaction = await page.evaluate(() => (globalThis as Noted).berthInteraction)
    if (!counts) return
    figures.paint.push(paint)
    figures.interaction.push(interaction)
    figures.script.push(first / 1000)
  } finally {
    await context.close()
  }
}
