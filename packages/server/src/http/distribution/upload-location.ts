import { createHmac, timingSafeEqual } from 'node:crypto'
import type { RepositoryName } from '@berth/oci/reference.ts'

const signatureBytes = 15
const stateGrammar = /^(\d{1,15})\.([A-Za-z0-9_-]{20})$/

/**
 * Writes and reads the `Location` of an upload session. It carries the offset at which the session stood, so that a
 * request which is sent again to the same address (its answer was lost) is seen for what it is and cannot double the
 * blob. The offset is signed, and bound to the session, because a client may have edited the address.
 */
export class UploadLocations {
  readonly #key: Uint8Array

  /** `key` must outlive a restart, else addresses handed out before it lose their offset (and only that). */
  constructor(key: Uint8Array) {
    this.#key = key
  }

  /** A relative address: every client resolves it, and proxies cannot get it wrong. */
  format(repository: RepositoryName, upload: { id: string; offset: number }): string {
    const { id, offset } = upload
    const signature = this.#sign(id, offset).toString('base64url')
    return `/v2/${repository}/blobs/uploads/${id}?state=${offset}.${signature}`
  }

  /** The offset in a request's `state` parameter; `undefined` when it has none, or not one that this server wrote for the session. */
  readOffset(id: string, state: string | null): number | undefined {
    if (state === null) return undefined
    const match = stateGrammar.exec(state)
    if (match === null) return undefined
    const [, digits = '', signature = ''] = match
    const offset = Number(digits)
    const given = Buffer.from(signature, 'base64url')
    const expected = this.#sign(id, offset)
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
    return offset
  }

  #sign(id: string, offset: number): Buffer {
    return createHmac('sha256', this.#key)
      .update(`${offset} ${id}`)
      .digest()
      .subarray(0, signatureBytes)
  }
}
