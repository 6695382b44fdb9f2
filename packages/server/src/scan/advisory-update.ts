import { AdvisoryImportError } from '@berth/scanner/advisories/errors.ts'
import { grypeSource } from '@berth/scanner/advisories/grype-source.ts'
import { updateAdvisories } from '@berth/scanner/advisories/update.ts'
import {
  epssSource,
  kevSource,
  osvSource,
  type UpdateSource,
} from '@berth/scanner/advisories/update-sources.ts'
import { Readable } from 'node:stream'
import { BerthError } from '../errors.ts'
import { Outbound } from '../outbound/outbound.ts'
import type { AdvisoryUpdate, SourceOutcome } from './advisory-requests.ts'

/** Answers that have no body (RFC 9110); a `Response` refuses one for them. */
const bodiless = new Set([204, 205, 304])

/** Fetches what has changed and builds one file of it and of the former one. Throws as `updateAdvisories`. */
export async function updateOnline(
  { file, settings, outbound }: AdvisoryUpdate,
  signal: AbortSignal,
): Promise<SourceOutcome[]> {
  const { sources } = await updateAdvisories(file, {
    sources: sourcesOf(settings),
    fetch: fetchThrough(new Outbound({ settings: outbound })),
    signal,
  })
  return sources.map((one) => ({
    source: one.source,
    state: one.state,
    ...(one.state === 'updated' && { records: one.records }),
    ...(one.state === 'failed' && { message: one.message }),
  }))
}

function sourcesOf(settings: AdvisoryUpdate['settings']): UpdateSource[] {
  return [...new Set(settings.sources)].flatMap((kind) => {
    switch (kind) {
      case 'osv':
        return [...new Set(settings.ecosystems)].map((name) => osvSource(name, settings))
      case 'epss':
        return [epssSource(settings)]
      case 'kev':
        return [kevSource(settings)]
      case 'grype':
        return [grypeSource(settings)]
    }
  })
}

/** As `fetch`, by the rules of `outbound`: only where settings allow, to the address that was checked. */
function fetchThrough(outbound: Outbound): typeof fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : input
    const { status, headers, body } = await outbound
      .stream(url, { headers: new Headers(init?.headers), signal: init?.signal ?? undefined })
      .catch((error: unknown) => {
        throw isRefused(error) ? new AdvisoryImportError(refusal(url, error)) : error
      })
    if (bodiless.has(status)) {
      body.resume()
      return new Response(null, { status, headers })
    }
    return new Response(Readable.toWeb(body) as ReadableStream<Uint8Array>, { status, headers })
  }
}

/** Settings forbid it, and so will they at the next try. */
function isRefused(error: unknown): error is BerthError {
  return error instanceof BerthError && error.kind === 'requestInvalid'
}

function refusal(url: string | URL, { message }: BerthError): string {
  return `${String(url)} is not asked: ${message}`
}
