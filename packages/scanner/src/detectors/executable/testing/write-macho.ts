const dataAt = 512

/** Writes a macOS program of 64 bits with one section in its writable segment. */
export function writeMachO(name: string, bytes: Buffer): Buffer {
  const head = Buffer.alloc(dataAt)
  head.writeUInt32LE(0xfeedfacf, 0)
  head.writeUInt32LE(1, 16)
  head.writeUInt32LE(72 + 80, 20)
  const segment = 32
  head.writeUInt32LE(0x19, segment)
  head.writeUInt32LE(72 + 80, segment + 4)
  head.write('__DATA', segment + 8)
  head.writeBigUInt64LE(0x100000000n, segment + 24)
  head.writeBigUInt64LE(BigInt(bytes.length), segment + 32)
  head.writeBigUInt64LE(BigInt(dataAt), segment + 40)
  head.writeBigUInt64LE(BigInt(bytes.length), segment + 48)
  head.writeUInt32LE(3, segment + 56)
  head.writeUInt32LE(3, segment + 60)
  head.writeUInt32LE(1, segment + 64)
  const section = segment + 72
  head.write(name, section, 16, 'latin1')
  head.write('__DATA', section + 16)
  head.writeBigUInt64LE(0x100000000n, section + 32)
  head.writeBigUInt64LE(BigInt(bytes.length), section + 40)
  head.writeUInt32LE(dataAt, section + 48)
  return Buffer.concat([head, bytes])
}

/** Puts a program into a fat file of one. */
export function writeFat(program: Buffer): Buffer {
  const head = Buffer.alloc(64)
  head.writeUInt32BE(0xcafebabe, 0)
  head.writeUInt32BE(1, 4)
  head.writeUInt32BE(head.length, 16)
  head.writeUInt32BE(program.length, 20)
  return Buffer.concat([head, program])
}
