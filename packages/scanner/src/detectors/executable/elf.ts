import { Unreadable } from '../../detector.ts'
import { bigEndian, type ByteOrder, littleEndian } from '../byte-order.ts'
import type { FilePositions } from '../file-positions.ts'
import type { Executable, Mapping, Section } from './program.ts'

const maxSections = 65_536
const maxPrograms = 65_536
const maxNameBytes = 16 * 1024 ** 2
const noBitsType = 8
const loadType = 1
const executeFlag = 1
const writeFlag = 2
/** A section number that stands for one which does not fit and is found in the first section. */
const extendedIndex = 0xffff

type Layout = {
  readonly order: ByteOrder
  readonly is64: boolean
  /** A word of the class's own width. */
  readonly word: (buffer: Buffer, offset: number) => number
}

/** Reads the section and program tables (https://refspecs.linuxfoundation.org/elf/gabi4+/). Throws `Unreadable`. */
export function readElf(file: FilePositions): Executable {
  const ident = file.read(0, 16, 'the ELF identification')
  const is64 = ident.readUInt8(4) === 2
  const order = ident.readUInt8(5) === 2 ? bigEndian : littleEndian
  const layout: Layout = { order, is64, word: is64 ? order.u64 : order.u32 }
  const head = file.read(0, is64 ? 64 : 52, 'the ELF head')
  const sections = readSections(file, layout, head)
  const segments = readSegments(file, layout, head)
  return {
    sections,
    mappings: segments,
    // Where there are sections, the one of Go has its own name.
    data:
      sections.length > 0
        ? undefined
        : segments.find(({ flags }) => (flags & (executeFlag | writeFlag)) === writeFlag),
  }
}

type RawSection = {
  readonly nameAt: number
  readonly type: number
  readonly link: number
} & Mapping

function readSections(file: FilePositions, layout: Layout, head: Buffer): Section[] {
  const { order, is64, word } = layout
  const tableAt = word(head, is64 ? 40 : 32)
  if (tableAt === 0) return []
  const entryBytes = order.u16(head, is64 ? 58 : 46)
  if (entryBytes < (is64 ? 64 : 40)) {
    throw new Unreadable(`the ELF section table has entries of ${entryBytes} bytes`)
  }
  const first = rawSection(layout, file.read(tableAt, entryBytes, 'the ELF section table'))
  const count = order.u16(head, is64 ? 60 : 48) || first.size
  if (count > maxSections) throw new Unreadable(`the ELF file claims ${count} sections`)
  const table = file.read(tableAt, count * entryBytes, 'the ELF section table')
  const raw = Array.from({ length: count }, (_, index) =>
    rawSection(layout, table.subarray(index * entryBytes, (index + 1) * entryBytes)),
  )
  const namesIndex = order.u16(head, is64 ? 62 : 50)
  const namesSection = raw[namesIndex === extendedIndex ? first.link : namesIndex]
  if (namesSection === undefined || namesSection.size > maxNameBytes) {
    throw new Unreadable('the ELF section names are not where the head says')
  }
  const names = file.read(namesSection.offset, namesSection.size, 'the ELF section names')
  return raw
    .filter(({ type, size }) => type !== noBitsType && size > 0)
    .map(({ nameAt, address, offset, size }) => ({
      name: readName(names, nameAt),
      address,
      offset,
      size,
    }))
}

function rawSection({ order, is64, word }: Layout, entry: Buffer): RawSection {
  return {
    nameAt: order.u32(entry, 0),
    type: order.u32(entry, 4),
    address: word(entry, is64 ? 16 : 12),
    offset: word(entry, is64 ? 24 : 16),
    size: word(entry, is64 ? 32 : 20),
    link: order.u32(entry, is64 ? 40 : 24),
  }
}

/** Sections that are looked for have short names; what is longer is cut. */
function readName(names: Buffer, at: number): string {
  const part = names.subarray(at, at + 64)
  const end = part.indexOf(0)
  return part.toString('latin1', 0, end === -1 ? part.length : end)
}

type Segment = Mapping & { readonly flags: number }

function readSegments(file: FilePositions, layout: Layout, head: Buffer): Segment[] {
  const { order, is64, word } = layout
  const tableAt = word(head, is64 ? 32 : 28)
  const entryBytes = order.u16(head, is64 ? 54 : 42)
  const count = order.u16(head, is64 ? 56 : 44)
  if (tableAt === 0 || count === 0) return []
  if (entryBytes < (is64 ? 56 : 32) || count > maxPrograms) {
    throw new Unreadable(`the ELF file claims ${count} segments of ${entryBytes} bytes`)
  }
  const table = file.read(tableAt, count * entryBytes, 'the ELF program table')
  const segments: Segment[] = []
  for (let at = 0; at < table.length; at += entryBytes) {
    if (order.u32(table, at) !== loadType) continue
    segments.push({
      flags: order.u32(table, at + (is64 ? 4 : 24)),
      offset: word(table, at + (is64 ? 8 : 4)),
      address: word(table, at + (is64 ? 16 : 8)),
      size: word(table, at + (is64 ? 32 : 16)),
    })
  }
  return segments
}
