import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'

export type UniqueBlob = { digest: string; bytes: Buffer }

const chunkBytes = 8 * 1024 ** 2
const zeros = Buffer.alloc(chunkBytes)

/** Bytes that no earlier call returned and that do not compress, with their digest. */
export function uniqueBlob(size: number): UniqueBlob {
  const bytes = Buffer.concat([...uniqueChunks(size)])
  return { digest: digestOf(bytes), bytes }
}

/** Writes a new file of such bytes and returns its digest. */
export function writeUniqueFile(path: string, size: number): string {
  const file = openSync(path, 'w')
  const hash = createHash('sha256')
  for (const chunk of uniqueChunks(size)) {
    hash.update(chunk)
    writeSync(file, chunk)
  }
  closeSync(file)
  return `sha256:${hash.digest('hex')}`
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

function* uniqueChunks(size: number): Generator<Buffer> {
  const cipher = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16))
  for (let left = size; left > 0; left -= chunkBytes) {
    yield cipher.update(left < chunkBytes ? zeros.subarray(0, left) : zeros)
  }
}
