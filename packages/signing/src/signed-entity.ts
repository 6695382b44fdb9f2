import { type SignedEntity, toSignedEntity } from '@sigstore/verify'
import { Refusal } from './refusal.ts'
import type { SigstoreSignature } from './sigstore-bundle.ts'

/** What the verifying library works on. Certificates are read before; what fails here are timestamps. */
export function signedEntity(signature: SigstoreSignature): SignedEntity {
  try {
    const entity = toSignedEntity(signature.bundle, signature.artifact)
    return { ...entity, signature: signature.bytes }
  } catch {
    throw new Refusal('timestamp-invalid', 'The timestamp is not one of RFC 3161.')
  }
}

/** The times that a verified entity's witnesses attest, earliest first. A log without a promise attests none. */
export function signingTimes(entity: SignedEntity): readonly Date[] {
  const times = entity.timestamps.flatMap((timestamp) => {
    if (timestamp.$case === 'timestamp-authority') return [timestamp.timestamp.signingTime]
    if (timestamp.tlogEntry.inclusionPromise === undefined) return []
    return [new Date(Number(timestamp.tlogEntry.integratedTime) * 1000)]
  })
  return times.toSorted((one, other) => one.getTime() - other.getTime())
}
