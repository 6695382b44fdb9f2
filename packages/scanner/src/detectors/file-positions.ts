import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { Unreadable } from '../detector.ts'

/** A file that is read here and there, never as a whole. */
export type FilePositions = {
  readonly size: number
  /** Exactly `length` bytes. Throws `Unreadable` where the file does not have them: `what` names the part. */
  read(offset: number, length: number, what: string): Buffer
}

/**
 * Opens a file, lends it and closes it. Reading is synchronous: these formats are followed in thousands of small
 * steps, and the scanner has a process of its own.
 */
export async function withFilePositions<T>(
  path: string,
  use: (file: FilePositions) => T | Promise<T>,
): Promise<T> {
  const descriptor = openSync(path, 'r')
  try {
    const { size } = fstatSync(descriptor)
    return await use({
      size,
      read: (offset, length, what) => {
        if (!isInside(offset, length, size)) {
          throw new Unreadable(
            `${what} is said to be at byte ${offset} with ${length} bytes, but the file has ${size}`,
          )
        }
        return readExactly(descriptor, offset, length, what)
      },
    })
  } finally {
    closeSync(descriptor)
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
