/** What a DSSE signature is over: the pre-authentication encoding, version 1 of the DSSE protocol. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType)
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ])
}

export const inTotoPayloadType = 'application/vnd.in-toto+json'
