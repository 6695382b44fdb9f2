import { OciError } from '@berth/oci/oci-error.ts'
import { isDigest } from '@berth/oci/digest.ts'
import { LRUCache } from 'lru-cache'
import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { BerthError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { version } from '../../version.ts'
import { ScannerFailure } from '../external-finding.ts'
import { harborReportTypes } from '../harbor-report.ts'
import { type RemoteScan, type RemoteScanParts, scanRemote } from './remote-scan.ts'

/** Where a scan stands; `undefined` for one that is not known here (any more). */
export type AdapterScanState =
  | { readonly kind: 'pending' }
  | { readonly kind: 'report'; readonly text: string }
  | { readonly kind: 'failed'; readonly message: string }

const property = 'harbor.scanner-adapter/'
const runningMax = 2
const waitingMax = 100
/** Of finished scans, in characters, and for how long. */
const keptCharacters = 64 * 1024 * 1024
const keptMs = 3_600_000

const text = z.string().max(16_384)
/** Of the Harbor Pluggable Scanner API; what it does not name is left alone. */
const scanRequest = z.object({
  registry: z.object({
    url: z.url({ protocol: /^https?$/ }).max(2000),
    authorization: text.default(''),
  }),
  artifact: z.object({
    repository: z
      .string()
      .regex(/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/)
      .max(255),
    digest: z.string().refine(isDigest),
    tag: z.string().max(128).optional(),
  }),
  enabled_capabilities: z.array(z.object({ type: z.string().default('vulnerability') })).nullish(),
})

/**
 * The scanner of Berth as an adapter of the Harbor Pluggable Scanner API 1.1: it looks into images of any registry with
 * the authorization that it is given, two at a time. Scans are in the memory of this process; whoever asked for one that
 * is gone asks again.
 */
export class OwnAdapter {
  readonly #parts: RemoteScanParts & { readonly timeoutMs: number; readonly logger: Logger }
  readonly #builtAt: () => string | null
  readonly #pending = new Map<string, RemoteScan>()
  readonly #running = new Set<Promise<void>>()
  readonly #waiting: string[] = []
  readonly #finished = new LRUCache<string, Exclude<AdapterScanState, { kind: 'pending' }>>({
    maxSize: keptCharacters,
    sizeCalculation: (state) => (state.kind === 'report' ? state.text.length : 0) + 1000,
    ttl: keptMs,
  })
  readonly #closing = new AbortController()

  constructor(
    parts: RemoteScanParts & {
      readonly timeoutMs: number
      readonly logger: Logger
      /** Of the advisories in force. */
      readonly builtAt: () => string | null
    },
  ) {
    this.#parts = parts
    this.#builtAt = parts.builtAt
  }

  metadata(): object {
    const builtAt = this.#builtAt()
    return {
      scanner: { name: 'Berth', vendor: 'Berth', version },
      capabilities: [
        {
          type: 'vulnerability',
          consumes_mime_types: [
            'application/vnd.oci.image.manifest.v1+json',
            'application/vnd.docker.distribution.manifest.v2+json',
          ],
          produces_mime_types: harborReportTypes,
        },
      ],
      properties: {
        // Harbor refuses an empty value.
        ...(builtAt !== null && { [`${property}vulnerability-database-updated-at`]: builtAt }),
        [`${property}scanner-type`]: 'os-package-vulnerability',
        [`${property}registry-authorization-type`]: 'Bearer',
      },
    }
  }

  /** Takes a scan and returns its id. Throws `requestInvalid`, `rateLimited` when too many wait. */
  accept(body: unknown): string {
    const parsed = scanRequest.safeParse(body)
    if (!parsed.success) {
      const { path = [], message = '' } = parsed.error.issues[0] ?? {}
      throw new BerthError('requestInvalid', `${path.join('.')}: ${message}`)
    }
    const { registry, artifact, enabled_capabilities: wanted } = parsed.data
    if (wanted && wanted.length > 0 && !wanted.some(({ type }) => type === 'vulnerability')) {
      throw new BerthError('requestInvalid', 'Berth makes reports of vulnerabilities here.')
    }
    if (this.#waiting.length >= waitingMax) {
      throw new BerthError('rateLimited', `${waitingMax} scans wait already. Come back later.`)
    }
    const id = randomUUID()
    const { url, authorization } = registry
    this.#pending.set(id, {
      place: { url, authorization, repository: artifact.repository },
      digest: artifact.digest,
      tag: artifact.tag === '' ? undefined : artifact.tag,
    })
    this.#waiting.push(id)
    this.#next()
    return id
  }

  find(id: string): AdapterScanState | undefined {
    return this.#pending.has(id) ? { kind: 'pending' } : this.#finished.get(id)
  }

  /** Stops what is under way. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#waiting.length = 0
    await Promise.all(this.#running)
  }

  #next(): void {
    if (this.#running.size >= runningMax || this.#closing.signal.aborted) return
    const id = this.#waiting.shift()
    const scan = id === undefined ? undefined : this.#pending.get(id)
    if (id === undefined || scan === undefined) return
    const work = this.#perform(id, scan).finally(() => {
      this.#running.delete(work)
      this.#next()
    })
    this.#running.add(work)
  }

  async #perform(id: string, scan: RemoteScan): Promise<void> {
    const timeout = AbortSignal.timeout(this.#parts.timeoutMs)
    try {
      const signal = AbortSignal.any([timeout, this.#closing.signal])
      this.#finished.set(id, { kind: 'report', text: await scanRemote(this.#parts, scan, signal) })
    } catch (error) {
      const message = timeout.aborted ? 'The scan took too long.' : this.#messageOf(error)
      this.#finished.set(id, { kind: 'failed', message })
    } finally {
      this.#pending.delete(id)
    }
  }

  /** What was not thrown on purpose may name paths or worse, so it stays in the log. */
  #messageOf(error: unknown): string {
    if (error instanceof ScannerFailure || error instanceof BerthError) return error.message
    if (error instanceof OciError) return error.message
    if (error instanceof Error && ['ScanLimit', 'ScanFailed'].includes(error.name)) {
      return error.message
    }
    this.#parts.logger.error({ err: error }, 'a scan for another registry failed')
    return 'The scan failed unexpectedly; the log of Berth says how.'
  }
}
