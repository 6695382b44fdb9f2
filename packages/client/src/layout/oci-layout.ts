import { mkdir, open, rename, stat, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { TagName } from '@berth/oci/reference.ts'
import { isClientError } from '../client-error.ts'
import type { BlobOutcome, ContentTarget, ManifestContent, PutBlobOptions } from '../content.ts'
import { BlobCheck } from './blob-check.ts'
import { reportBlob } from '../blob-report.ts'
import { fileSink } from './file-sink.ts'
import { FolderFiles } from './folder-files.ts'
import { blobFile } from './layout-files.ts'
import { formatLayoutIndex, layoutVersion, withRoot } from './layout-index.ts'
import { underLock } from './layout-lock.ts'
import { LayoutSource } from './layout-source.ts'
import { isDiskFull, isMissing, localFault } from './local-fault.ts'
import { PartialFiles, temporaryName } from './partial-files.ts'

type OpenBytes = (start: number, signal: AbortSignal) => Promise<Readable>

/**
 * An OCI image layout in a folder, to read from and to write to; the folder is made at the first write. A blob is written
 * under another name, hashed on the way, synced and renamed, and `index.json` is replaced as a whole under a lock: a
 * reader, or a process that is killed, never leaves or sees anything by half. `.berth` in the folder holds the lock and
 * broken-off blobs, which the next writer carries on. What tags pointed at before stays as blobs.
 */
export class OciLayout extends LayoutSource implements ContentTarget {
  readonly folder: string
  readonly #partials: PartialFiles
  readonly #pending = new Map<Digest, Promise<BlobOutcome>>()
  readonly #madeFolders = new Set<string>()

  constructor(folder: string) {
    super(`oci:${folder}`, new FolderFiles(folder))
    this.folder = folder
    this.#partials = new PartialFiles(join(folder, '.berth'))
  }

  async hasManifest(digest: Digest): Promise<boolean> {
    if ((await this.files.size(blobFile(digest))) === undefined) return false
    // A blob that nothing in the index leads to counts for nothing.
    return (await isLayout(this.folder)) && this.reaches(digest)
  }

  async putBlob(
    descriptor: Descriptor,
    openBytes: OpenBytes,
    options: PutBlobOptions = {},
  ): Promise<BlobOutcome> {
    const { digest } = descriptor
    const pending = this.#pending.get(digest)
    if (pending !== undefined) return pending.then(() => 'present')
    const work = reportBlob(descriptor, options.onTransfer, (onBytes) =>
      this.#put(descriptor, openBytes, onBytes, options.signal),
    )
    this.#pending.set(digest, work)
    try {
      return await work
    } finally {
      this.#pending.delete(digest)
    }
  }

  async putManifest(content: ManifestContent, tags: readonly TagName[]): Promise<void> {
    const { descriptor, bytes, parsed } = content
    await this.#writeFile(blobFile(descriptor.digest), bytes)
    const isReferrer = parsed.subject !== undefined && parsed.artifactType !== undefined
    const root = {
      descriptor: {
        mediaType: descriptor.mediaType,
        digest: descriptor.digest,
        size: bytes.length,
        ...(isReferrer && { artifactType: parsed.artifactType }),
      },
      tags,
      children: new Set(parsed.manifests.map(({ digest }) => digest)),
    }
    await underLock(join(this.folder, '.berth', 'lock'), async () => {
      if ((await this.files.size('oci-layout')) === undefined) {
        await this.#writeFile('oci-layout', Buffer.from(layoutVersion))
      }
      const isNew = (await this.files.size('index.json')) === undefined
      const index = isNew ? { manifests: [] } : await this.readIndex()
      await this.#writeFile('index.json', Buffer.from(formatLayoutIndex(withRoot(index, root))))
    }).catch(async (error: unknown) => {
      throw await localFault(error, this.folder)
    })
  }

  async #put(
    descriptor: Descriptor,
    openBytes: OpenBytes,
    onBytes: (bytes: number) => void,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<BlobOutcome> {
    const { digest, size } = descriptor
    const path = join(this.folder, blobFile(digest))
    // Only what was compared with its digest is ever renamed to this name.
    if ((await this.files.size(blobFile(digest))) === size) return 'present'
    let partial: { path: string; size: number } | undefined
    try {
      await this.#makeFolder(dirname(path))
      partial = await this.#partials.claim(digest)
      const way = { openBytes, onBytes, signal }
      let isResumed = partial.size > 0
      try {
        await this.#fill(partial.path, descriptor, way)
      } catch (error) {
        // What an earlier run left may be the part that is wrong, and not every source can begin in the middle.
        if (!isResumed || !isClientError(error, 'digestMismatch', 'unsupported')) throw error
        await truncate(partial.path, 0)
        isResumed = false
        await this.#fill(partial.path, descriptor, way)
      }
      await rename(partial.path, path)
      await syncFolder(dirname(path))
      await this.#partials.forget(digest)
      return isResumed ? 'resumed' : 'sent'
    } catch (error) {
      if (partial !== undefined) {
        const isWorthless = isClientError(error, 'digestMismatch') || isDiskFull(error)
        if (isWorthless) await this.#partials.remove(partial.path)
        else await this.#partials.giveUp(partial.path)
      }
      throw signal.aborted ? signal.reason : await localFault(error, path, size)
    }
  }

  /** Writes what is missing, compares and syncs. */
  async #fill(
    path: string,
    descriptor: Descriptor,
    way: { openBytes: OpenBytes; onBytes: (bytes: number) => void; signal: AbortSignal },
  ): Promise<void> {
    const file = await open(path, 'a+')
    try {
      const check = new BlobCheck(descriptor, `on its way to ${this.name}`, way.onBytes)
      const { size } = await file.stat()
      const isResumed = size > 0 && size <= descriptor.size
      if (!isResumed) await file.truncate(0)
      else {
        const earlier = file.createReadStream({ start: 0, end: size - 1, autoClose: false })
        for await (const piece of earlier) check.addEarlier(piece as Buffer)
        way.onBytes(size)
      }
      if (check.size === descriptor.size && isResumed) {
        const fault = check.fault()
        if (fault !== undefined) throw fault
      } else {
        const bytes = await way.openBytes(check.size, way.signal)
        await pipeline(bytes, check, fileSink(file), { signal: way.signal })
      }
      await file.sync()
    } finally {
      await file.close()
    }
  }

  async #writeFile(name: string, bytes: Buffer): Promise<void> {
    const path = join(this.folder, name)
    try {
      await this.#makeFolder(dirname(path))
      await mkdir(this.#partials.folder, { recursive: true })
      const temporary = join(this.#partials.folder, temporaryName('index'))
      const file = await open(temporary, 'wx')
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, path)
      await syncFolder(dirname(path))
    } catch (error) {
      throw await localFault(error, path, bytes.length)
    }
  }

  async #makeFolder(folder: string): Promise<void> {
    if (this.#madeFolders.has(folder)) return
    await mkdir(folder, { recursive: true })
    this.#madeFolders.add(folder)
  }
}

/** Whether there is a layout in the folder, so that it can be read from. */
async function isLayout(folder: string): Promise<boolean> {
  return stat(join(folder, 'index.json')).then(
    (stats) => stats.isFile(),
    (error: unknown) => {
      if (isMissing(error)) return false
      throw error
    },
  )
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
