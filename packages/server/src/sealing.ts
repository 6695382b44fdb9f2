import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

/**
 * Keeps secrets in tables that alone do not give them away: AES-256-GCM, each bound to a text that names its row, so that
 * one which is copied to another row does not open. What is sealed is the initialisation vector, the tag and the text.
 */
export class Sealing {
  readonly #key: Buffer

  /** `key` has 32 bytes. */
  constructor(key: Buffer) {
    this.#key = key
  }

  seal(bound: string, secret: Buffer): Buffer {
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv(algorithm, this.#key, iv)
    cipher.setAAD(Buffer.from(bound))
    const text = Buffer.concat([cipher.update(secret), cipher.final()])
    return Buffer.concat([iv, cipher.getAuthTag(), text])
  }

  /** Throws when it was sealed with another key or bound to another text. */
  open(bound: string, sealed: Uint8Array): Buffer {
    const bytes = Buffer.from(sealed)
    const cipher = createDecipheriv(algorithm, this.#key, bytes.subarray(0, ivBytes), {
      authTagLength: tagBytes,
    })
    cipher.setAAD(Buffer.from(bound))
    cipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
    return Buffer.concat([cipher.update(bytes.subarray(ivBytes + tagBytes)), cipher.final()])
  }
}
