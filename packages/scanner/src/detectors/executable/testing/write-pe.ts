/** Writes a Windows program of 64 bits with one section: initialised data that can be read and written. */
export function writePe(name: string, bytes: Buffer): Buffer {
  const head = Buffer.alloc(512)
  head.write('MZ')
  head.writeUInt32LE(128, 60)
  head.write('PE\0\0', 128)
  head.writeUInt16LE(0x8664, 132)
  head.writeUInt16LE(1, 134)
  head.writeUInt16LE(112, 148)
  head.writeUInt16LE(0x20b, 152)
  head.writeBigUInt64LE(0x140000000n, 152 + 24)
  const section = 152 + 112
  head.write(name, section, 8, 'latin1')
  head.writeUInt32LE(bytes.length, section + 8)
  head.writeUInt32LE(0x1000, section + 12)
  head.writeUInt32LE(bytes.length, section + 16)
  head.writeUInt32LE(head.length, section + 20)
  head.writeUInt32LE(0xc0000040, section + 36)
  return Buffer.concat([head, bytes])
}
