import { open } from 'node:fs/promises'

/** The first bytes of a file, zeros behind its end: enough to tell what kind it is. Throws what the system says. */
export async function fileStart(path: string, length: number): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, 0)
    return buffer
  } finally {
    await file.close()
  }
}
