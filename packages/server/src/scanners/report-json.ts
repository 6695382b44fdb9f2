import { ScannerFailure } from './external-finding.ts'
import { isJsonObject, type JsonObject } from '@berth/oci/json-guard.ts'

const depthMax = 100
const quote = 0x22
const backslash = 0x5c

/**
 * The JSON object of a report. Reports have more values than `parseGuardedJson` takes, so only their depth is looked at
 * before. Throws `ScannerFailure`, `who` being its subject.
 */
export function parseReport(bytes: Uint8Array, who: string): JsonObject {
  if (isTooDeep(bytes)) throw new ScannerFailure(`${who} sent a report that nests too deep.`)
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString())
  } catch {
    throw new ScannerFailure(`${who} sent a report that is not JSON.`)
  }
  if (!isJsonObject(value)) throw new ScannerFailure(`${who} sent a report that is no object.`)
  return value
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.replaceAll('\0', '') : null
}

export function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {}
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function textsOf(value: unknown): string[] {
  return listOf(value).flatMap((one) => textOf(one) ?? [])
}

/** A score of 0 to 10 that is one: scanners write 0 where they know none. */
export function scoreOf(value: unknown): number | null {
  return typeof value === 'number' && value > 0 && value <= 10 ? value : null
}

/** ISO 8601; `null` for no moment, and for the year 1 that Go writes for none. */
export function momentOf(value: unknown): string | null {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) || time <= 0 ? null : new Date(time).toISOString()
}

function isTooDeep(bytes: Uint8Array): boolean {
  let depth = 0
  let isText = false
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (isText) {
      if (byte === backslash) at += 1
      else if (byte === quote) isText = false
    } else if (byte === quote) isText = true
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1
      if (depth > depthMax) return true
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1
  }
  return false
}
