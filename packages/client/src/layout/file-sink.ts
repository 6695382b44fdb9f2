import type { FileHandle } from 'node:fs/promises'

const gatheredBytes = 1024 * 1024

/**
 * The end of a pipeline that appends to a file, a MiB at a time. The file stays open. (A `WriteStream` over a handle
 * that it may not close never tells the pipeline that it is done.)
 */
export function fileSink(file: FileHandle): (pieces: AsyncIterable<Buffer>) => Promise<void> {
  return async (pieces) => {
    let gathered: Buffer[] = []
    let size = 0
    const flush = async (): Promise<void> => {
      const taken = gathered
      gathered = []
      size = 0
      await writeAll(file, Buffer.concat(taken))
    }
    try {
      for await (const piece of pieces) {
        gathered.push(piece)
        size += piece.length
        if (size >= gatheredBytes) await flush()
      }
    } finally {
      // What came before a break is worth keeping.
      if (size > 0) await flush()
    }
  }
}

/** Appends all of the bytes; the kernel may take fewer at a time. */
export async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at)
    at += bytesWritten
  }
}
