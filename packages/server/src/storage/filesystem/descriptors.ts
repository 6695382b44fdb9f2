/**
 * Promises around file descriptors. `FileHandle` does the same, a tenth to a quarter slower
 * (64 KiB reads), and these run for every chunk of every push and pull.
 */
import fs from 'node:fs'

export function openDescriptor(
  path: string,
  flags: string | number,
  mode?: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, flags, mode, (error, fd) => (error ? reject(error) : resolve(fd)))
  })
}

export function closeDescriptor(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.close(fd, (error) => (error ? reject(error) : resolve()))
  })
}

export function sizeOf(fd: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.fstat(fd, (error, stats) => (error ? reject(error) : resolve(stats.size)))
  })
}

export function truncateTo(fd: number, size: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.ftruncate(fd, size, (error) => (error ? reject(error) : resolve()))
  })
}

/** Makes a file's bytes, and the size needed to find them, durable. */
export function syncData(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fdatasync(fd, (error) => (error ? reject(error) : resolve()))
  })
}

/** Makes a directory's entries durable. */
export function syncEntries(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fsync(fd, (error) => (error ? reject(error) : resolve()))
  })
}

/** Fills `into` from `position` as far as the file reaches; returns the bytes read. */
export async function readFully(fd: number, into: Buffer, position: number): Promise<number> {
  let done = 0
  while (done < into.length) {
    const count = await readSome(fd, into, done, position + done)
    if (count === 0) break
    done += count
  }
  return done
}

function readSome(fd: number, into: Buffer, start: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, into, start, into.length - start, position, (error, count) =>
      error ? reject(error) : resolve(count),
    )
  })
}

/** One gathered write, which may be short: `writeFully` carries on. */
export function writeSome(fd: number, chunks: Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.writev(fd, chunks, position, (error, count) => (error ? reject(error) : resolve(count)))
  })
}

/** One write of `block`, which may be short. For a descriptor with O_DIRECT all three must be aligned. */
export function writeBlock(fd: number, block: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(fd, block, 0, block.length, position, (error, count) =>
      error ? reject(error) : resolve(count),
    )
  })
}

/** Writes every byte of `chunks` from `position` on with `write`, whatever little each call takes. */
export async function writeFully(
  write: (chunks: Uint8Array[], position: number) => Promise<number>,
  chunks: Uint8Array[],
  position: number,
): Promise<void> {
  let rest = chunks
  let left = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
  let at = position
  while (left > 0) {
    const count = await write(rest, at)
    if (count === 0) throw new Error('the file took no more bytes and gave no reason')
    left -= count
    at += count
    if (left > 0) rest = withoutFirst(rest, count)
  }
}

function withoutFirst(chunks: Uint8Array[], count: number): Uint8Array[] {
  let skip = count
  let index = 0
  for (const chunk of chunks) {
    if (skip < chunk.byteLength) return [chunk.subarray(skip), ...chunks.slice(index + 1)]
    skip -= chunk.byteLength
    index += 1
  }
  return []
}
