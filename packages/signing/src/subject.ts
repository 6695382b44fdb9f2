import { isDigest } from '@berth/oci/digest.ts'

/** What a signature must be about: an image, an index or any other manifest, by its digest. */
export type Subject = {
  /** `sha256:<64 hexadecimal digits>` of the manifest's bytes. */
  readonly digest: string
}

/** The hexadecimal part of the subject's digest; undefined unless it is a sha256, which is all that signatures name. */
export function subjectHex(subject: Subject): string | undefined {
  if (!isDigest(subject.digest) || !subject.digest.startsWith('sha256:')) return undefined
  return subject.digest.slice('sha256:'.length)
}
