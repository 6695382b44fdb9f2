import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type Digest, digestAlgorithm, digestEncoded } from '@berth/oci/digest.ts'

type Environment = Readonly<Record<string, string | undefined>>

export type ManifestCacheOptions = {
  readonly folder: string
  /** Bytes that the cache may take after `trim`. Default 256 MiB. */
  readonly bytesMax?: number | undefined
}

const bytesMaxUsual = 256 * 1024 * 1024
const entryMax = 4 * 1024 * 1024
const touchedMs = 24 * 3_600_000
const fileName = /^(?:sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})$/
const leftover = /^\.[0-9a-f-]{36}\.partial$/

/** `$XDG_CACHE_HOME/berth/manifests`, else below `~/.cache`. */
export function manifestCacheFolder(env: Environment): string {
  const base = env.XDG_CACHE_HOME
  const home = env.HOME ?? homedir()
  return join(base?.startsWith('/') === true ? base : join(home, '.cache'), 'berth', 'manifests')
}

/**
 * Manifests and configurations on this machine, by digest: what never changes need not be read again. Whatever goes
 * wrong with it costs a request and nothing else, so nothing is thrown. Only its owner may read it.
 */
export class ManifestCache {
  readonly #folder: string
  readonly #bytesMax: number
  #ready: Promise<boolean> | undefined

  constructor({ folder, bytesMax = bytesMaxUsual }: ManifestCacheOptions) {
    this.#folder = folder
    this.#bytesMax = bytesMax
  }

  /** The bytes of the digest, compared with it; `undefined` when they are not here. Damaged ones are taken away. */
  async get(digest: Digest): Promise<Buffer | undefined> {
    const file = this.#file(digest)
    const bytes = await readSmall(file).catch(() => undefined)
    if (bytes === undefined) return undefined
    if (createHash(digestAlgorithm(digest)).update(bytes).digest('hex') !== digestEncoded(digest)) {
      await unlink(file).catch(ignore)
      return undefined
    }
    return bytes
  }

  /** Keeps bytes that were compared with the digest. Other processes see all of them or nothing. */
  async put(digest: Digest, bytes: Buffer): Promise<void> {
    if (bytes.length > entryMax || !(await this.#prepare())) return
    const partial = join(this.#folder, `.${randomUUID()}.partial`)
    try {
      await writeFile(partial, bytes, { mode: 0o600, flag: 'wx' })
      await rename(partial, this.#file(digest))
    } catch {
      await unlink(partial).catch(ignore)
    }
  }

  /** Takes away what was not used for longest until the rest fits, and what broken-off writes left behind. */
  async trim(now: Date = new Date()): Promise<void> {
    const names = await readdir(this.#folder).catch(() => [])
    const files: { path: string; size: number; usedAt: number }[] = []
    for (const name of names) {
      const path = join(this.#folder, name)
      if (!fileName.test(name) && !leftover.test(name)) continue
      const info = await stat(path).catch(() => undefined)
      if (info === undefined) continue
      if (fileName.test(name)) files.push({ path, size: info.size, usedAt: info.mtimeMs })
      else if (now.getTime() - info.mtimeMs > touchedMs) await unlink(path).catch(ignore)
    }
    let total = files.reduce((sum, { size }) => sum + size, 0)
    for (const { path, size } of files.toSorted((a, b) => a.usedAt - b.usedAt)) {
      if (total <= this.#bytesMax) return
      await unlink(path).catch(ignore)
      total -= size
    }
  }

  #file(digest: Digest): string {
    return join(this.#folder, digest.replace(':', '-'))
  }

  #prepare(): Promise<boolean> {
    this.#ready ??= mkdir(this.#folder, { recursive: true, mode: 0o700 }).then(
      () => true,
      () => false,
    )
    return this.#ready
  }
}

async function readSmall(path: string): Promise<Buffer | undefined> {
  const file = await open(path, 'r')
  try {
    const { size, mtimeMs } = await file.stat()
    if (size > entryMax) return undefined
    const bytes = await file.readFile()
    const now = Date.now()
    if (now - mtimeMs > touchedMs) await file.utimes(new Date(now), new Date(now)).catch(ignore)
    return bytes
  } finally {
    await file.close()
  }
}

function ignore(): void {}
