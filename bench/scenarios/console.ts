import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { loadTags, repositoryName, type StoreShape } from '../load-store.ts'
import { startBerth } from '../peers/berth.ts'
import { median } from '../statistics.ts'
import { limitBar, type Context, type Row, type Scenario, type ScenarioResult } from './scenario.ts'

const scriptBar = 'first load: <= 350 kB of compressed JavaScript'
const paintBar = 'largest paint <= 1 s'
const interactionBar = 'interaction <= 100 ms'

export const consolePages: Scenario = {
  name: 'console',
  title: 'The console before 100,000 repositories and a repository of 50,000 tags, in Chromium',
  heavy: true,
  berthOnly: true,
  bars: [scriptBar, paintBar, interactionBar],
  run,
}

type Figures = { paint: number[]; interaction: number[]; script: number[] }

/** What is opened, and what is done there. */
type Visit = { readonly name: string; path: string; act(page: Page): Promise<void> }

async function run(context: Context): Promise<ScenarioResult> {
  const { workspace, settings } = context
  const scale = settings.quick ? 10 : 1
  const shape: StoreShape = {
    largeRepositories: 1,
    tagsInLarge: 50_000 / scale,
    smallRepositories: 100_000 / scale,
  }
  const directory = workspace.folder('console')
  await loadTags(join(directory, 'data'), shape)
  const berth = await startBerth(workspace, {}, directory)
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  })
  try {
    const rows: Row[] = []
    const bars = { paint: 0, interaction: 0, script: 0 }
    for (const visit of visits(shape)) {
      const figures: Figures = { paint: [], interaction: [], script: [] }
      // The first one warms the server and the browser.
      for (let round = 0; round <= settings.rounds; round += 1) {
        await measure(browser, berth.url, visit, figures, round > 0)
      }
      rows.push({
        contender: 'berth',
        work: visit.name,
        unit: 'ms until the largest paint',
        values: figures.paint,
        further: {
          'interaction ms': median(figures.interaction),
          'script kB': median(figures.script),
        },
      })
      bars.paint = Math.max(bars.paint, median(figures.paint))
      bars.interaction = Math.max(bars.interaction, median(figures.interaction))
      bars.script = Math.max(bars.script, median(figures.script))
      context.log(
        `${visit.name}: paint ${median(figures.paint).toFixed(0)} ms, interaction ${median(figures.interaction).toFixed(0)} ms`,
      )
    }
    return {
      rows,
      bars: [
        limitBar(scriptBar, bars.script, 350, 'kB'),
        limitBar(paintBar, bars.paint, 1000, 'ms'),
        limitBar(interactionBar, bars.interaction, 100, 'ms'),
      ],
      notes: [
        'A new browser profile each time, nothing cached, 1440 x 900. Interaction: the longest from a key or a click until the next frame is painted, as the browser itself reports it (Event Timing).',
      ],
    }
  } finally {
    await browser.close()
    await berth.stop()
  }
}

function visits(shape: StoreShape): Visit[] {
  const large = encodeURIComponent(repositoryName(shape, 0))
  const scroll = async (page: Page) => {
    for (let step = 0; step < 5; step += 1) {
      await page.mouse.wheel(0, 4000)
      await page.waitForTimeout(150)
    }
  }
  return [
    {
      name: 'home',
      path: '/',
      act: (page) => page.getByRole('combobox').first().pressSequentially('small', { delay: 40 }),
    },
    {
      name: 'repositories: filter, sort, scroll',
      path: '/repositories',
      async act(page) {
        await page
          .getByRole('main')
          .getByRole('textbox')
          .first()
          .pressSequentially('0471', { delay: 40 })
        await page.waitForTimeout(400)
        await page.getByRole('main').getByRole('textbox').first().fill('')
        await page.mouse.move(700, 600)
        await scroll(page)
      },
    },
    {
      name: 'tags: filter, scroll',
      path: `/repositories/${large}`,
      async act(page) {
        await page
          .getByRole('main')
          .getByRole('textbox')
          .first()
          .pressSequentially('v0123', { delay: 40 })
        await page.waitForTimeout(400)
        await page.mouse.move(700, 600)
        await scroll(page)
      },
    },
  ]
}

async function measure(
  browser: Browser,
  url: string,
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
  // As text: it runs in the page, and this file knows no browser's types.
  await page.addInitScript(`
    globalThis.berthPaint = 0
    globalThis.berthInteraction = 0
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) globalThis.berthPaint = entry.startTime
    }).observe({ type: 'largest-contentful-paint', buffered: true })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        if (entry.interactionId > 0) globalThis.berthInteraction = Math.max(globalThis.berthInteraction, entry.duration)
      }
    }).observe({ type: 'event', durationThreshold: 16, buffered: true })
  `)
  try {
    await page.goto(`${url}${visit.path}`)
    await page.waitForLoadState('networkidle')
    const first = script
    const paint = Number(await page.evaluate('globalThis.berthPaint'))
    await visit.act(page)
    await page.waitForTimeout(300)
    const interaction = Number(await page.evaluate('globalThis.berthInteraction'))
    if (!counts) return
    figures.paint.push(paint)
    figures.interaction.push(interaction)
    figures.script.push(first / 1000)
  } finally {
    await context.close()
  }
}
