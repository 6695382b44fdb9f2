const magic = Buffer.from('\xff Go buildinf:', 'latin1')
const frame = 16

/** The build information that Go writes since 1.18: both strings follow their lengths. */
export function inlineBuildInfo(goVersion: string, modules: string): Buffer {
  const head = Buffer.alloc(32)
  magic.copy(head)
  head.writeUInt8(2, 15)
  return Buffer.concat([head, counted(Buffer.from(goVersion)), counted(framed(modules))])
}

/**
 * The build information that Go wrote before 1.18, for a place at `address`: the head points to two pairs of address and
 * length, each pointing to its string.
 */
export function pointerBuildInfo(
  goVersion: string,
  modules: string,
  address: number,
  isBigEndian = false,
): Buffer {
  const version = Buffer.from(goVersion)
  const list = framed(modules)
  const bytes = Buffer.alloc(64)
  const pointer = (value: number, at: number) =>
    isBigEndian
      ? bytes.writeBigUInt64BE(BigInt(value), at)
      : bytes.writeBigUInt64LE(BigInt(value), at)
  magic.copy(bytes)
  bytes.writeUInt8(8, 14)
  bytes.writeUInt8(isBigEndian ? 1 : 0, 15)
  pointer(address + 32, 16)
  pointer(address + 48, 24)
  pointer(address + 64, 32)
  pointer(version.length, 40)
  pointer(address + 64 + version.length, 48)
  pointer(list.length, 56)
  return Buffer.concat([bytes, version, list])
}

function framed(modules: string): Buffer {
  return Buffer.concat([Buffer.alloc(frame, 0x30), Buffer.from(modules), Buffer.alloc(frame, 0x39)])
}

function counted(bytes: Buffer): Buffer {
  const length: number[] = []
  let rest = bytes.length
  while (rest > 0x7f) {
    length.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  return Buffer.concat([Buffer.from([...length, rest]), bytes])
}
