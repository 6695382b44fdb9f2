import { createHash, randomBytes } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Digest, digestAlgorithm, digestEncoded } from '@berth/oci/digest.ts'
import { isMissing } from './local-fault.ts'

/** Broken-off blobs that nobody came back for are taken away after so long. */
const keptMs = 7 * 24 * 60 * 60 * 1000

/**
 * Blobs on their way into a layout, in a folder beside it. Each file belongs to one writer, and its name says which:
 * `<alg>-<hex>.<machine>-<pid>-<random>`. A writer that is stopped gives its file up (`.free` at the end); one that was
 * killed is recognised by its process being gone. The next writer of the same blob takes such a file over, by renaming
 * it, so that two can never have the same one.
 */
export class PartialFiles {
  readonly folder: string
  #isSwept = false

  constructor(folder: string) {
    this.folder = folder
  }

  /** A file for the blob, this caller's own; an earlier, broken-off one when there is any. `size` is what it holds. */
  async claim(digest: Digest): Promise<{ readonly path: string; readonly size: number }> {
    await mkdir(this.folder, { recursive: true })
    await this.#sweep()
    const path = join(this.folder, `${stem(digest)}.${owner}-${randomBytes(4).toString('hex')}`)
    for (const name of await this.#abandoned(digest)) {
      try {
        await rename(join(this.folder, name), path)
        return { path, size: (await stat(path)).size }
      } catch (error) {
        // Somebody else was faster.
        if (!isMissing(error)) throw error
      }
    }
    return { path, size: 0 }
  }

  /** Leaves the file to whoever wants to go on with the blob. */
  async giveUp(path: string): Promise<void> {
    await rename(path, `${path}.free`).catch(() => undefined)
  }

  async remove(path: string): Promise<void> {
    await rm(path, { force: true })
  }

  /** Takes away what others left of a blob that is there now. */
  async forget(digest: Digest): Promise<void> {
    for (const name of await this.#abandoned(digest)) {
      await rm(join(this.folder, name), { force: true })
    }
  }

  /** The largest first. */
  async #abandoned(digest: Digest): Promise<readonly string[]> {
    const names = (await this.#names()).filter(
      (name) => name.startsWith(`${stem(digest)}.`) && isAbandoned(name),
    )
    const sized = await Promise.all(
      names.map(async (name) => {
        const stats = await stat(join(this.folder, name)).catch(() => undefined)
        return { name, size: stats?.size ?? 0 }
      }),
    )
    return sized.sort((a, b) => b.size - a.size).map(({ name }) => name)
  }

  async #sweep(): Promise<void> {
    if (this.#isSwept) return
    this.#isSwept = true
    for (const name of await this.#names()) {
      const path = join(this.folder, name)
      const stats = await stat(path).catch(() => undefined)
      const isOld = stats !== undefined && Date.now() - stats.mtimeMs > keptMs
      if (isOld || (isAbandoned(name) && name.startsWith('index.'))) await rm(path, { force: true })
    }
  }

  async #names(): Promise<readonly string[]> {
    const names = await readdir(this.folder).catch(() => [])
    return names.filter((name) => shape.test(name))
  }
}

const shape = /^[a-z0-9-]+\.([0-9a-f]{8})-([0-9]+)-[0-9a-f]{8}(\.free)?$/

/** Process ids mean something only on one machine and within one of its pid namespaces. */
const machine = createHash('sha256')
  .update(`${hostname()} ${pidNamespace()}`)
  .digest('hex')
  .slice(0, 8)

const owner = `${machine}-${process.pid}`

/** Of this process, for other files that are written before they are renamed. */
export function temporaryName(stemOfName: string): string {
  return `${stemOfName}.${owner}-${randomBytes(4).toString('hex')}`
}

function stem(digest: Digest): string {
  return `${digestAlgorithm(digest)}-${digestEncoded(digest)}`
}

function isAbandoned(name: string): boolean {
  const [, where, pid, free] = shape.exec(name) ?? []
  if (free !== undefined) return true
  return where === machine && Number(pid) !== process.pid && !isAlive(Number(pid))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}
