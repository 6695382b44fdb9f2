import { Unreadable } from '../../detector.ts'
import { bigEndian, littleEndian, type ByteOrder } from '../byte-order.ts'
import type { FilePositions } from '../file-positions.ts'
import type { Executable, Mapping, Section } from './program.ts'

const maxCommandBytes = 16 * 1024 ** 2
const segmentCommand = 1
const segmentCommand64 = 0x19
const readWrite = 3

type Layout = {
  readonly order: ByteOrder
  readonly is64: boolean
  /** Where the program begins in the file: not 0 inside a fat one. */
  readonly start: number
  readonly word: (buffer: Buffer, offset: number) => number
}

/** Reads the segments of a macOS program that begins at `start` (mach-o/loader.h). Throws `Unreadable`. */
export function readMachO(file: FilePositions, start: number): Executable {
  const head = file.read(start, 28, 'the Mach-O head')
  const magic = head.readUInt32LE(0)
  const isLittle = magic === 0xfeedface || magic === 0xfeedfacf
  const order = isLittle ? littleEndian : bigEndian
  const ownMagic = order.u32(head, 0)
  if (ownMagic !== 0xfeedface && ownMagic !== 0xfeedfacf) {
    throw new Unreadable('a fat program does not hold a Mach-O program where it says')
  }
  const is64 = ownMagic === 0xfeedfacf
  const layout: Layout = { order, is64, start, word: is64 ? order.u64 : order.u32 }
  const commandBytes = order.u32(head, 20)
  if (commandBytes > maxCommandBytes) {
    throw new Unreadable(`the Mach-O file claims ${commandBytes} bytes of load commands`)
  }
  const commands = file.read(start + (is64 ? 32 : 28), commandBytes, 'the Mach-O load commands')
  return readCommands(layout, commands)
}

function readCommands(layout: Layout, commands: Buffer): Executable {
  const sections: Section[] = []
  const mappings: Mapping[] = []
  let data: Mapping | undefined
  let at = 0
  while (at + 8 <= commands.length) {
    const command = layout.order.u32(commands, at)
    const bytes = layout.order.u32(commands, at + 4)
    if (bytes < 8 || at + bytes > commands.length) {
      throw new Unreadable(`a load command of the Mach-O file claims ${bytes} bytes`)
    }
    if (command === (layout.is64 ? segmentCommand64 : segmentCommand)) {
      const segment = readSegment(layout, commands.subarray(at, at + bytes))
      sections.push(...segment.sections)
      mappings.push(segment.mapping)
      if (segment.isData) data ??= segment.mapping
    }
    at += bytes
  }
  return { sections, mappings, data }
}

function readSegment(
  layout: Layout,
  command: Buffer,
): { sections: Section[]; mapping: Mapping; isData: boolean } {
  const { order, is64, word, start } = layout
  const headBytes = is64 ? 72 : 56
  if (command.length < headBytes) throw new Unreadable('a segment of the Mach-O file is cut short')
  const width = is64 ? 8 : 4
  const mapping = {
    address: word(command, 24),
    offset: start + word(command, 24 + 2 * width),
    size: word(command, 24 + 3 * width),
  }
  const protection = 24 + 4 * width
  const count = order.u32(command, protection + 8)
  const entryBytes = is64 ? 80 : 68
  if (headBytes + count * entryBytes > command.length) {
    throw new Unreadable(`a segment of the Mach-O file claims ${count} sections`)
  }
  const sections = Array.from({ length: count }, (_, index) => {
    const entry = command.subarray(headBytes + index * entryBytes)
    return {
      name: entry.toString('latin1', 0, 16).replace(/\0.*$/s, ''),
      address: word(entry, 32),
      size: word(entry, 32 + width),
      offset: start + order.u32(entry, 32 + 2 * width),
    }
  })
  const isWritable =
    order.u32(command, protection) === readWrite && order.u32(command, protection + 4) === readWrite
  return {
    sections,
    mapping,
    isData: isWritable && mapping.address !== 0 && mapping.size !== 0,
  }
}
