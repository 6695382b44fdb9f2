import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import tar from 'tar-stream'
import type { AdvisoryData } from '../finding.ts'
import {
  archiveManifest,
  databaseName,
  manifestName,
  maxManifestBytes,
  type ArchiveManifest,
} from './archive-format.ts'
import { underBuildLock } from './build-lock.ts'
import { readData } from './data.ts'
import { AdvisoryDatabaseError, AdvisoryImportError } from './errors.ts'
import { openChecked } from './open-file.ts'
import { schemaVersion } from './schema.ts'
import { swapFile } from './swap-file.ts'

type Entry = tar.Extract extends AsyncIterable<infer E> ? E : never

/**
 * Puts the database of an archive that `exportAdvisories` wrote in the place of `file`, the former one kept as after
 * every import. The archive is unpacked beside it and checked first: its checksum, its size, and that it is a whole
 * database of this version; when anything is wrong `file` stays as it was. The checksum finds damage, not malice: who may
 * import decides what is believed. Throws `AdvisoryImportError`, or `AdvisoryDatabaseError` when the folder cannot be
 * written.
 */
export async function importAdvisories(
  archive: string,
  file: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<AdvisoryData> {
  return underBuildLock(file, async () => {
    const made = `${file}.${randomUUID()}.new`
    try {
      await unpack(archive, made, options.signal)
      const data = prepare(made, archive, revisionOf(file))
      options.signal?.throwIfAborted()
      await swapFile(made, file)
      return data
    } finally {
      await rm(made, { force: true })
    }
  })
}

async function unpack(
  archive: string,
  made: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const extract = tar.extract()
  const reading = pipeline(createReadStream(archive), createZstdDecompress(), extract, { signal })
  try {
    await Promise.all([reading, readEntries(extract, made, archive)])
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof AdvisoryImportError) throw error
    throw refused(archive, error instanceof Error ? error.message : String(error), error)
  } finally {
    extract.destroy()
    await reading.catch(() => undefined)
  }
}

/** Two entries by name, in this order; names are compared, never used as paths. */
async function readEntries(extract: tar.Extract, made: string, archive: string): Promise<void> {
  let manifest: ArchiveManifest | undefined
  let isWritten = false
  for await (const entry of extract) {
    const { name, size, type } = entry.header
    if (type === 'file' && name === manifestName && manifest === undefined) {
      manifest = await readManifest(entry, size, archive)
    } else if (type === 'file' && name === databaseName && manifest !== undefined && !isWritten) {
      if (size !== manifest.database.size) {
        throw refused(archive, `the database has ${size} bytes, not ${manifest.database.size}`)
      }
      await writeDatabase(entry, made, manifest, archive)
      isWritten = true
    } else {
      throw refused(
        archive,
        `it holds ${JSON.stringify(name.slice(0, 200))}, which does not belong`,
      )
    }
  }
  if (!isWritten) throw refused(archive, `it holds no ${databaseName}`)
}

async function readManifest(entry: Entry, size: number, archive: string): Promise<ArchiveManifest> {
  if (size > maxManifestBytes) throw refused(archive, `its ${manifestName} has ${size} bytes`)
  const chunks: Buffer[] = []
  for await (const chunk of entry) chunks.push(chunk as Buffer)
  const manifest = archiveManifest.safeParse(parsed(Buffer.concat(chunks).toString('utf8')))
  if (!manifest.success) {
    throw refused(archive, `its ${manifestName} is not that of an archive of advisories`)
  }
  if (manifest.data.schema !== schemaVersion) {
    throw new AdvisoryImportError(
      `${archive} was made by ${manifest.data.schema > schemaVersion ? 'a newer' : 'an older'} Berth (version ${manifest.data.schema} of its schema; this one reads ${schemaVersion}). Export it with the same version of Berth.`,
    )
  }
  return manifest.data
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function writeDatabase(
  entry: Entry,
  made: string,
  manifest: ArchiveManifest,
  archive: string,
): Promise<void> {
  const hash = createHash('sha256')
  const hashing = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  await pipeline(entry, hashing, createWriteStream(made))
  const found = hash.digest('hex')
  if (found !== manifest.database.sha256) {
    throw refused(
      archive,
      `the database has the checksum ${found}, not ${manifest.database.sha256}`,
    )
  }
}

/** Checks the unpacked database and counts it up from the one in force, so that images are matched again. */
function prepare(made: string, archive: string, revision: number): AdvisoryData {
  try {
    openChecked(made, archive).close()
    const database = new DatabaseSync(made)
    try {
      database.exec('PRAGMA trusted_schema = OFF')
      const own = readData(database)
      database
        .prepare(`UPDATE meta SET value = ? WHERE key = 'revision'`)
        .run(String(Math.max(revision + 1, own.revision)))
      return readData(database)
    } finally {
      database.close()
    }
  } catch (error) {
    if (!(error instanceof AdvisoryDatabaseError)) throw error
    throw new AdvisoryImportError(error.message, { cause: error })
  }
}

/** 0 when there is none, or none that can be read: an archive is a way to replace a broken one. */
function revisionOf(file: string): number {
  try {
    const database = openChecked(file)
    try {
      return readData(database).revision
    } finally {
      database.close()
    }
  } catch (error) {
    if (error instanceof AdvisoryDatabaseError) return 0
    throw error
  }
}

function refused(archive: string, what: string, cause?: unknown): AdvisoryImportError {
  return new AdvisoryImportError(
    `${archive} is no whole archive of advisories: ${what}. Export or copy it again.`,
    { cause },
  )
}
