import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import tar from 'tar-stream'
import { AdvisoryImportError } from './errors.ts'
import { fileStart } from './file-start.ts'

const sqliteMagic = Buffer.from('SQLite format 3\0')
const databaseName = 'vulnerability.db'

/**
 * Gives `use` the path of the SQLite file in a download of Grype's database: the file itself, or `vulnerability.db` of
 * the tar around it (`.tar.zst`, `.tar.gz`, `.tar`), which is unpacked to a temporary folder that is removed afterwards.
 * Throws `AdvisoryImportError` when there is none, or it has more than `maxBytes`.
 */
export async function withGrypeFile<Result>(
  path: string,
  options: { maxBytes: number; signal: AbortSignal | undefined },
  use: (database: string) => Promise<Result>,
): Promise<Result> {
  const start = await startOf(path)
  if (start.equals(sqliteMagic)) return use(path)
  const folder = await mkdtemp(join(tmpdir(), 'berth-grype-'))
  try {
    const target = join(folder, databaseName)
    await unpack(path, start, target, options)
    return await use(target)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function startOf(path: string): Promise<Buffer> {
  try {
    return await fileStart(path, sqliteMagic.length)
  } catch (error) {
    throw unreadable(path, error)
  }
}

async function unpack(
  path: string,
  start: Buffer,
  target: string,
  { maxBytes, signal }: { maxBytes: number; signal: AbortSignal | undefined },
): Promise<void> {
  const extract = tar.extract()
  const inflate = inflaterOf(start)
  const packed: [Readable, ...Transform[]] = [createReadStream(path)]
  if (inflate !== undefined) packed.push(inflate)
  const walked = walk(extract, target, path, maxBytes)
  // Whichever fails first destroys the other, which then fails as well and must not go unheard.
  const results = await Promise.allSettled([
    pipeline([...packed, extract], { signal }),
    walked.catch((error: unknown) => {
      extract.destroy(error instanceof Error ? error : new Error(String(error)))
      throw error
    }),
  ])
  signal?.throwIfAborted()
  const [piped, found] = results
  if (found.status === 'rejected' && found.reason instanceof AdvisoryImportError) throw found.reason
  if (piped.status === 'rejected') throw unreadable(path, piped.reason)
  if (found.status === 'rejected') throw unreadable(path, found.reason)
  if (!found.value) {
    throw new AdvisoryImportError(
      `${path} holds no ${databaseName}: it is no download of Grype's database. Use the archive that its latest.json names.`,
    )
  }
}

function inflaterOf(start: Buffer): Transform | undefined {
  if (start.readUInt32BE(0) === 0x28_b5_2f_fd) return createZstdDecompress()
  return start.readUInt16BE(0) === 0x1f_8b ? createGunzip() : undefined
}

/** Names of the archive are only compared, never used as paths. */
async function walk(
  extract: tar.Extract,
  target: string,
  path: string,
  maxBytes: number,
): Promise<boolean> {
  let isFound = false
  for await (const entry of extract) {
    const { header } = entry
    if (isFound || header.type !== 'file' || basename(header.name) !== databaseName) {
      entry.resume()
      continue
    }
    await pipeline(entry, limited(path, maxBytes), createWriteStream(target, { flags: 'wx' }))
    isFound = true
  }
  return isFound
}

function limited(path: string, maxBytes: number): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length
      if (bytes <= maxBytes) return done(null, chunk)
      done(
        new AdvisoryImportError(
          `${path} holds a database of more than ${maxBytes} bytes, the most that is unpacked.`,
        ),
      )
    },
  })
}

function unreadable(path: string, error: unknown): AdvisoryImportError {
  return new AdvisoryImportError(
    `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}. Fetch it again.`,
    { cause: error },
  )
}
