import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress } from 'node:zlib'
import tar from 'tar-stream'
import { databaseName, manifestName, type ArchiveManifest } from './archive-format.ts'
import { readData } from './data.ts'
import { AdvisoryDatabaseError } from './errors.ts'
import { openChecked } from './open-file.ts'
import { schemaVersion } from './schema.ts'

/**
 * Writes the advisories at `file` into one archive for a Berth without a network: a zstd-compressed tar of
 * `manifest.json` (see `archiveManifest`) and the database. `target` appears only when it is whole. Throws
 * `AdvisoryDatabaseError` when the database cannot be used or the archive cannot be written.
 */
export async function exportAdvisories(
  file: string,
  target: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<ArchiveManifest> {
  const manifest = await describe(file, options.signal)
  const made = `${target}.${randomUUID()}.new`
  try {
    const pack = tar.pack()
    await Promise.all([
      fill(pack, file, manifest, options.signal),
      pipeline(pack, createZstdCompress(), createWriteStream(made, { flush: true }), {
        signal: options.signal,
      }),
    ])
    await rename(made, target)
    return manifest
  } catch (error) {
    options.signal?.throwIfAborted()
    throw new AdvisoryDatabaseError(
      `The archive ${target} cannot be written: ${error instanceof Error ? error.message : String(error)}. Check the folder and the space in it.`,
      { cause: error },
    )
  } finally {
    await rm(made, { force: true })
  }
}

async function describe(file: string, signal: AbortSignal | undefined): Promise<ArchiveManifest> {
  const database = openChecked(file)
  try {
    const data = readData(database)
    const { size } = await stat(file)
    const hash = createHash('sha256')
    await pipeline(createReadStream(file), hash, { signal })
    return {
      format: 'berth-advisories',
      version: 1,
      schema: schemaVersion,
      builtAt: data.builtAt ?? '',
      exportedAt: new Date().toISOString(),
      database: { size, sha256: hash.digest('hex') },
      sources: [...data.sources],
    }
  } finally {
    database.close()
  }
}

async function fill(
  pack: tar.Pack,
  file: string,
  manifest: ArchiveManifest,
  signal: AbortSignal | undefined,
): Promise<void> {
  pack.entry({ name: manifestName, mode: 0o644 }, `${JSON.stringify(manifest, null, 2)}\n`)
  const entry = pack.entry({ name: databaseName, mode: 0o644, size: manifest.database.size })
  await pipeline(createReadStream(file), entry, { signal })
  pack.finalize()
}
