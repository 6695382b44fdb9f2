import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type ScannedFile, Unreadable } from '../detector.ts'

/** A file that is read here and there, never as a whole. */
export type FilePositions = {
  readonly size: number
  /** Exactly `length` bytes. Throws `Unreadable` where the file does not have them: `what` names the part. */
  read(offset: number, length: number, what: string): Buffer
}

/** Smaller files are taken into memory: a copy on disk would cost more. */
const memoryBytes = 4 * 1024 ** 2

/**
 * Opens a file, lends it and closes it. Reading is synchronous: these formats are followed in thousands of small
 * steps, and the scanner has a process of its own. Throws `ScanLimit` for a file larger than `maxBytes`.
 */
export async function withFilePositions<T>(
  file: ScannedFile,
  maxBytes: number,
  use: (positions: FilePositions) => T | Promise<T>,
): Promise<T> {
  if (file.size <= Math.min(memoryBytes, maxBytes)) {
    return use(bufferPositions(await file.read(maxBytes)))
  }
  const descriptor = openSync(await file.onDisk(maxBytes), 'r')
  try {
    const { size } = fstatSync(descriptor)
    return await use({
      size,
      read: (offset, length, what) => {
        checkInside(offset, length, size, what)
        return readExactly(descriptor, offset, length, what)
      },
    })
  } finally {
    closeSync(descriptor)
  }
}

/** Bytes in memory, read in the same way. */
export function bufferPositions(bytes: Buffer): FilePositions {
  return {
    size: bytes.length,
    read: (offset, length, what) => {
      checkInside(offset, length, bytes.length, what)
      return bytes.subarray(offset, offset + length)
    },
  }
}

/** A part of another file as if it were a file. */
export function slicePositions(file: FilePositions, start: number, size: number): FilePositions {
  checkInside(start, size, file.size, 'a part of the file')
  return {
    size,
    read: (offset, length, what) => {
      checkInside(offset, length, size, what)
      return file.read(start + offset, length, what)
    },
  }
}

/** Whether a part lies inside `size` bytes; false for what no file can hold. */
export function isInside(offset: number, length: number, size: number): boolean {
  return (
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    offset + length <= size
  )
}

function checkInside(offset: number, length: number, size: number, what: string): void {
  if (isInside(offset, length, size)) return
  throw new Unreadable(
    `${what} is said to be at byte ${offset} with ${length} bytes, but the file has ${size}`,
  )
}

function readExactly(descriptor: number, offset: number, length: number, what: string): Buffer {
  const buffer = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const read = readSync(descriptor, buffer, filled, length - filled, offset + filled)
    if (read === 0) throw new Unreadable(`the file ended inside ${what}`)
    filled += read
  }
  return buffer
}
