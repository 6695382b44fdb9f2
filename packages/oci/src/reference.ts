import { type Digest, parseDigest } from './digest.ts'
import { OciError, quote } from './oci-error.ts'

declare const brand: unique symbol

/** The name of a repository, such as `library/alpine`, checked. Made only by `parseRepositoryName`. */
export type RepositoryName = string & { readonly [brand]: 'RepositoryName' }

/** The name of a tag, checked. Made only by `parseTagName`. */
export type TagName = string & { readonly [brand]: 'TagName' }

/** What a client calls a manifest by. */
export type Reference =
  | { readonly kind: 'tag'; readonly tag: TagName }
  | { readonly kind: 'digest'; readonly digest: Digest }

const nameMax = 255
const tagMax = 128
const component = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*'
// Separators and letters never overlap, so neither expression can backtrack: one pass.
const componentGrammar = new RegExp(`^${component}$`)
const nameGrammar = new RegExp(`^${component}(?:/${component})*$`)
const tagGrammar = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

/**
 * Brands a repository name (distribution-spec, "Pulling manifests"): path components of lowercase letters and digits,
 * joined inside by `.`, `_`, `__` or dashes, at most 255 characters in all.
 * Throws `nameInvalid`, saying which component is at fault and why. Takes one pass.
 */
export function parseRepositoryName(text: string): RepositoryName {
  if (isRepositoryName(text)) return text
  throw new OciError(
    'nameInvalid',
    `The repository name ${quote(text)} is not valid: ${nameFault(text)}.`,
    [{ name: text.slice(0, nameMax) }],
  )
}

/** Brands a tag: a letter, digit or `_`, then at most 127 more of those, `.` or `-`. Throws `tagInvalid`. */
export function parseTagName(text: string): TagName {
  if (isTagName(text)) return text
  throw new OciError('tagInvalid', `The tag ${quote(text)} is not valid: ${tagFault(text)}.`, [
    { tag: text.slice(0, tagMax) },
  ])
}

/** Reads the last segment of a manifest path: whatever holds a `:` is a digest, anything else a tag. Throws `digestInvalid` or `tagInvalid`. */
export function parseReference(text: string): Reference {
  if (text.includes(':')) return { kind: 'digest', digest: parseDigest(text) }
  return { kind: 'tag', tag: parseTagName(text) }
}

/** Whether `parseRepositoryName` would accept the value. */
export function isRepositoryName(text: unknown): text is RepositoryName {
  return typeof text === 'string' && text.length <= nameMax && nameGrammar.test(text)
}

/** Whether `parseTagName` would accept the value. */
export function isTagName(text: unknown): text is TagName {
  return typeof text === 'string' && tagGrammar.test(text)
}

function tagFault(text: string): string {
  if (text === '') return 'it is empty'
  if (text.length > tagMax) return `it has ${text.length} characters, at most ${tagMax} are allowed`
  if (text.startsWith('.') || text.startsWith('-')) return 'it must not start with "." or "-"'
  return 'only letters, digits, ".", "_" and "-" are allowed'
}

/** Why the text is no repository name, as the end of a sentence. */
function nameFault(text: string): string {
  if (text === '') return 'it is empty'
  if (text.length > nameMax) {
    return `it has ${text.length} characters, at most ${nameMax} are allowed`
  }
  const components = text.split('/')
  const wrong = components.find((component) => !componentGrammar.test(component)) ?? ''
  if (wrong === '') return 'it must not begin or end with "/", nor hold "//"'
  const stranger = /[^a-z0-9._-]/u.exec(wrong)?.[0]
  if (stranger !== undefined) {
    const hint = /[A-Z]/.test(stranger) ? 'upper case is not allowed' : 'this is not allowed'
    return `${quote(stranger)} in ${quote(wrong)}: ${hint}, only a-z, 0-9, ".", "_", "-" and "/"`
  }
  if (!/^[a-z0-9]/.test(wrong) || !/[a-z0-9]$/.test(wrong)) {
    return `${quote(wrong)} must begin and end with a letter or a digit`
  }
  return `${quote(wrong)} may join letters and digits only by one ".", by "_" or "__", or by dashes`
}
