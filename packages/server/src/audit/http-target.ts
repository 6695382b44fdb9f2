import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { HttpTarget } from '../config/audit-schema.ts'
import type { AuditTarget, OutgoingEntry } from './forwarder.ts'

export type Fetch = (
  url: string,
  request: {
    method: string
    headers: Record<string, string>
    body: string
    redirect: 'manual'
    signal: AbortSignal
  },
) => Promise<Response>

/**
 * Sends entries as JSON lines, those of an export, in the body of a POST. Any 2xx means that all of them were taken.
 * With a key each request carries `Berth-Signature: t=<seconds since 1970>,v1=<hex>`, the HMAC-SHA-256 of those seconds,
 * a dot and the body. Files are read at each request, so that secrets can be replaced while Berth runs.
 */
export function httpTarget(
  settings: HttpTarget,
  parts: { fetch: Fetch; now: () => number },
): AuditTarget {
  return {
    name: settings.name,
    async send(entries, signal) {
      const body = entries.map(({ line }) => `${line}\n`).join('')
      const headers: Record<string, string> = {
        'content-type': 'application/jsonl; charset=utf-8',
        ...positionsOf(entries),
      }
      if (settings.tokenFile !== undefined)
        headers['authorization'] = `Bearer ${await readSecret(settings.tokenFile)}`
      if (settings.hmacKeyFile !== undefined)
        headers['berth-signature'] = sign(await readSecret(settings.hmacKeyFile), parts.now(), body)
      const answer = await parts.fetch(settings.url, {
        method: 'POST',
        headers,
        body,
        redirect: 'manual',
        signal,
      })
      await answer.body?.cancel()
      if (!answer.ok) throw new Error(`The target answered with status ${answer.status}.`)
    },
  }
}

function positionsOf(entries: readonly OutgoingEntry[]): Record<string, string> {
  return {
    'berth-first-position': String(entries[0]?.entry.position),
    'berth-last-position': String(entries.at(-1)?.entry.position),
  }
}

function sign(key: string, now: number, body: string): string {
  const seconds = Math.floor(now / 1000)
  return `t=${seconds},v1=${createHmac('sha256', key).update(`${seconds}.${body}`).digest('hex')}`
}

/** Without the end of the line that editors leave. */
async function readSecret(file: string): Promise<string> {
  const secret = (await readFile(file, 'utf8')).trim()
  if (secret === '') throw new Error(`The file ${file} is empty.`)
  return secret
}
