/** What a parser of this package can refuse. Each is also an error kind of the server. */
export type OciErrorKind = 'nameInvalid' | 'tagInvalid' | 'digestInvalid' | 'manifestInvalid'

/** One fault among those found in an input; safe to show to whoever sent it. */
export type OciErrorDetail = Readonly<Record<string, unknown>>

/** Thrown by every parser of this package, and nothing else is. */
export class OciError extends Error {
  override readonly name = 'OciError'
  readonly kind: OciErrorKind
  /** One entry per fault, bounded. A manifest's are `{ path, fault }`. */
  readonly details: readonly OciErrorDetail[]

  constructor(kind: OciErrorKind, message: string, details: readonly OciErrorDetail[] = []) {
    super(message)
    this.kind = kind
    this.details = details
  }
}

const quotedMax = 80

/** A stranger's text for use in a message: quoted, control characters escaped, cut after 80 characters. */
export function quote(text: string): string {
  return JSON.stringify(text.length > quotedMax ? `${text.slice(0, quotedMax)}…` : text)
}
