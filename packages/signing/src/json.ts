import { isJsonObject, type JsonObject } from '@berth/oci/json-guard.ts'
import { jsonDepthMax } from './limits.ts'
import { Refusal } from './refusal.ts'

/**
 * Parses a JSON object of a stranger. The guarded parser of manifests is too narrow here: a signed SBOM has more
 * values than a manifest may. `what` names the document in the message. Throws `malformed`.
 */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  let value: unknown
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    if (isDeeper(text, jsonDepthMax)) {
      throw new Refusal('malformed', `${what} is nested deeper than ${jsonDepthMax} levels.`)
    }
    value = JSON.parse(text)
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal('malformed', `${what} is not JSON in UTF-8.`)
  }
  if (!isJsonObject(value)) throw new Refusal('malformed', `${what} must be a JSON object.`)
  return value
}

/** Counts brackets outside of strings, without building anything. */
function isDeeper(text: string, max: number): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (inString) {
      if (char === '\\') at++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '{' || char === '[') {
      depth++
      if (depth > max) return true
    } else if (char === '}' || char === ']') depth--
  }
  return false
}

/** Standard base64 (RFC 4648), nothing else: Node's own decoder skips what it does not know. Undefined when it is not. */
export function decodeBase64(text: unknown): Buffer | undefined {
  if (typeof text !== 'string') return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

/** The members of an object that are strings. */
export function stringMembers(value: unknown): Record<string, string> {
  if (!isJsonObject(value)) return {}
  return Object.fromEntries(
    Object.entries(value).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  )
}
