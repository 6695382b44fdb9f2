import { ClientError } from '@berth/client/client-error.ts'
import type { ContentSource } from '@berth/client/content.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { Trust } from '@berth/signing/trust.ts'
import { type Verdict, verifySignature } from '@berth/signing/verify.ts'
import { shortDigest } from '../format.ts'
import { findSignatures } from './find-signatures.ts'

/** What the signatures of an image are worth to those who are trusted. */
export type Judged = {
  /** Names of the identities with a good signature. */
  readonly signedBy: readonly string[]
  readonly verdicts: readonly (Verdict & { readonly source: string })[]
}

/**
 * Judges every signature beside an image without any network but the registry's. `expect` is what is demanded: a
 * signature, or an attestation of a type.
 */
export async function judgeSignatures(
  source: ContentSource,
  subject: Descriptor,
  trust: Trust,
  given: { readonly expect: 'signature' | { predicateType: string }; readonly signal: AbortSignal },
): Promise<Judged> {
  const verdicts: (Verdict & { source: string })[] = []
  for (const material of await findSignatures(source, subject, given.signal)) {
    const verdict = await verifySignature(material, subject, trust, { expect: given.expect })
    verdicts.push({ ...verdict, source: material.source })
  }
  const good = verdicts.flatMap((each) => (each.state === 'verified' ? [each.identity] : []))
  return { signedBy: [...new Set(good)], verdicts }
}

/** Throws `digestMismatch` with the reason of each signature when none is good. */
export function requireSigned(image: string, { signedBy, verdicts }: Judged, wanted: string): void {
  if (signedBy.length > 0) return
  const reasons = verdicts
    .slice(0, 20)
    .map((each) =>
      each.state === 'refused'
        ? `${shortDigest(each.source)}: ${each.message} (${each.reason})`
        : '',
    )
  const message =
    verdicts.length === 0
      ? `${image} has no signature at all.`
      : [`${image} has no ${wanted} that counts.`, ...reasons].join('\n  ')
  throw new ClientError('digestMismatch', message, {
    next: 'Have whoever is trusted sign it: berth sign --key …',
  })
}
