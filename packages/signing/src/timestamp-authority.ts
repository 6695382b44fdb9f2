import { createHash, randomBytes } from 'node:crypto'
import { type Fetch, post, type Service, SigningServiceError } from './service.ts'
import type { Witness } from './signer.ts'

/** A timestamp authority (RFC 3161 over HTTP) as a witness. `url` is the whole address that queries are posted to. */
export function timestampWitness(options: { url: string; fetch: Fetch }): Witness {
  const service: Service = {
    what: 'The timestamp authority',
    url: options.url,
    fetch: options.fetch,
  }
  return {
    async attest({ signature }) {
      const response = await post(service, '', writeQuery(signature), {
        'content-type': 'application/timestamp-query',
        accept: 'application/timestamp-reply',
      })
      if (!isGranted(response)) {
        throw new SigningServiceError(
          `${service.what} at ${service.url} did not grant a timestamp.`,
        )
      }
      return { kind: 'timestamp', response }
    },
  }
}

const sha256Algorithm = Buffer.from('300d06096086480165030402010500', 'hex')

/** TimeStampReq: version 1, the SHA-256 of the signature, a nonce, and the wish for the authority's certificate. */
function writeQuery(signature: Buffer): Buffer<ArrayBuffer> {
  const hashed = createHash('sha256').update(signature).digest()
  const imprint = der(0x30, sha256Algorithm, der(0x04, hashed))
  const nonce = randomBytes(8)
  // Neither negative nor with a leading zero, so that it is a shortest INTEGER.
  nonce[0] = ((nonce[0] ?? 0) & 0x7f) | 0x40
  return der(0x30, der(0x02, Buffer.of(1)), imprint, der(0x02, nonce), der(0x01, Buffer.of(0xff)))
}

/** Every part here is shorter than 128 bytes, so that one byte holds its length. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer<ArrayBuffer> {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(tag, body.length), body])
}

/** TimeStampResp starts with PKIStatusInfo, whose first INTEGER is 0 (granted) or 1 (granted with changes). */
function isGranted(response: Buffer): boolean {
  const lengthByte = response[1] ?? 0
  const start = 2 + (lengthByte & 0x80 ? lengthByte & 0x7f : 0)
  const info = response.subarray(start, start + 5)
  return response[0] === 0x30 && info[0] === 0x30 && info[2] === 0x02 && (info[4] ?? 9) <= 1
}
