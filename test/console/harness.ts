import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Browser,
  type BrowserContext,
  chromium,
  type Page,
  type Request,
} from 'playwright-core'
import { type Berth, type BerthOptions, startBerth } from '../tools/berth.ts'
import { requireTool, run } from '../tools/process.ts'
import { manage, password, push, type Role, seed } from './seed.ts'

export type Look = {
  /** Pixels: 1440 for a desk, 390 for a phone. Default: 1440. */
  readonly width?: number
  readonly scheme?: 'light' | 'dark'
}

/** A page of a person, with what went wrong in it. */
export type Visit = {
  readonly page: Page
  readonly context: BrowserContext
  /** Violations of the content security policy, errors that nobody caught, errors on the browser's console. */
  readonly troubles: string[]
  /** Goes to another page inside the console, as a link of it does: nothing is loaded again. */
  go(path: string): Promise<void>
  /** Until no request is under way and the browser has nothing left to do. */
  rest(): Promise<void>
  close(): Promise<void>
}

/** A Berth with content and a browser before it. */
export type Console = {
  readonly berth: Berth
  readonly browser: Browser
  /** Opens a page as somebody who has signed in; `undefined`: nobody has. Waits until it has nothing left to load. */
  open(role: Role | undefined, path: string, look?: Look): Promise<Visit>
  /** Calls the management API as the administrator. */
  manage(method: string, path: string, body?: object): Promise<Record<string, unknown>>
  /** Pushes a small image. */
  push(repository: string, tag: string): Promise<void>
  stop(): Promise<void>
}

const root = join(import.meta.dirname, '../..')

/** Starts both. The console must have been built; it is built here when it was not. */
export async function startConsole(
  options: BerthOptions & { isEmpty?: boolean } = {},
): Promise<Console> {
  await build()
  const { isEmpty = false, ...others } = options
  const berth = await startBerth(others)
  let browser: Browser | undefined
  try {
    if (!isEmpty) await seed(berth)
    browser = await launch()
    const opened = browser
    const cookies = new Map<Role, Awaited<ReturnType<BrowserContext['cookies']>>>()
    return {
      berth,
      browser: opened,
      manage: (method, path, body) => manage(berth, method, path, body),
      async push(repository, tag) {
        const folder = await mkdtemp(join(tmpdir(), 'berth-push-'))
        const layer = { instruction: 'COPY a /', files: { a: `${repository}:${tag}` } }
        const images = [{ created: '2026-11-01T00:00:00Z', layers: [layer] }]
        await push(berth, folder, { repository, tags: [tag], images })
        await rm(folder, { recursive: true, force: true })
      },
      async open(role, path, look = {}) {
        const visit = await visitOf(opened, berth, look)
        if (role !== undefined) {
          const known = cookies.get(role)
          if (known) await visit.context.addCookies(known)
          else {
            await signIn(visit.context, berth, role)
            cookies.set(role, await visit.context.cookies())
          }
        }
        await visit.page.goto(`${berth.origin}${path}`)
        await settled(visit.page)
        return visit
      },
      async stop() {
        await opened.close()
        await berth.stop()
      },
    }
  } catch (error) {
    await browser?.close()
    await berth.stop()
    throw new Error(`The content could not be made. ${berth.logs().slice(-3000)}`, { cause: error })
  }
}

/** Until nothing is loading: no skeleton stands in the page, and no request is under way. */
export async function settled(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle')
  const unsettled = '.berth-bone, [aria-busy=true]'
  await page.waitForFunction((selector) => document.querySelector(selector) === null, unsettled)
}

async function build(): Promise<void> {
  if (process.env.BERTH_CONSOLE_DIRECTORY !== undefined) return
  if (existsSync(join(root, 'packages/console/dist/index.html'))) return
  const { status, output } = await run(process.execPath, [join(root, 'scripts/build-console.ts')])
  if (status !== 0) throw new Error(`The console cannot be built.\n${output}`)
}

function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: requireTool('chromium'),
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  })
}

async function visitOf(browser: Browser, berth: Berth, look: Look): Promise<Visit> {
  const { width = 1440, scheme = 'light' } = look
  const context = await browser.newContext({
    baseURL: berth.origin,
    viewport: { width, height: width < 600 ? 844 : 900 },
    colorScheme: scheme,
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
    locale: 'en-GB',
  })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const troubles: string[] = []
  await page.exposeFunction('berthTrouble', (text: string) => troubles.push(text))
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      const tell = (globalThis as unknown as { berthTrouble: (text: string) => void }).berthTrouble
      tell(`policy: ${violatedDirective} ${blockedURI}`)
    })
  })
  page.on('pageerror', (error) => troubles.push(`error: ${error.message}`))
  page.on('console', (message) => {
    // What the server refuses, the browser writes there too; that is for each test to judge.
    if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return
    troubles.push(`console: ${message.text()}`)
  })
  const underWay = requestsUnderWay(page)
  const rest = async () => {
    const deadline = Date.now() + 30_000
    for (;;) {
      await idle(page)
      if (underWay.size === 0 && (await page.locator('.berth-bone').count()) === 0) return
      if (Date.now() > deadline) {
        throw new Error(
          `${page.url()} waits for ${[...underWay].map((each) => each.url()).join(' ')}`,
        )
      }
      await sleep(20)
    }
  }
  const go = async (path: string) => {
    await page.evaluate((to) => history.pushState(null, '', to), path)
    await rest()
  }
  return { page, context, troubles, go, rest, close: () => context.close() }
}

function requestsUnderWay(page: Page): Set<Request> {
  const underWay = new Set<Request>()
  page.on('request', (request) => underWay.add(request))
  page.on('requestfinished', (request) => underWay.delete(request))
  page.on('requestfailed', (request) => underWay.delete(request))
  return underWay
}

/** Until the browser has nothing to do in the page. Headless it may stop to draw, and then tells of no frame: no longer than that. */
function idle(page: Page): Promise<void> {
  return page.evaluate(
    () => new Promise((done) => requestIdleCallback(() => done(), { timeout: 1000 })),
  )
}

async function signIn(context: BrowserContext, berth: Berth, role: Role): Promise<void> {
  const isAdministrator = role === 'admin'
  const answer = await context.request.post(`${berth.origin}/api/v1/session`, {
    data: {
      name: isAdministrator ? berth.username : role,
      password: isAdministrator ? berth.password : password,
    },
  })
  if (!answer.ok()) throw new Error(`${role} cannot sign in: ${await answer.text()}`)
}
