/**
 * Opens pages of a running Berth in Chromium, as its administrator, and tells as JSON what each cost, for the benchmark
 * `console`. What it is given is JSON, too: see `Given`.
 */
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
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
  /** Until the largest paint. */
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
    paint: () => number
    interaction: () => number
    input: number
  }
}

const given = JSON.parse(process.argv[2] ?? '') as Given
const restMs = 400
/** The browser makes a window with pages of its own, which costs more than the page that is measured. */
const windowMs = 2500
const scrolledBy = 3000
const scrolls = 15

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
})
try {
  const all: Figures[] = []
  const cookies = await signIn(browser)
  for (const visit of visitsOf(given)) {
    const figures = emptyFigures(visit)
    // The first one warms the server and the browser.
    for (let round = 0; round <= given.rounds; round += 1) {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
      await context.addCookies(cookies)
      await measure(context, visit, round === 0 ? emptyFigures(visit) : figures)
      await context.close()
    }
    all.push(figures)
    process.stderr.write(`${visit.name}: ${figures.paint.map(Math.round).join(', ')} ms\n`)
  }
  process.stdout.write(`${JSON.stringify(all)}\n`)
} finally {
  await browser.close()
}

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

async function signIn(browser: Browser): Promise<Awaited<ReturnType<BrowserContext['cookies']>>> {
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
  const complete = await momentOf(page, { selector: '.mantine-Skeleton-root', isGone: true })
  figures.complete.push(complete)
  figures.script.push(script / 1000)
  figures.requests.push(requests)
  await page.waitForTimeout(restMs)
  const paint = await page.evaluate(() => (globalThis as Noted).berth.paint())
  if (paint === 0) throw new Error(`${visit.path}: the browser told of no paint`)
  figures.paint.push(paint)
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
  let paint = 0
  let interaction = 0
  const notePaints = (entries: PerformanceEntryList) => {
    for (const { startTime } of entries) paint = startTime
  }
  const noteEvents = (entries: PerformanceEntryList) => {
    for (const entry of entries as (PerformanceEntry & { interactionId: number })[]) {
      if (entry.interactionId > 0) interaction = Math.max(interaction, entry.duration)
    }
  }
  const paints = new PerformanceObserver((list) => notePaints(list.getEntries()))
  paints.observe({ type: 'largest-contentful-paint', buffered: true })
  const events = new PerformanceObserver((list) => noteEvents(list.getEntries()))
  events.observe({
    type: 'event',
    durationThreshold: 16,
    buffered: true,
  } as PerformanceObserverInit)
  const berth = {
    paint() {
      notePaints(paints.takeRecords())
      return paint
    },
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
