import { ClientError } from '@berth/client/client-error.ts'

/** Reads `key=value` texts; a later one of the same key counts. Throws `inputInvalid` with the text that is none. */
export function parsePairs(flag: string, texts: readonly string[]): Record<string, string> {
  const pairs: Record<string, string> = Object.create(null) as Record<string, string>
  for (const text of texts) {
    const equals = text.indexOf('=')
    if (equals < 1) {
      throw new ClientError('inputInvalid', `${flag} ${text} is not a key=value.`)
    }
    pairs[text.slice(0, equals)] = text.slice(equals + 1)
  }
  return { ...pairs }
}
