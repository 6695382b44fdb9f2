/** A section by its name. */
type ElfSection = { readonly name: string; readonly bytes: Buffer }

/**
 * Writes an ELF file of 64 bits: head, one writable segment that covers everything from `loadAddress` on, sections, names
 * of sections, section table. With `hasSections: false` the table is left out, as in a stripped program.
 */
export function writeElf(
  sections: readonly ElfSection[],
  options: { hasSections?: boolean; isBigEndian?: boolean } = {},
): Buffer {
  const isBig = options.isBigEndian ?? false
  const u16 = (bytes: Buffer, value: number, at: number) =>
    isBig ? bytes.writeUInt16BE(value, at) : bytes.writeUInt16LE(value, at)
  const u32 = (bytes: Buffer, value: number, at: number) =>
    isBig ? bytes.writeUInt32BE(value, at) : bytes.writeUInt32LE(value, at)
  const u64 = (bytes: Buffer, value: number, at: number) =>
    isBig ? bytes.writeBigUInt64BE(BigInt(value), at) : bytes.writeBigUInt64LE(BigInt(value), at)

  const names = Buffer.from(`\0${sections.map(({ name }) => `${name}\0`).join('')}.shstrtab\0`)
  const parts = [...sections, { name: '.shstrtab', bytes: names }]
  const start = 64 + 56
  const placed: { nameAt: number; offset: number; size: number }[] = []
  const body: Buffer[] = []
  let offset = start
  for (const { name, bytes } of parts) {
    const padding = (16 - (offset % 16)) % 16
    body.push(Buffer.alloc(padding), bytes)
    placed.push({
      nameAt: names.indexOf(`\0${name}\0`) + 1,
      offset: offset + padding,
      size: bytes.length,
    })
    offset += padding + bytes.length
  }
  const head = Buffer.alloc(64)
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, isBig ? 2 : 1, 1])
  u64(head, 64, 32)
  u16(head, 56, 54)
  u16(head, 1, 56)
  if (options.hasSections !== false) {
    u64(head, offset, 40)
    u16(head, 64, 58)
    u16(head, parts.length, 60)
    u16(head, parts.length - 1, 62)
  }
  const segment = Buffer.alloc(56)
  u32(segment, 1, 0)
  u32(segment, 6, 4)
  u64(segment, start, 8)
  u64(segment, loadAddress + start, 16)
  u64(segment, offset - start, 32)
  const table = placed.map(({ nameAt, offset: at, size }) => {
    const entry = Buffer.alloc(64)
    u32(entry, nameAt, 0)
    u32(entry, 1, 4)
    u64(entry, loadAddress + at, 16)
    u64(entry, at, 24)
    u64(entry, size, 32)
    return entry
  })
  return Buffer.concat([head, segment, ...body, ...(options.hasSections === false ? [] : table)])
}

/** Where byte 0 of the file is loaded. */
export const loadAddress = 0x400000
