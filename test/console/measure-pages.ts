/**
 * Opens pages of a running Berth in Chromium, as its administrator, and tells as JSON what each cost, for the benchmark
 * `console`. What it is given is JSON, too: see `Given`.
 */
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { BareBrowser, windowMs } from './bare-load.ts'
import { type Sight, type Step, type Visit, visitsOf } from './measure-visits.ts'

type Given = Parameters<typeof visitsOf>[0] & {
  readonly url: string
  readonly name: string
  readonly password: string
  readonly rounds: number
}
/** One value a round, in milliseconds unless it says otherwise. */
type Figures = {
  name: string
  /** Until the largest paint, while nobody looks on. */
  paint: number[]
  /** Until nothing is loading any more. */
  complete: number[]
  /** Of compressed JavaScript, in kB. */
  script: number[]
  requests: number[]
  /** The longest frame while the table scrolls; empty where there is none. */
  frame: number[]
  steps: StepFigures[]
}
type StepFigures = {
  name: string
  /** From a key or a click until the next paint, the longest: Event Timing. */
  interaction: number[]
  /** From the last key or click until the result is there. */
  result: number[]
}
type Noted = typeof globalThis & {
  berth: {
    interaction: () => number
    input: number
  }
}

const given = JSON.parse(process.argv[2] ?? '') as Given
const restMs = 400
const scrolledBy = 3000
const scrolls = 15

const visits = visitsOf(given)
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
})
const all = visits.map(emptyFigures)
try {
  const cookies = await signIn(browser)
  for (const [position, visit] of visits.entries()) {
    const figures = all[position] ?? emptyFigures(visit)
    // The first one warms the server and the browser.
    for (let round = 0; round <= given.rounds; round += 1) {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
      await context.addCookies(cookies)
      await measure(context, visit, round === 0 ? emptyFigures(visit) : figures)
      await context.close()
    }
  }
  await measurePaints(cookies)
} finally {
  await browser.close()
}
process.stdout.write(`${JSON.stringify(all)}\n`)

function emptyFigures({ name, steps }: Visit): Figures {
  return {
    name,
    paint: [],
    complete: [],
    script: [],
    requests: [],
    frame: [],
    steps: steps.map((step) => ({ name: step.name, interaction: [], result: [] })),
  }
}

async function signIn(browser: Browser): Promise<Cookies> {
  const context = await browser.newContext()
  const { name, password } = given
  const answer = await context.request.post(`${given.url}/api/v1/session`, {
    data: { name, password },
  })
  if (!answer.ok()) throw new Error(`${name} cannot sign in: ${await answer.text()}`)
  const cookies = await context.cookies()
  await context.close()
  return cookies
}

type Cookies = Awaited<ReturnType<BrowserContext['cookies']>>

async function measurePaints(cookies: Cookies): Promise<void> {
  const bare = await BareBrowser.start()
  try {
    for (const [position, { path }] of visits.entries()) {
      for (let round = 0; round <= given.rounds; round += 1) {
        const paint = await bare.largestPaint(`${given.url}${path}`, cookies)
        if (round > 0) all[position]?.paint.push(paint)
      }
    }
  } finally {
    await bare.close()
  }
}

async function measure(context: BrowserContext, visit: Visit, figures: Figures): Promise<void> {
  const page = await context.newPage()
  let script = 0
  let requests = 0
  page.on('response', (response) => {
    requests += 1
    if (response.request().resourceType() === 'script') {
      script += Number(response.headers()['content-length'] ?? 0)
    }
  })
  await page.addInitScript(observe)
  await page.waitForTimeout(windowMs)
  await page.goto(`${given.url}${visit.path}`)
  await momentOf(page, { selector: 'main h1' })
  const complete = await momentOf(page, { selector: '.berth-bone', isGone: true })
  figures.complete.push(complete)
  figures.script.push(script / 1000)
  figures.requests.push(requests)
  await page.waitForTimeout(restMs)
  if (visit.scrolls === true) figures.frame.push(await scroll(page))
  for (const [position, step] of visit.steps.entries()) {
    const measured = figures.steps[position]
    if (measured) await take(page, step, measured)
  }
}

/** When it comes into sight, by the clock of the page, which is looked at every frame. */
async function momentOf(page: Page, sight: Sight): Promise<number> {
  const handle = await page.waitForFunction(
    ({ selector, text = '', every = false, isGone = false }) => {
      const found = [...document.querySelectorAll(selector)]
      const isRight = (element: Element) => element.textContent.includes(text)
      const [first] = found
      const isThere = every ? found.every(isRight) : first !== undefined && isRight(first)
      const isSeen = isGone ? first === undefined : first !== undefined && isThere
      return isSeen ? performance.now() : undefined
    },
    sight,
    { polling: 'raf' },
  )
  return (await handle.jsonValue()) ?? 0
}

async function take(page: Page, step: Step, figures: StepFigures): Promise<void> {
  await page.evaluate(() => (globalThis as Noted).berth.interaction())
  await step.act(page)
  const shown = await momentOf(page, step.shows).catch((cause: unknown) => {
    throw new Error(`"${step.name}" on ${page.url()} has shown nothing`, { cause })
  })
  figures.result.push(shown - (await page.evaluate(() => (globalThis as Noted).berth.input)))
  await page.waitForTimeout(restMs)
  figures.interaction.push(await page.evaluate(() => (globalThis as Noted).berth.interaction()))
}

/** The longest time between two frames while the wheel turns, in milliseconds. Ends where it began. */
async function scroll(page: Page): Promise<number> {
  await page.mouse.move(700, 600)
  const longest = page.evaluate(async () => {
    let longest = 0
    let before = performance.now()
    const until = before + 2500
    while (before < until) {
      const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve))
      longest = Math.max(longest, now - before)
      before = now
    }
    return longest
  })
  for (let step = 0; step < scrolls; step += 1) {
    await page.mouse.wheel(0, scrolledBy)
    await page.waitForTimeout(100)
  }
  const frame = await longest
  await page.mouse.wheel(0, -scrolledBy * scrolls * 2)
  await page.waitForTimeout(restMs)
  return frame
}

/** Runs in the page, before anything else. */
function observe(): void {
  let interaction = 0
  const noteEvents = (entries: PerformanceEntryList) => {
    for (const entry of entries as (PerformanceEntry & { interactionId: number })[]) {
      if (entry.interactionId > 0) interaction = Math.max(interaction, entry.duration)
    }
  }
  const events = new PerformanceObserver((list) => noteEvents(list.getEntries()))
  events.observe({
    type: 'event',
    durationThreshold: 16,
    buffered: true,
  } as PerformanceObserverInit)
  const berth = {
    /** The longest since it was asked last. */
    interaction() {
      noteEvents(events.takeRecords())
      const longest = interaction
      interaction = 0
      return longest
    },
    input: 0,
  }
  for (const kind of ['keydown', 'pointerdown']) {
    addEventListener(kind, ({ timeStamp }) => (berth.input = timeStamp), { capture: true })
  }
  Object.assign(globalThis, { berth })
}
