const pageSize = 4096
const pageHeadBytes = 26

/** Writes numbers of one byte order into a page. */
type Writer = {
  readonly u16: (page: Buffer, value: number, offset: number) => void
  readonly u32: (page: Buffer, value: number, offset: number) => void
}

const writers: Readonly<Record<'little' | 'big', Writer>> = {
  little: {
    u16: (page, value, offset) => page.writeUInt16LE(value, offset),
    u32: (page, value, offset) => page.writeUInt32LE(value, offset),
  },
  big: {
    u16: (page, value, offset) => page.writeUInt16BE(value, offset),
    u32: (page, value, offset) => page.writeUInt32BE(value, offset),
  },
}

/**
 * Writes a Berkeley DB hash table as rpm does: page 0 describes it, each hash page holds one key and one value, and
 * values that do not fit lie in overflow pages. Entry 0 holds the last package number.
 */
export function writeBdb(headers: readonly Buffer[], order: 'little' | 'big' = 'little'): Buffer {
  const write = writers[order]
  const meta = Buffer.alloc(pageSize)
  write.u32(meta, 0x061561, 12)
  write.u32(meta, 9, 16)
  write.u32(meta, pageSize, 20)
  meta.writeUInt8(8, 25)
  const pages: Buffer[] = [meta]
  const number = (value: number) => {
    const bytes = Buffer.alloc(5, 1)
    write.u32(bytes, value, 1)
    return bytes
  }
  pages.push(hashPage(write, [number(0), number(headers.length)]))
  for (const [index, header] of headers.entries()) {
    if (header.length < pageSize / 4) {
      pages.push(hashPage(write, [number(index + 1), Buffer.concat([Buffer.of(1), header])]))
      continue
    }
    const reference = Buffer.alloc(12)
    reference.writeUInt8(3, 0)
    write.u32(reference, pages.length + 1, 4)
    write.u32(reference, header.length, 8)
    pages.push(hashPage(write, [number(index + 1), reference]))
    pages.push(...overflowPages(write, header, pages.length))
  }
  write.u32(meta, pages.length - 1, 32)
  write.u32(meta, headers.length + 1, 88)
  return Buffer.concat(pages)
}

function hashPage(write: Writer, items: readonly Buffer[]) {
  const page = Buffer.alloc(pageSize)
  page.writeUInt8(13, 25)
  write.u16(page, items.length, 20)
  let start = pageSize
  for (const [index, item] of items.entries()) {
    start -= item.length
    item.copy(page, start)
    write.u16(page, start, pageHeadBytes + index * 2)
  }
  return page
}

function overflowPages(write: Writer, bytes: Buffer, first: number) {
  const room = pageSize - pageHeadBytes
  const count = Math.ceil(bytes.length / room)
  return Array.from({ length: count }, (_, index) => {
    const page = Buffer.alloc(pageSize)
    const part = bytes.subarray(index * room, (index + 1) * room)
    page.writeUInt8(7, 25)
    write.u32(page, index + 1 < count ? first + index + 1 : 0, 16)
    write.u16(page, part.length, 22)
    part.copy(page, pageHeadBytes)
    return page
  })
}
