import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import type { AdvisoryImport } from '@berth/scanner/advisories/advisory-record.ts'
import { manifestName } from '@berth/scanner/advisories/archive-format.ts'
import { importEpss } from '@berth/scanner/advisories/import-epss.ts'
import { importGrype } from '@berth/scanner/advisories/import-grype.ts'
import { importKev } from '@berth/scanner/advisories/import-kev.ts'
import { importOsv } from '@berth/scanner/advisories/import-osv.ts'
import { applicationId } from '@berth/scanner/advisories/schema.ts'

export type ChosenImport =
  | { readonly kind: 'archive'; readonly path: string }
  | { readonly kind: 'source'; readonly source: AdvisoryImport }

/**
 * Tells by name and content what a file or folder is: an archive of Berth, Grype's database with or without its archive,
 * an OSV export or folder, EPSS scores or the KEV list. Throws `inputInvalid` for anything else, a database of Berth
 * among it: that is used as it is.
 */
export async function chooseImport(path: string): Promise<ChosenImport> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw unknown(path, 'It is not there.')
  const name = basename(path).toLowerCase()
  if (found.isDirectory() || name.endsWith('.zip')) {
    return { kind: 'source', source: importOsv({ path }) }
  }
  const head = await readHead(path)
  if (name.includes('epss')) return { kind: 'source', source: importEpss({ path }) }
  if (head.subarray(0, sqliteMagic.length).equals(sqliteMagic)) {
    if (head.readUInt32BE(applicationIdAt) === applicationId) {
      throw unknown(
        path,
        'It is a database of Berth, which is used as it is: name it with --advisories.',
      )
    }
    return { kind: 'source', source: importGrype({ path }) }
  }
  if (head.subarray(0, 4).equals(zstdMagic)) {
    const first = await firstName(path)
    if (first === undefined) throw unknown(path, 'It cannot be unpacked.')
    if (first === manifestName) return { kind: 'archive', path }
    return { kind: 'source', source: importGrype({ path }) }
  }
  const text = head.toString()
  if (/"catalogVersion"|"dateReleased"|^\uFEFF?"?cveID/.test(text)) {
    return { kind: 'source', source: importKev({ path }) }
  }
  if (name.endsWith('.json') || name.endsWith('.yaml')) {
    return { kind: 'source', source: importOsv({ path }) }
  }
  throw unknown(path, 'Its kind cannot be told.')
}

const sqliteMagic = Buffer.from('SQLite format 3\0')
/** Of the header of every SQLite file: https://www.sqlite.org/fileformat2.html#the_database_header */
const applicationIdAt = 68
/** A tar begins with the name of its first file. */
const tarNameBytes = 100
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

/** The name of the first file in a `.tar.zst`; `undefined` when it cannot be unpacked. Reads no more than that takes. */
async function firstName(path: string): Promise<string | undefined> {
  const { createZstdDecompress } = await import('node:zlib')
  const inflate = createZstdDecompress()
  const packed = createReadStream(path).on('error', (error) => inflate.destroy(error))
  let head = Buffer.alloc(0)
  try {
    for await (const chunk of packed.pipe(inflate)) {
      head = Buffer.concat([head, chunk as Buffer])
      if (head.length >= tarNameBytes) break
    }
  } catch {
    return undefined
  } finally {
    packed.destroy()
  }
  return head.subarray(0, tarNameBytes).toString().split('\0')[0]
}

async function readHead(path: string): Promise<Buffer> {
  const handle = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0)
    // Whole, so that a short file can be asked for what it does not have.
    return bytesRead < 100 ? buffer.subarray(0, 100) : buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

function unknown(path: string, why: string): ClientError {
  return new ClientError('inputInvalid', `${path} cannot be imported. ${why}`, {
    next: 'Nothing was changed: the advisories that were there are still in force. Known are archives of "berth advisories export", OSV exports (zip, folder, JSON), Grype databases (tar.zst, vulnerability.db), EPSS (csv.gz) and KEV (json, csv).',
  })
}
