import { crc32 } from 'node:zlib'

type ZipEntry =
  | { readonly name: string; readonly content: Buffer }
  /** Deflated already, so that it need not lie in memory as a whole; it claims this size. */
  | { readonly name: string; readonly packed: Buffer; readonly size: number }

/** A zip of these entries (APPNOTE.TXT 4.3), stored unless packed. */
export function writeZip(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const entry of entries) {
    const isPacked = 'packed' in entry
    const body = isPacked ? entry.packed : entry.content
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(isPacked ? 8 : 0, 4)
    common.writeUInt32LE(isPacked ? 0 : crc32(body), 10)
    common.writeUInt32LE(body.length, 14)
    common.writeUInt32LE(isPacked ? entry.size : body.length, 18)
    common.writeUInt16LE(entry.name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(entry.name), body])
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    directory.push(Buffer.from('PK\x01\x02\x14\0'), common, place, Buffer.from(entry.name))
    parts.push(local)
    offset += local.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, central, end])
}
