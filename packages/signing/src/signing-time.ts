import type { SignedEntity } from '@sigstore/verify'

/** The times that a verified entity's witnesses attest, earliest first. A log without a promise attests none. */
export function signingTimes(entity: SignedEntity): readonly Date[] {
  const times = entity.timestamps.flatMap((timestamp) => {
    if (timestamp.$case === 'timestamp-authority') return [timestamp.timestamp.signingTime]
    if (timestamp.tlogEntry.inclusionPromise === undefined) return []
    return [new Date(Number(timestamp.tlogEntry.integratedTime) * 1000)]
  })
  return times.toSorted((one, other) => one.getTime() - other.getTime())
}
