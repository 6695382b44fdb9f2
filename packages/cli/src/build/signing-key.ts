import { ClientError } from '@berth/client/client-error.ts'

/** A private key in a file, or one that the Berth of the image holds. */
export type SigningKey =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'berth'; readonly name: string }

const ofBerth = 'berth:'

/** Reads `release.key` or `berth:release`. Throws `inputInvalid` when nothing is named. */
export function parseSigningKey(text: string): SigningKey {
  if (!text.startsWith(ofBerth)) return { kind: 'file', file: text }
  const name = text.slice(ofBerth.length)
  if (name !== '') return { kind: 'berth', name }
  throw new ClientError('inputInvalid', `"${text}" names no key.`, {
    next: 'Write berth:<name of the key>, or the path of a key file.',
  })
}
