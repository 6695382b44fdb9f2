import { Unreadable } from '../../detector.ts'
import { bigEndian, littleEndian } from '../byte-order.ts'
import type { FilePositions } from '../file-positions.ts'
import type { Executable, Mapping } from './program.ts'

/** What Go's linker writes into every program: the toolchain and the list of modules, as text. */
export type BuildInfo = { readonly goVersion: string; readonly modules: string }

const magic = Buffer.from('\xff Go buildinf:', 'latin1')
const alignment = 16
const headBytes = 32
const inlineFlag = 2
const bigEndianFlag = 1
const chunkBytes = 1024 ** 2
const maxVersionBytes = 4096
/** The largest real lists have some 200 kB. */
const maxModulesBytes = 16 * 1024 ** 2
/** Around the list stand two marks of this many bytes. */
const frameBytes = 16

/**
 * Finds the build information of a Go program; undefined where there is none. Since Go 1.18 the strings follow inline,
 * before that the head holds pointers to them (debug/buildinfo of Go's library). Throws `Unreadable`.
 */
export function readBuildInfo(file: FilePositions, program: Executable): BuildInfo | undefined {
  const named = program.sections.find(
    ({ name }) => name === '.go.buildinfo' || name === '__go_buildinfo',
  )
  const place = named ?? program.data
  if (place === undefined) return undefined
  const at = findMagic(file, place)
  if (at === undefined) return undefined
  const head = file.read(at, headBytes, 'the build information of Go')
  const flags = head.readUInt8(15)
  const found =
    (flags & inlineFlag) === 0
      ? readPointers(file, program, head)
      : readInline(file, at + headBytes)
  return { goVersion: found.version, modules: withoutFrame(found.modules).toString('utf8') }
}

function findMagic(file: FilePositions, place: Mapping): number | undefined {
  // Alignment is that of the address. Where both differ, the file is no linker's.
  const end = Math.min(place.offset + place.size, file.size)
  let at = place.offset + ((alignment - (place.address % alignment)) % alignment)
  while (at + headBytes <= end) {
    const chunk = file.read(at, Math.min(chunkBytes, end - at), 'the data of the program')
    let hit = chunk.indexOf(magic)
    while (hit !== -1) {
      if (hit % alignment === 0 && at + hit + headBytes <= end) return at + hit
      hit = chunk.indexOf(magic, hit + 1)
    }
    at += chunkBytes
  }
  return undefined
}

type Strings = { readonly version: string; readonly modules: Buffer }

function readInline(file: FilePositions, start: number): Strings {
  const version = readCounted(file, start, maxVersionBytes, 'the version of Go')
  const modules = readCounted(file, version.end, maxModulesBytes, 'the list of Go modules')
  return { version: version.bytes.toString('utf8'), modules: modules.bytes }
}

/** A string after its length as an unsigned variable-length integer. */
function readCounted(
  file: FilePositions,
  at: number,
  most: number,
  what: string,
): { bytes: Buffer; end: number } {
  const head = file.read(at, Math.min(5, Math.max(1, file.size - at)), what)
  let length = 0
  let used = 0
  for (const byte of head) {
    length += (byte & 0x7f) * 2 ** (7 * used)
    used += 1
    if (byte < 0x80) {
      const bytes = file.read(at + used, checkLength(length, most, what), what)
      return { bytes, end: at + used + length }
    }
  }
  throw new Unreadable(`${what} has no length`)
}

function readPointers(file: FilePositions, program: Executable, head: Buffer): Strings {
  const width = head.readUInt8(14)
  if (width !== 4 && width !== 8) {
    throw new Unreadable(`the build information of Go has pointers of ${width} bytes`)
  }
  const order = (head.readUInt8(15) & bigEndianFlag) === 0 ? littleEndian : bigEndian
  const word = width === 8 ? order.u64 : order.u32
  const follow = (address: number, most: number, what: string): Buffer => {
    const pointer = file.read(offsetOf(program, address, what), 2 * width, what)
    const length = checkLength(word(pointer, width), most, what)
    if (length === 0) return Buffer.alloc(0)
    return file.read(offsetOf(program, word(pointer, 0), what), length, what)
  }
  const modulesAt = word(head, 16 + width)
  return {
    version: follow(word(head, 16), maxVersionBytes, 'the version of Go').toString('utf8'),
    modules:
      modulesAt === 0
        ? Buffer.alloc(0)
        : follow(modulesAt, maxModulesBytes, 'the list of Go modules'),
  }
}

function offsetOf(program: Executable, address: number, what: string): number {
  const mapping = program.mappings.find(
    (candidate) => address >= candidate.address && address < candidate.address + candidate.size,
  )
  if (mapping === undefined)
    throw new Unreadable(`${what} is at an address that is not in the file`)
  return mapping.offset + (address - mapping.address)
}

function checkLength(length: number, most: number, what: string): number {
  if (length <= most) return length
  throw new Unreadable(`${what} claims ${length} bytes; at most ${most} are read`)
}

function withoutFrame(modules: Buffer): Buffer {
  const isFramed = modules.length > 2 * frameBytes && modules.at(-frameBytes - 1) === 0x0a
  return isFramed ? modules.subarray(frameBytes, modules.length - frameBytes) : Buffer.alloc(0)
}
