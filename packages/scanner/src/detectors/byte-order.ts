type Word = (buffer: Buffer, offset: number) => number

/** Reads unsigned numbers of one byte order. */
export type ByteOrder = {
  readonly u16: Word
  readonly u32: Word
  /** Exact up to 2^53: what is larger is no place in a file, and fails the check of every read. */
  readonly u64: Word
}

export const littleEndian: ByteOrder = {
  u16: (buffer, offset) => buffer.readUInt16LE(offset),
  u32: (buffer, offset) => buffer.readUInt32LE(offset),
  u64: (buffer, offset) => Number(buffer.readBigUInt64LE(offset)),
}

export const bigEndian: ByteOrder = {
  u16: (buffer, offset) => buffer.readUInt16BE(offset),
  u32: (buffer, offset) => buffer.readUInt32BE(offset),
  u64: (buffer, offset) => Number(buffer.readBigUInt64BE(offset)),
}
