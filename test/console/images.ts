import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'

/** A layer as a Dockerfile would make it. */
export type LayerSource = {
  readonly instruction: string
  /** Path to content. */
  readonly files: Readonly<Record<string, string | Buffer>>
}

/** What an image is made of. */
export type ImageSource = {
  readonly layers: readonly LayerSource[]
  readonly architecture?: string
  readonly created: string
  readonly config?: Readonly<Record<string, unknown>>
  readonly annotations?: Readonly<Record<string, string>>
}

type Descriptor = { mediaType: string; digest: string; size: number }

const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
}

/** Writes an OCI image layout with one image or, of several, one index. Returns what the root is. */
export async function writeLayout(
  directory: string,
  images: readonly ImageSource[],
): Promise<Descriptor> {
  await mkdir(join(directory, 'blobs/sha256'), { recursive: true })
  await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  const written: (Descriptor & { platform: object })[] = []
  for (const image of images) {
    const architecture = image.architecture ?? 'amd64'
    written.push({
      ...(await writeImage(directory, image, architecture)),
      platform: { os: 'linux', architecture },
    })
  }
  const [only] = written
  const root =
    written.length === 1 && only
      ? only
      : await addBlob(directory, types.index, {
          schemaVersion: 2,
          mediaType: types.index,
          manifests: written,
        })
  const entry = { ...root, annotations: { 'org.opencontainers.image.ref.name': 'latest' } }
  await writeFile(
    join(directory, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests: [entry] }),
  )
  return root
}

async function writeImage(
  directory: string,
  image: ImageSource,
  architecture: string,
): Promise<Descriptor> {
  const layers: Descriptor[] = []
  const diffIds: string[] = []
  for (const { files } of image.layers) {
    const tar = await tarOf(files)
    diffIds.push(sha256(tar))
    layers.push(await addBlob(directory, types.layer, gzipSync(tar)))
  }
  const config = await addBlob(directory, types.config, {
    created: image.created,
    architecture,
    os: 'linux',
    config: image.config ?? {},
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: image.layers.map(({ instruction }) => ({
      created: image.created,
      created_by: instruction,
    })),
  })
  return addBlob(directory, types.manifest, {
    schemaVersion: 2,
    mediaType: types.manifest,
    config,
    layers,
    ...(image.annotations && { annotations: image.annotations }),
  })
}

async function tarOf(files: LayerSource['files']): Promise<Buffer> {
  const archive = pack()
  for (const [name, content] of Object.entries(files)) {
    archive.entry({ name, mtime: new Date(0) }, content)
  }
  archive.finalize()
  return buffer(archive)
}

async function addBlob(
  directory: string,
  mediaType: string,
  content: Buffer | object,
): Promise<Descriptor> {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content))
  const digest = sha256(bytes)
  await writeFile(join(directory, 'blobs', digest.replace(':', '/')), bytes)
  return { mediaType, digest, size: bytes.length }
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
