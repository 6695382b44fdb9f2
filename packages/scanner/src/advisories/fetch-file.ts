import { createWriteStream } from 'node:fs'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { AdvisoryImportError } from './errors.ts'

export type FetchOptions = {
  readonly fetch: typeof fetch
  readonly signal?: AbortSignal | undefined
  /** What the server called the state that is in force; asks for nothing when it still is. */
  readonly etag?: string | undefined
  readonly maxBytes: number
  /** Tries after the first one. */
  readonly retries: number
  /** Before the first retry; doubled each time. */
  readonly retryDelayMs: number
  /** Of one try. */
  readonly timeoutMs: number
}

type Fetched = { readonly state: 'unchanged' } | { state: 'fetched'; etag?: string }

/** A failure that another try may mend. */
class Passing extends Error {
  override readonly name = 'Passing'
}

/**
 * Streams what is at `address` into `target`. Tries again after broken connections, 429 and 5xx. Throws
 * `AdvisoryImportError` with the address and the reason.
 */
export async function fetchFile(
  address: string,
  target: string,
  options: FetchOptions,
): Promise<Fetched> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await fetchOnce(address, target, options)
    } catch (error) {
      options.signal?.throwIfAborted()
      if (error instanceof AdvisoryImportError) throw error
      if (attempt >= options.retries) {
        throw new AdvisoryImportError(
          `${address} could not be fetched in ${attempt + 1} ${attempt === 0 ? 'try' : 'tries'}: ${reasonOf(error)}. What was imported before stays in force.`,
          { cause: error },
        )
      }
      await sleep(options.retryDelayMs * 2 ** attempt, undefined, { signal: options.signal })
    }
  }
}

async function fetchOnce(address: string, target: string, options: FetchOptions): Promise<Fetched> {
  const timeout = AbortSignal.timeout(options.timeoutMs)
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout
  const response = await options.fetch(address, {
    signal,
    ...(options.etag !== undefined && { headers: { 'if-none-match': options.etag } }),
  })
  if (response.status === 304 && options.etag !== undefined) {
    await response.body?.cancel()
    return { state: 'unchanged' }
  }
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel()
    throw refusal(address, response.status)
  }
  const announced = announcedBytes(response)
  if (announced !== undefined && announced > options.maxBytes) {
    await response.body.cancel()
    throw tooLarge(address, options.maxBytes)
  }
  const received = await save(response.body, target, { ...options, address, signal })
  if (announced !== undefined && received !== announced) {
    throw new Passing(`it ended after ${received} of ${announced} bytes`)
  }
  const etag = response.headers.get('etag')
  return { state: 'fetched', ...(etag !== null && { etag }) }
}

/** Of the body as it comes out of `fetch`, which undoes a content encoding. */
function announcedBytes(response: Response): number | undefined {
  const length = response.headers.get('content-length')
  if (length === null || response.headers.get('content-encoding') !== null) return undefined
  return /^\d+$/.test(length) ? Number(length) : undefined
}

async function save(
  body: NonNullable<Response['body']>,
  target: string,
  options: { maxBytes: number; address: string; signal: AbortSignal },
): Promise<number> {
  let received = 0
  const counting = new Transform({
    transform(chunk: Buffer, _, done) {
      received += chunk.length
      if (received > options.maxBytes) done(tooLarge(options.address, options.maxBytes))
      else done(null, chunk)
    },
  })
  await pipeline(Readable.fromWeb(body), counting, createWriteStream(target), {
    signal: options.signal,
  })
  return received
}

function refusal(address: string, status: number): Error {
  if (status === 429 || status >= 500) return new Passing(`the server answered ${status}`)
  return new AdvisoryImportError(
    `${address} answered ${status}. Check the address, and that the ecosystem is one that is published there.`,
  )
}

function tooLarge(address: string, maxBytes: number): AdvisoryImportError {
  return new AdvisoryImportError(
    `${address} is larger than ${maxBytes} bytes, the most that is fetched. Check the address.`,
  )
}

/** `fetch failed` alone tells nobody anything: the reason is the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'it took too long'
  return error.cause instanceof Error ? error.cause.message : error.message
}
