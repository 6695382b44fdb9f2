/** One order of versions: how a text is read, and which of two comes first. */
export type Scheme<Version> = {
  /** `undefined` when the text is no version of this scheme. Never throws. */
  read(text: string): Version | undefined
  /** Negative when `a` is older, 0 when neither is, positive when `a` is newer. */
  compare(a: Version, b: Version): number
}
