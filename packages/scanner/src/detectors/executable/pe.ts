import { Unreadable } from '../../detector.ts'
import { littleEndian } from '../byte-order.ts'
import type { FilePositions } from '../file-positions.ts'
import type { Executable, Mapping, Section } from './program.ts'

const signature = 0x4550
const sectionBytes = 40
/** Windows loads no more than these. */
const maxSections = 96
const pe32Plus = 0x20b
/** Holds initialised data, can be read and written; the bits for alignment do not matter. */
const dataCharacteristics = 0xc0000040
const alignmentBits = 0x00f00000

/**
 * Reads the section table of a Windows program (https://learn.microsoft.com/en-us/windows/win32/debug/pe-format). Throws
 * `Unreadable`.
 */
export function readPe(file: FilePositions): Executable {
  const headAt = littleEndian.u32(file.read(0, 64, 'the DOS head'), 60)
  const head = file.read(headAt, 24, 'the PE head')
  if (littleEndian.u32(head, 0) !== signature) {
    throw new Unreadable('it begins as a DOS program and has no PE head')
  }
  const count = littleEndian.u16(head, 6)
  if (count > maxSections) throw new Unreadable(`the PE file claims ${count} sections`)
  const optionalBytes = littleEndian.u16(head, 20)
  const imageBase = readImageBase(file.read(headAt + 24, optionalBytes, 'the optional PE head'))
  const tableAt = headAt + 24 + optionalBytes
  const table = file.read(tableAt, count * sectionBytes, 'the PE section table')
  const sections: Section[] = []
  let data: Mapping | undefined
  for (let at = 0; at < table.length; at += sectionBytes) {
    const section = {
      name: table.toString('latin1', at, at + 8).replace(/\0.*$/s, ''),
      address: imageBase + littleEndian.u32(table, at + 12),
      // Raw data is rounded up to the file's alignment, the size in memory is not.
      size: Math.min(littleEndian.u32(table, at + 8), littleEndian.u32(table, at + 16)),
      offset: littleEndian.u32(table, at + 20),
    }
    if (section.size === 0) continue
    sections.push(section)
    const characteristics = (littleEndian.u32(table, at + 36) & ~alignmentBits) >>> 0
    if (characteristics === dataCharacteristics) data ??= section
  }
  return { sections, mappings: sections, data }
}

function readImageBase(optional: Buffer): number {
  if (optional.length < 32) throw new Unreadable('the optional PE head is too short')
  return littleEndian.u16(optional, 0) === pe32Plus
    ? littleEndian.u64(optional, 24)
    : littleEndian.u32(optional, 28)
}
