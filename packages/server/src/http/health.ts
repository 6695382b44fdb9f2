import type { Exchange } from './exchange.ts'

/** One thing that must work for the server to be of use. */
export type ReadinessCheck = {
  readonly name: string
  /** Rejects when it does not work. Should be cheap: anyone can ask. */
  check(): Promise<void>
}

const checkTimeoutMs = 3000
/** Answers are reused for so long, so that asking often costs nothing. */
const freshMs = 1000

/** Serves `/livez` (the process answers) and `/readyz` (what it needs answers too), for supervisors and load balancers. */
export class Health {
  readonly #checks: readonly ReadinessCheck[]
  #isDraining = false
  #last: { at: number; failing: Promise<string[]> } | undefined

  constructor(checks: readonly ReadinessCheck[]) {
    this.#checks = checks
  }

  /** From now on the server is alive but not ready, so that no new clients are sent to it. */
  startDraining(): void {
    this.#isDraining = true
  }

  serveLive(exchange: Exchange): void {
    exchange.endpoint = 'livez'
    sendStatus(exchange, 200, { status: 'ok' })
  }

  /** 200, or 503 with the names of what does not work. The reasons are for the log of those parts, not for strangers. */
  async serveReady(exchange: Exchange): Promise<void> {
    exchange.endpoint = 'readyz'
    const failing = this.#isDraining ? ['draining'] : await this.#failing()
    if (failing.length === 0) sendStatus(exchange, 200, { status: 'ok' })
    else sendStatus(exchange, 503, { status: 'unavailable', failing })
  }

  #failing(): Promise<string[]> {
    const now = performance.now()
    if (this.#last === undefined || now - this.#last.at > freshMs) {
      this.#last = { at: now, failing: this.#runChecks() }
    }
    return this.#last.failing
  }

  async #runChecks(): Promise<string[]> {
    const results = await Promise.all(
      this.#checks.map(async (check) => ((await passes(check)) ? undefined : check.name)),
    )
    return results.filter((name) => name !== undefined)
  }
}

/** Whether the check succeeds, and in time. */
async function passes(readiness: ReadinessCheck): Promise<boolean> {
  const timeout = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => timeout.resolve(false), checkTimeoutMs)
  const outcome = readiness.check().then(
    () => true,
    () => false,
  )
  try {
    return await Promise.race([outcome, timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}

function sendStatus(exchange: Exchange, status: number, content: object): void {
  const body = Buffer.from(JSON.stringify(content))
  exchange.send(
    status,
    [
      'Content-Type',
      'application/json',
      'Content-Length',
      String(body.length),
      'Cache-Control',
      'no-store',
    ],
    body,
  )
}
