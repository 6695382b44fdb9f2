import type { IncomingHttpHeaders } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClientError } from '../client-error.ts'

export type RetryRules = {
  /** Tries in all, the first one included. */
  readonly attempts: number
  /** Wait before the second try; it doubles from then on, and a random part of up to half is taken off. */
  readonly firstWaitMs: number
  readonly longestWaitMs: number
  /** A `Retry-After` beyond this ends the trying: whoever waits for the command should know. */
  readonly longestRetryAfterMs: number
}

export const retryRules: RetryRules = {
  attempts: 5,
  firstWaitMs: 400,
  longestWaitMs: 15_000,
  longestRetryAfterMs: 60_000,
}

const passing = new Set([500, 502, 503, 504])

type Outcome = ClientError | { readonly status: number; readonly headers: IncomingHttpHeaders }
type Try = {
  readonly attempt: number
  readonly isRepeatable: boolean
  /** Its body is gone after one try, whatever the answer was. */
  readonly isStream: boolean
}

/**
 * How long to wait before the next try, in milliseconds; `undefined` when there is to be none. 429 and 503 with
 * `Retry-After` were refused before anything was done, so they are repeated even where repeating is not safe otherwise.
 */
export function backOff(outcome: Outcome, current: Try, rules: RetryRules): number | undefined {
  const { attempt, isRepeatable, isStream } = current
  if (attempt >= rules.attempts || isStream) return undefined
  const usual =
    Math.min(rules.longestWaitMs, rules.firstWaitMs * 2 ** (attempt - 1)) * (1 - Math.random() / 2)
  if (outcome instanceof ClientError) {
    const isPassing = outcome.kind === 'connectionLost' || outcome.kind === 'unreachable'
    return isPassing && (isRepeatable || neverSent(outcome)) ? usual : undefined
  }
  const asked = retryAfterMs(outcome.headers['retry-after'])
  if (outcome.status === 429 || (outcome.status === 503 && asked !== undefined)) {
    const waitMs = Math.max(usual, asked ?? 0)
    return waitMs <= rules.longestRetryAfterMs ? waitMs : undefined
  }
  return passing.has(outcome.status) && isRepeatable ? usual : undefined
}

/** The wait that a `Retry-After` asks for: seconds, or a date (RFC 9110, section 10.2.3). `undefined` when it cannot be read. */
export function retryAfterMs(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined
  // GitHub's registry writes durations such as `487.1µs`.
  const duration = /^\s*([0-9]+(?:\.[0-9]+)?)\s*(s|ms|µs|us)?\s*$/.exec(header)
  if (duration !== null) {
    const unit = duration[2] ?? 's'
    const factor = unit === 's' ? 1000 : unit === 'ms' ? 1 : 0.001
    return Math.ceil(Number(duration[1]) * factor)
  }
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

/** Throws `cancelled` as soon as the signal says so. */
export async function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { ...(signal !== undefined && { signal }) })
  } catch (cause) {
    throw new ClientError('cancelled', 'It was stopped.', { cause })
  }
}

/** A connection that never came to be: nothing of the request has reached anyone. */
function neverSent(error: ClientError): boolean {
  const { code } = (error.cause ?? {}) as { code?: unknown }
  return code === 'ECONNREFUSED' || code === 'EAI_AGAIN'
}
