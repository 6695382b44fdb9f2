const pageBytes = 4096
const blockBytes = 16

/** Writes a `Packages.db` of rpm's NDB format: one page of slots, then the blobs, each with its head and tail. */
export function writeNdb(headers: readonly Buffer[]): Buffer {
  const slots = Buffer.alloc(pageBytes)
  words(slots, 0, 0x506d7052, 0, 1, 1, headers.length + 1, 0, 0, 0)
  for (let at = 2 * blockBytes; at < pageBytes; at += blockBytes) {
    words(slots, at, 0x746f6c53, 0, 0, 0)
  }
  const blobs: Buffer[] = []
  let block = pageBytes / blockBytes
  for (const [index, header] of headers.entries()) {
    const blocks = Math.ceil((blockBytes + header.length + 12) / blockBytes)
    const blob = Buffer.alloc(blocks * blockBytes)
    words(blob, 0, 0x53626c42, index + 1, 1, header.length)
    header.copy(blob, blockBytes)
    words(blob, blob.length - 12, adler32(blob.subarray(0, -12)), header.length, 0x45626c42)
    words(slots, (index + 2) * blockBytes, 0x746f6c53, index + 1, block, blocks)
    blobs.push(blob)
    block += blocks
  }
  return Buffer.concat([slots, ...blobs])
}

function words(buffer: Buffer, offset: number, ...values: readonly number[]): void {
  for (const [index, value] of values.entries()) buffer.writeUInt32LE(value, offset + index * 4)
}

function adler32(bytes: Buffer): number {
  let low = 1
  let high = 0
  for (const byte of bytes) {
    low = (low + byte) % 65_521
    high = (high + low) % 65_521
  }
  return high * 65_536 + low
}
