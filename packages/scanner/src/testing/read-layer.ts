import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LayerCatalogue } from '../catalogue.ts'
import type { Detector } from '../detector.ts'
import { detectors as allDetectors } from '../detectors/detectors.ts'
import { readLayer } from '../layers/read-layer.ts'
import { defaultLimits, type ScanLimits } from '../limits.ts'

/** Reads a layer in this process, in pieces of `pieceLength`, and checks that nothing is left in the temporary folder. */
export async function readBytes(
  bytes: Buffer,
  options: {
    readonly mediaType?: string
    readonly limits?: Partial<ScanLimits>
    readonly detectors?: readonly Detector[]
    readonly pieceLength?: number
  } = {},
): Promise<LayerCatalogue> {
  const temporaryFolder = await mkdtemp(join(tmpdir(), 'berth-read-layer-'))
  try {
    const layer = await readLayer(
      {
        content: piecesOf(bytes, options.pieceLength ?? 65_536),
        mediaType: options.mediaType ?? 'application/vnd.oci.image.layer.v1.tar',
        name: 'layer test',
      },
      {
        detectors: options.detectors ?? allDetectors,
        limits: { ...defaultLimits, ...options.limits },
        temporaryFolder,
      },
    )
    const left = await readdir(temporaryFolder)
    if (left.length > 0) throw new Error(`left in the temporary folder: ${left.join(', ')}`)
    return layer
  } finally {
    await rm(temporaryFolder, { recursive: true, force: true })
  }
}

async function* piecesOf(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length)
    yield await Promise.resolve(bytes.subarray(at, at + length))
}
