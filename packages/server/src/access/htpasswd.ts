import { BerthError } from '../errors.ts'
import { readBcryptCost } from './passwords.ts'
import { findUserNameFault } from './user-name.ts'

type HtpasswdEntry = { readonly line: number; readonly name: string; readonly hash: string }

const bytesMax = 4 * 1024 * 1024
const faultsMax = 100
/** One login at cost 14 takes about a second; each step more doubles that. */
const bcryptCostMax = 14

const otherHashes: readonly (readonly [RegExp, string])[] = [
  [/^\{SHA\}/i, 'SHA-1'],
  [/^\{SSHA\}/i, 'salted SHA-1'],
  [/^\$apr1\$/, 'MD5 (apr1)'],
  [/^\$1\$/, 'MD5'],
  [/^\$5\$/, 'SHA-256 crypt'],
  [/^\$6\$/, 'SHA-512 crypt'],
  [/^\$2x\$/, 'bcrypt 2x (written by a version with a known defect)'],
  [/^\$2/, 'bcrypt, but damaged or cut off'],
  [/^\$/, 'of a kind that Berth does not know'],
  [/^[./A-Za-z0-9]{13}$/, 'crypt (DES)'],
]

/**
 * Reads an htpasswd file of at most 4 MiB whose hashes are all bcrypt (`htpasswd -B`). Blank lines and lines that
 * start with `#` are skipped. Throws `requestInvalid` with a detail `{ line, fault }` for every faulty line
 * (100 at most); no detail quotes a hash.
 */
export function parseHtpasswd(text: string): HtpasswdEntry[] {
  if (Buffer.byteLength(text) > bytesMax) {
    throw new BerthError('requestInvalid', 'The htpasswd file is larger than 4 MiB. Split it.')
  }
  const entries: HtpasswdEntry[] = []
  const firstLine = new Map<string, number>()
  const faults: { line: number; fault: string }[] = []
  for (const [index, raw] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1
    const content = raw.trim()
    if (content === '' || content.startsWith('#')) continue
    const colon = content.indexOf(':')
    const name = colon === -1 ? content : content.slice(0, colon)
    const hash = content.slice(colon + 1)
    const fault =
      colon === -1
        ? 'There is no ":" between a name and a hash.'
        : (findUserNameFault(name) ?? findHashFault(hash) ?? findRepetition(name))
    if (fault !== undefined) faults.push({ line, fault })
    if (colon !== -1 && !firstLine.has(name)) firstLine.set(name, line)
    entries.push({ line, name, hash })
  }
  if (faults.length === 0 && entries.length > 0) return entries
  throw new BerthError(
    'requestInvalid',
    faults.length === 0
      ? 'The htpasswd file names no users.'
      : `${faults.length} of ${entries.length} lines of the htpasswd file cannot be imported. Nothing was imported.`,
    { details: faults.slice(0, faultsMax) },
  )

  function findRepetition(name: string): string | undefined {
    const earlier = firstLine.get(name)
    return earlier === undefined ? undefined : `The user ${name} stands in line ${earlier} already.`
  }
}

function findHashFault(hash: string): string | undefined {
  const cost = readBcryptCost(hash)
  if (cost === undefined) {
    const kind = otherHashes.find(([form]) => form.test(hash))?.[1]
    return kind === undefined
      ? 'The hash is of no known kind. Make one with: htpasswd -B'
      : `The hash is ${kind}; only bcrypt is accepted. Make one with: htpasswd -B`
  }
  if (cost >= 4 && cost <= bcryptCostMax) return undefined
  return `The bcrypt hash has cost ${cost}; 4 to ${bcryptCostMax} are accepted.`
}
