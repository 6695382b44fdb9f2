import { Unreadable } from '../../detector.ts'
import type { FilePositions } from '../file-positions.ts'
import { readElf } from './elf.ts'
import { readMachO } from './macho.ts'
import { readPe } from './pe.ts'
import type { Executable } from './program.ts'

const fatMagics = [0xcafebabe, 0xcafebabf]
/** Java classes begin as fat programs do; their version stands where those tell how many they hold. */
const maxFatPrograms = 30

/** Whether a file begins as a program of Linux, Windows or macOS does. */
export function isExecutableHead(head: Uint8Array): boolean {
  return formatOf(Buffer.from(head.buffer, head.byteOffset, head.byteLength)) !== undefined
}

/** Reads the tables of a program. Throws `Unreadable`. */
export function readExecutable(file: FilePositions): Executable {
  const head = file.read(0, Math.min(64, file.size), 'the head of the program')
  switch (formatOf(head)) {
    case 'elf':
      return readElf(file)
    case 'pe':
      return readPe(file)
    case 'macho':
      return readMachO(file, 0)
    case 'fat':
      return readMachO(file, firstProgram(head))
    case undefined:
      throw new Unreadable('it does not begin as a program does')
  }
}

type Format = 'elf' | 'pe' | 'macho' | 'fat'

function formatOf(head: Buffer): Format | undefined {
  if (head.length < 32) return undefined
  const magic = head.readUInt32BE(0)
  if (magic === 0x7f454c46) return 'elf'
  if (magic >>> 16 === 0x4d5a) return 'pe'
  if ([0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe].includes(magic)) return 'macho'
  if (fatMagics.includes(magic) && head.readUInt32BE(4) <= maxFatPrograms) return 'fat'
  return undefined
}

/** All programs of a fat file are made of the same source, for different processors. */
function firstProgram(head: Buffer): number {
  if (head.readUInt32BE(4) === 0) throw new Unreadable('a fat program holds no program')
  return head.readUInt32BE(0) === 0xcafebabe
    ? head.readUInt32BE(16)
    : Number(head.readBigUInt64BE(16))
}
