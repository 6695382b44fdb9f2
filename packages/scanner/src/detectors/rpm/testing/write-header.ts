/** A value of a header: a string, several, or INT32 numbers. */
type HeaderValue = string | readonly string[] | readonly number[]

/** Writes an rpm header blob as the databases hold it: index, then store, big endian. */
export function writeRpmHeader(tags: ReadonlyMap<number, HeaderValue>): Buffer {
  const entries: Buffer[] = []
  const parts: Buffer[] = []
  let offset = 0
  for (const [tag, value] of tags) {
    const { type, count, data } = encode(value)
    const padding = type === 4 ? (4 - (offset % 4)) % 4 : 0
    parts.push(Buffer.alloc(padding), data)
    entries.push(words(tag, type, offset + padding, count))
    offset += padding + data.length
  }
  return Buffer.concat([words(tags.size, offset), ...entries, ...parts])
}

function encode(value: HeaderValue): { type: number; count: number; data: Buffer } {
  if (typeof value === 'string') return { type: 6, count: 1, data: Buffer.from(`${value}\0`) }
  if (value.every((item) => typeof item === 'string')) {
    return {
      type: 8,
      count: value.length,
      data: Buffer.from(value.map((item) => `${item}\0`).join('')),
    }
  }
  return { type: 4, count: value.length, data: words(...value.map(Number)) }
}

function words(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) buffer.writeUInt32BE(value, index * 4)
  return buffer
}
