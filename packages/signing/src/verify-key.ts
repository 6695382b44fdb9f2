import type { Bundle } from '@sigstore/bundle'
import { Verifier } from '@sigstore/verify'
import { refusalOf } from './library-refusal.ts'
import { checkEntryKind, checkLoggedKey, isOfKnownLog, logEntries } from './log-entries.ts'
import { keyHint, readPublicKey } from './public-key.ts'
import { quoted, Refusal } from './refusal.ts'
import type { SigstoreSignature } from './sigstore-bundle.ts'
import type { KeyIdentity, Trust } from './trust.ts'
import type { TrustedRoot } from './trusted-root.ts'
import { signedEntity, signingTimes } from './signed-entity.ts'

/** Whose signature it is, and when it was made as far as something trusted says so. */
export type Signed = { readonly identity: string; readonly signedAt: Date | undefined }

/**
 * A signature by a bare key. The key that signed must be among the trusted ones; a log entry is demanded only where the
 * identity says so, but one of a log that is known must be right.
 */
export function verifyByKey(signature: SigstoreSignature, hint: string, trust: Trust): Signed {
  const identities = trust.identities.filter((identity) => identity.kind === 'key')
  if (identities.length === 0) {
    throw new Refusal(
      'key-not-accepted',
      'It was signed with a key, and no key is trusted here, only certificates.',
    )
  }
  const { identity, key } = findSigner(signature, hint, identities)
  const tlogEntries = logEntries(signature.bundle)
  const known = trust.roots.filter((root) => tlogEntries.some((entry) => isOfKnownLog(entry, root)))
  if (identity.requireLog === true && known.length === 0) {
    throw tlogEntries.length === 0
      ? new Refusal(
          'log-entry-missing',
          `There is no entry in a transparency log, which ${quoted(identity.name)} must have.`,
        )
      : new Refusal('log-unknown', 'The log entry is of a log that no trusted root names.')
  }
  let signedAt: Date | undefined
  for (const root of known) {
    const times = verifyWitnesses(signature, root, key)
    signedAt ??= times[0]
  }
  return { identity: identity.name, signedAt }
}

type Key = ReturnType<typeof readPublicKey>

function findSigner(
  signature: SigstoreSignature,
  hint: string,
  identities: readonly KeyIdentity[],
): { identity: KeyIdentity; key: Key } {
  const keys = identities.map((identity) => ({
    identity,
    key: readPublicKey(identity.publicKeyPem),
  }))
  const signer = keys.find(({ key }) => signature.bytes.verifySignature(key))
  if (signer !== undefined) return signer
  if (hint !== '' && keys.every(({ key }) => keyHint(key) !== hint)) {
    throw new Refusal(
      'key-unknown',
      `It names the key ${quoted(hint)} (base64 of its SHA-256), which is not trusted here.`,
    )
  }
  const ed25519 = keys.some(({ key }) => key.asymmetricKeyType === 'ed25519')
  throw new Refusal(
    'signature-invalid',
    `The signature was made by none of the ${keys.length} trusted keys over this content${ed25519 ? '. Of Ed25519, the prehashed form (Ed25519ph) is not supported' : ''}.`,
  )
}

/** Checks the entries and timestamps that this root can judge, and returns the times of signing, earliest first. */
function verifyWitnesses(
  signature: SigstoreSignature,
  root: TrustedRoot,
  key: Key,
): readonly Date[] {
  const { verificationMaterial } = signature.bundle
  const tlogEntries = logEntries(signature.bundle).filter((entry) => isOfKnownLog(entry, root))
  for (const entry of tlogEntries) checkEntryKind(entry)
  const judged: Bundle = {
    ...signature.bundle,
    verificationMaterial: {
      ...verificationMaterial,
      tlogEntries: [...tlogEntries],
      ...(root.material.timestampAuthorities.length === 0
        ? { timestampVerificationData: undefined }
        : {}),
    },
  }
  try {
    const entity = signedEntity({ ...signature, bundle: judged })
    const material = {
      ...root.material,
      publicKey: () => ({ publicKey: key, validFor: () => true }),
    }
    new Verifier(material, { tlogThreshold: 1, ctlogThreshold: 0, timestampThreshold: 0 }).verify(
      entity,
    )
    for (const entry of tlogEntries) checkLoggedKey(entry, key)
    return signingTimes(entity)
  } catch (error) {
    throw refusalOf(error)
  }
}
