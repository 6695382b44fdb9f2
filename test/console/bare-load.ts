import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'

/** As Playwright has them; all that is set here. */
export type Cookie = { readonly name: string; readonly value: string; readonly domain: string }

/** The browser makes a window with pages of its own, which costs more than the page that is measured. */
export const windowMs = 2500
/** By then a page is there; the clock of its paints is the browser's own. */
const loadMs = 4000

type Answer = { id?: number; result?: unknown; error?: { message: string } }

/** What the browser noted of the page; the last one is the largest. Runs in the page, when it has long been there. */
const largestPaint = `new Promise((resolve) => {
  new PerformanceObserver((list) => resolve(list.getEntries().at(-1)?.startTime ?? 0))
    .observe({ type: 'largest-contentful-paint', buffered: true })
  setTimeout(() => resolve(0), 1000)
})`

/**
 * A browser that loads a page while nobody looks on. A page that an inspector is attached to, as that of any program that
 * drives a browser, tells it of each request and each script, and that costs up to a third of its first second.
 */
export class BareBrowser {
  readonly #process: ChildProcess
  readonly #profile: string
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #asked = 0

  private constructor(process: ChildProcess, profile: string, socket: WebSocket) {
    this.#process = process
    this.#profile = profile
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer)
    })
  }

  static async start(): Promise<BareBrowser> {
    const profile = await mkdtemp(join(tmpdir(), 'berth-browser-'))
    const process = spawn(
      '/usr/bin/chromium',
      [
        '--headless=new',
        '--no-sandbox',
        '--disable-dev-shm-usage',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-extensions',
        '--no-first-run',
        '--remote-debugging-port=0',
        `--user-data-dir=${profile}`,
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    for await (const line of createInterface({ input: process.stderr })) {
      const [, address] = /^DevTools listening on (ws:\S+)$/.exec(line) ?? []
      if (address === undefined) continue
      process.stderr.resume()
      const socket = new WebSocket(address)
      await once(socket, 'open')
      return new BareBrowser(process, profile, socket)
    }
    throw new Error('Chromium ended before it said where it listens.')
  }

  /** Opens the address in a new profile, and gives the moment of its largest paint in milliseconds. */
  async largestPaint(url: string, cookies: readonly Cookie[]): Promise<number> {
    const { browserContextId } = await this.#ask<{ browserContextId: string }>(
      'Target.createBrowserContext',
    )
    try {
      await this.#ask('Storage.setCookies', { browserContextId, cookies })
      const { targetId } = await this.#ask<{ targetId: string }>('Target.createTarget', {
        url: 'about:blank',
        browserContextId,
        width: 1440,
        height: 900,
      })
      await pause(windowMs)
      await this.#attached(targetId, (page) => this.#ask('Page.navigate', { url }, page))
      await pause(loadMs)
      const { result } = await this.#attached(targetId, (page) =>
        this.#ask<{ result: { value: number } }>(
          'Runtime.evaluate',
          { expression: largestPaint, awaitPromise: true },
          page,
        ),
      )
      if (!(result.value > 0)) throw new Error(`${url}: the browser told of no paint.`)
      return result.value
    } finally {
      await this.#ask('Target.disposeBrowserContext', { browserContextId })
    }
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit')
    await this.#ask('Browser.close')
    await ended
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 })
  }

  async #attached<Result>(
    targetId: string,
    use: (sessionId: string) => Promise<Result>,
  ): Promise<Result> {
    const { sessionId } = await this.#ask<{ sessionId: string }>('Target.attachToTarget', {
      targetId,
      flatten: true,
    })
    const result = await use(sessionId)
    await this.#ask('Target.detachFromTarget', { sessionId })
    return result
  }

  async #ask<Result>(method: string, params: object = {}, sessionId?: string): Promise<Result> {
    this.#asked += 1
    const id = this.#asked
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve))
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }))
    const { result, error } = await answered
    this.#waiting.delete(id)
    if (error) throw new Error(`${method}: ${error.message}`)
    return result as Result
  }
}
