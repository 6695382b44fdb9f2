import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Detected, type Detector, ScanLimit } from '../../detector.ts'

/** Runs one detector on bytes, as the layer reader does; `isExecutable` unless said otherwise. */
export async function detectBytes(
  detector: Detector,
  path: string,
  bytes: Buffer,
  options: { isExecutable?: boolean } = {},
): Promise<Detected> {
  let folder: string | undefined
  const refuseLarge = (maxBytes: number) => {
    if (bytes.length > maxBytes) throw new ScanLimit(`${path} is larger than ${maxBytes} bytes`)
  }
  try {
    return await detector.detect({
      path,
      size: bytes.length,
      isExecutable: options.isExecutable ?? true,
      head: bytes.subarray(0, 4096),
      read: async (maxBytes) => {
        refuseLarge(maxBytes)
        return Buffer.from(bytes)
      },
      onDisk: async (maxBytes) => {
        refuseLarge(maxBytes)
        folder ??= await mkdtemp(join(tmpdir(), 'berth-detector-'))
        const file = join(folder, 'file')
        await writeFile(file, bytes)
        return file
      },
    })
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}
