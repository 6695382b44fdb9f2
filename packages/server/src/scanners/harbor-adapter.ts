import { setTimeout as wait } from 'node:timers/promises'
import { BerthError } from '../errors.ts'
import type { OutboundRequest } from '../outbound/outbound.ts'
import { scannerLogin } from '../access/scanner-tokens.ts'
import { type ExternalReport, ScannerFailure } from './external-finding.ts'
import { type AdapterMetadata, readAdapterMetadata } from './harbor-metadata.ts'
import { readHarborReport } from './harbor-report.ts'
import { objectOf, textOf } from './report-json.ts'
import type { ExternalScanner, ImageToScan, ScannerIdentity, ScanRun } from './scanner-port.ts'

const metadataType = 'application/vnd.scanner.adapter.metadata+json; version=1.0'
const requestType = 'application/vnd.scanner.adapter.scan.request+json; version=1.0'
const responseType = 'application/vnd.scanner.adapter.scan.response+json; version=1.0'
const reportMaxBytes = 32 * 1024 * 1024
const smallMaxBytes = 256 * 1024
const defaultPollSeconds = 5
const longestPollSeconds = 60
const retrySeconds = 1
/** Requests for a report in a row that may fail before the scan is given up. */
const failuresMax = 3

export type AdapterSettings = {
  readonly name: string
  /** Without `/api/v1`. */
  readonly address: string
  /** What authenticates Berth: names and values. */
  readonly headers: Readonly<Record<string, string>>
  /** Where it reaches this Berth. */
  readonly registryAddress: string
  readonly isInsecure: boolean
}

/**
 * An adapter of the Harbor Pluggable Scanner API 1.0 to 1.2, of which Berth is the client. Redirects are never followed:
 * 302 means that a report is not ready, wherever it points to.
 */
export class HarborAdapter implements ExternalScanner {
  readonly #settings: AdapterSettings
  readonly #fetch: (url: string, request: OutboundRequest) => Promise<Response>
  readonly #now: () => number

  constructor(parts: {
    settings: AdapterSettings
    fetch: (url: string, request: OutboundRequest) => Promise<Response>
    now: () => number
  }) {
    this.#settings = parts.settings
    this.#fetch = parts.fetch
    this.#now = parts.now
  }

  async identify(signal: AbortSignal): Promise<ScannerIdentity> {
    return (await this.#metadata(signal)).identity
  }

  async scan(image: ImageToScan, run: ScanRun): Promise<ExternalReport> {
    const metadata = await this.#metadata(run.signal)
    const { reportType } = metadata.identity
    const former = textOf(objectOf(run.formerProgress)['request'])
    let bytes = former === null ? undefined : await this.#awaitReport(former, reportType, run)
    if (bytes === undefined) {
      const id = await this.#submit(image, run, metadata)
      run.onProgress({ request: id })
      bytes = await this.#awaitReport(id, reportType, run)
    }
    if (bytes === undefined) {
      throw new BerthError(
        'unavailable',
        `${this.#who} knows nothing of the scan that it took (404). It may have been started anew.`,
      )
    }
    const now = new Date(this.#now()).toISOString()
    const report = readHarborReport(bytes, { who: this.#who, now })
    return { ...report, dataBuiltAt: metadata.identity.databaseUpdatedAt }
  }

  get #who(): string {
    return `The scanner ${this.#settings.name}`
  }

  async #metadata(signal: AbortSignal): Promise<AdapterMetadata> {
    const answer = await this.#send('/metadata', { headers: { accept: metadataType }, signal })
    if (answer.status !== 200) throw await this.#refusal(answer, 'say who it is')
    return readAdapterMetadata(Buffer.from(await answer.arrayBuffer()), this.#who)
  }

  async #submit(image: ImageToScan, run: ScanRun, metadata: AdapterMetadata): Promise<string> {
    const { registryAddress, isInsecure } = this.#settings
    const basic = Buffer.from(`${scannerLogin}:${run.token}`).toString('base64')
    const body = {
      registry: {
        url: registryAddress,
        authorization: metadata.takesBearer ? `Bearer ${run.token}` : `Basic ${basic}`,
        insecure: isInsecure || registryAddress.startsWith('http://'),
      },
      artifact: {
        repository: image.repository,
        digest: image.digest,
        mime_type: image.mediaType,
        size: image.size,
      },
      ...(metadata.hasTypedCapabilities && {
        enabled_capabilities: [
          { type: 'vulnerability', produces_mime_types: [metadata.identity.reportType] },
        ],
      }),
    }
    if (!metadata.consumes.includes(image.mediaType)) {
      throw new ScannerFailure(
        `${this.#who} does not look at manifests of the type ${image.mediaType}.`,
      )
    }
    const answer = await this.#send('/scan', {
      method: 'POST',
      headers: { 'content-type': requestType, accept: responseType },
      body: JSON.stringify(body),
      signal: run.signal,
    })
    if (answer.status !== 202 && answer.status !== 200) {
      throw await this.#refusal(answer, 'take the scan')
    }
    const id = textOf(objectOf(await this.#json(answer))['id'])
    if (id === null || id.length > 255) {
      throw new ScannerFailure(`${this.#who} took the scan but gave it no id.`)
    }
    return id
  }

  /** `undefined` when it does not know the scan. */
  async #awaitReport(id: string, type: string, { signal }: ScanRun): Promise<Buffer | undefined> {
    for (let failures = 0; ; ) {
      signal.throwIfAborted()
      const answer = await this.#askForReport(id, type, signal).catch((error: unknown) => {
        failures += 1
        if (isTooLarge(error)) {
          throw new ScannerFailure(`${this.#who} sent too much: ${error.message}`, { cause: error })
        }
        if (!(error instanceof BerthError) || signal.aborted || failures >= failuresMax) throw error
        return undefined
      })
      if (answer?.status === 200) return Buffer.from(await answer.arrayBuffer())
      if (answer?.status === 404) return undefined
      if (answer !== undefined && answer.status !== 302) {
        throw await this.#refusal(answer, 'make the report')
      }
      if (answer !== undefined) failures = 0
      await wait(pollSeconds(answer) * 1000, undefined, { signal })
    }
  }

  #askForReport(id: string, type: string, signal: AbortSignal): Promise<Response> {
    return this.#send(`/scan/${encodeURIComponent(id)}/report`, {
      headers: { accept: type },
      signal,
      maxBytes: reportMaxBytes,
    })
  }

  #send(path: string, request: OutboundRequest): Promise<Response> {
    const { address, headers } = this.#settings
    return this.#fetch(`${address.replace(/\/+$/, '')}/api/v1${path}`, {
      maxBytes: smallMaxBytes,
      ...request,
      headers: { ...headers, ...(request.headers as Record<string, string> | undefined) },
      redirect: 'manual',
    })
  }

  async #json(answer: Response): Promise<unknown> {
    try {
      return await answer.json()
    } catch {
      throw new ScannerFailure(`${this.#who} answers with what is not JSON.`)
    }
  }

  /** What an answer that is no success means. Only what may pass by itself is `unavailable`. */
  async #refusal(answer: Response, wish: string): Promise<Error> {
    const { status } = answer
    const said = await readMessage(answer)
    const told = said === '' ? '' : ` It says: ${said}`
    if (status >= 300 && status < 400) {
      return new ScannerFailure(
        `${this.#who} redirects instead of answering. Register the address that it redirects to.`,
      )
    }
    if (status === 401 || status === 403) {
      return new ScannerFailure(
        `${this.#who} refuses the credentials of Berth (${status}). Register it again with the right ones.${told}`,
      )
    }
    if (status === 404) {
      return new ScannerFailure(
        `${this.#who} has no scanner API at its address (404). The address is without /api/v1.`,
      )
    }
    if (status === 429 || status === 502 || status === 503 || status === 504) {
      return new BerthError('unavailable', `${this.#who} cannot ${wish} now (${status}).${told}`)
    }
    if (status === 501) {
      return new ScannerFailure(`${this.#who} does not make reports of this type (501).${told}`)
    }
    return new ScannerFailure(`${this.#who} could not ${wish} (${status}).${told}`)
  }
}

/** Asking again would bring as much again. */
function isTooLarge(error: unknown): error is BerthError {
  return error instanceof BerthError && error.details[0]?.['reason'] === 'answerTooLarge'
}

/** `{"error":{"message":"..."}}`, else the beginning of the text. */
async function readMessage(answer: Response): Promise<string> {
  const text = await answer.text()
  let said: string | null = null
  try {
    said = textOf(objectOf(objectOf(JSON.parse(text))['error'])['message'])
  } catch {
    said = null
  }
  return (said ?? text)
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 300)
}

function pollSeconds(answer: Response | undefined): number {
  if (answer === undefined) return retrySeconds
  const asked = Number(answer.headers.get('refresh-after') ?? defaultPollSeconds)
  if (!Number.isFinite(asked) || asked <= 0) return defaultPollSeconds
  return Math.min(asked, longestPollSeconds)
}
