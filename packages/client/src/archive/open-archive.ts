import type { Readable } from 'node:stream'
import { isIndexMediaType } from '@berth/oci/media-type.ts'
import type { Reference } from '@berth/oci/reference.ts'
import { parseReference } from '@berth/oci/reference.ts'
import { isClientError } from '../client-error.ts'
import { ClientError } from '../client-error.ts'
import type { ContentSource } from '../content.ts'
import { imageNameAnnotation, refNameAnnotation } from '../layout/layout-index.ts'
import { LayoutSource } from '../layout/layout-source.ts'
import { blobFile } from '../layout/layout-files.ts'
import { ArchiveFiles } from './archive-files.ts'
import { isSameName, readArchiveManifest, tagOfName } from './archive-manifest.ts'
import { DockerArchive, type DockerArchiveOptions } from './docker-archive.ts'
import { Spool } from './spool.ts'
import { TarIndex } from './tar-index.ts'

export type ArchiveOptions = DockerArchiveOptions & {
  /** A path, or `-` for `stdin`. */
  readonly file: string
  readonly stdin: Readable
  /** For messages: `docker-archive:api.tar`. */
  readonly name: string
}

export type OpenedArchive = {
  readonly source: ContentSource
  /** The image of a name or a tag; without one the only image. Throws `notFound`, `inputInvalid`. */
  find(name: string | undefined): Promise<Reference>
  /** Closes the file and takes away what was spooled. To be called in any case. */
  close(): Promise<void>
}

/** Opens an OCI image layout in a tar archive. Throws `notFound`, `inputInvalid`, `localFault`. */
export async function openOciArchive(options: ArchiveOptions): Promise<OpenedArchive> {
  return opened(options, async (tar) => layoutIn(tar))
}

/**
 * Opens what `docker save` writes, of every age. Since docker 25 there is an OCI layout in it as well; it is taken, and
 * the digests with it, when it is whole and its layers are compressed. An engine that keeps layers unpacked writes them
 * plain, and one that keeps what it pulled may write an index with platforms that are not there.
 */
export async function openDockerArchive(options: ArchiveOptions): Promise<OpenedArchive> {
  return opened(options, async (tar, spool) => {
    const images = await readArchiveManifest(tar)
    if (tar.find('index.json') !== undefined) {
      const layout = layoutIn(tar)
      if (images === undefined || (await isReadyLayout(layout.source, tar))) return layout
    }
    if (images === undefined) {
      throw new ClientError(
        'inputInvalid',
        `${tar.name} has neither manifest.json nor index.json.`,
        {
          next: 'Write the archive with "docker save" of docker 1.10 or later.',
        },
      )
    }
    const source = new DockerArchive(tar, spool, images, options)
    return { source, find: (name) => findInDocker(source, name) }
  })
}

async function opened<Source extends Omit<OpenedArchive, 'close'>>(
  { file, stdin, name, signal }: ArchiveOptions,
  read: (tar: TarIndex, spool: Spool) => Promise<Source>,
): Promise<OpenedArchive> {
  const spool = new Spool()
  let tar: TarIndex | undefined
  const close = async (): Promise<void> => {
    await tar?.close()
    await spool.close()
  }
  try {
    tar = await TarIndex.open(await spool.archiveFile(file, stdin, signal), name)
    return { ...(await read(tar, spool)), close }
  } catch (error) {
    await close()
    throw error
  }
}

function layoutIn(tar: TarIndex): { source: LayoutSource; find: OpenedArchive['find'] } {
  const source = new LayoutSource(tar.name, new ArchiveFiles(tar))
  return {
    source,
    async find(name) {
      if (name === undefined) return source.soleReference()
      const { manifests } = await source.readIndex()
      const named = manifests.filter(({ annotations }) =>
        [annotations?.[imageNameAnnotation], annotations?.[refNameAnnotation]].some(
          (each) => each !== undefined && isSameName(each, name),
        ),
      )
      const [entry] = named
      if (entry !== undefined && new Set(named.map(({ digest }) => digest)).size === 1) {
        return { kind: 'digest', digest: entry.digest }
      }
      return tagReference(name)
    },
  }
}

/** A whole name, or a tag alone. */
async function findInDocker(source: DockerArchive, name: string | undefined): Promise<Reference> {
  try {
    return await source.find(name)
  } catch (error) {
    if (name === undefined || !isClientError(error, 'notFound')) throw error
    const isTag = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name)
    const reference = isTag ? tagReference(name) : undefined
    if (reference === undefined || (await source.resolve(reference)) === undefined) throw error
    return reference
  }
}

function tagReference(name: string): Reference {
  return parseReference(tagOfName(name) ?? name)
}

async function isReadyLayout(source: LayoutSource, tar: TarIndex): Promise<boolean> {
  const { manifests } = await source.readIndex()
  const level = manifests.map(({ digest }) => digest)
  for (let at = 0; at < level.length; at += 1) {
    const digest = level[at]
    if (digest === undefined || tar.find(blobFile(digest)) === undefined) return false
    const { descriptor, parsed } = await source.readManifest({ kind: 'digest', digest })
    if (isIndexMediaType(descriptor.mediaType)) {
      level.push(...parsed.manifests.map((child) => child.digest))
    }
    const blobs = [...(parsed.config === undefined ? [] : [parsed.config]), ...parsed.layers]
    if (blobs.some((blob) => tar.find(blobFile(blob.digest)) === undefined)) return false
    if (parsed.layers.some(({ mediaType }) => mediaType.endsWith('.tar'))) return false
  }
  return level.length > 0
}
