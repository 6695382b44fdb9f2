import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { run } from '../tools/process.ts'

export type Layout = {
  readonly folder: string
  readonly layers: readonly {
    readonly file: string
    readonly digest: string
    readonly mediaType: string
  }[]
}

const blobs = 'blobs/sha256'

/** A tar of a folder, packed with gzip unless `isPlain`. */
export async function packLayer(root: string, file: string, isPlain = false): Promise<void> {
  // Sockets and devices that debootstrap made are packed as well: they must not disturb.
  const compress = isPlain ? [] : ['--use-compress-program=gzip -1']
  const { status, output } = await run(
    'tar',
    ['-C', root, '--numeric-owner', ...compress, '-cf', file, '.'],
    { timeoutSeconds: 600 },
  )
  if (status !== 0) throw new Error(`tar failed: ${output}`)
}

/** Writes an OCI layout with one image of these layers; each file is moved into it. */
export async function writeLayout(
  folder: string,
  layers: readonly { readonly file: string; readonly isPlain?: boolean }[],
): Promise<Layout> {
  await mkdir(join(folder, blobs), { recursive: true })
  const written: {
    file: string
    digest: string
    mediaType: string
    size: number
    diffId: string
  }[] = []
  for (const { file, isPlain } of layers) {
    const digest = await digestOf(file)
    const diffId = isPlain === true ? digest : await digestOf(file, 'gzip')
    const target = join(folder, blobs, digest.slice(7))
    await rename(file, target)
    const { size } = await stat(target)
    const mediaType = `application/vnd.oci.image.layer.v1.tar${isPlain === true ? '' : '+gzip'}`
    written.push({ file: target, digest, mediaType, size, diffId })
  }
  const config = await writeBlob(folder, {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: written.map(({ diffId }) => diffId) },
  })
  const manifest = await writeBlob(folder, {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: written.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  })
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  const index = {
    schemaVersion: 2,
    manifests: [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', ...manifest }],
  }
  await writeFile(join(folder, 'index.json'), JSON.stringify(index))
  return { folder, layers: written }
}

async function writeBlob(
  folder: string,
  content: unknown,
): Promise<{ digest: string; size: number }> {
  const bytes = Buffer.from(JSON.stringify(content))
  const hex = createHash('sha256').update(bytes).digest('hex')
  await writeFile(join(folder, blobs, hex), bytes)
  return { digest: `sha256:${hex}`, size: bytes.length }
}

async function digestOf(file: string, encoding?: 'gzip'): Promise<string> {
  const hash = createHash('sha256')
  if (encoding === 'gzip') await pipeline(createReadStream(file), createGunzip(), hash)
  else await pipeline(createReadStream(file), hash)
  return `sha256:${hash.digest('hex')}`
}
