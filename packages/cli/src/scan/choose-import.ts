import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import type { AdvisoryImport } from '@berth/scanner/advisories/advisory-record.ts'
import { importEpss } from '@berth/scanner/advisories/import-epss.ts'
import { importKev } from '@berth/scanner/advisories/import-kev.ts'
import { importOsv } from '@berth/scanner/advisories/import-osv.ts'

export type ChosenImport =
  | { readonly kind: 'archive'; readonly path: string }
  | { readonly kind: 'source'; readonly source: AdvisoryImport }

/**
 * Tells by name and first bytes what a file or folder is: an archive of Berth, an OSV export or folder, EPSS scores or
 * the KEV list. Throws `inputInvalid` for anything else.
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
  if (head.subarray(0, 4).equals(zstdMagic)) return { kind: 'archive', path }
  const text = head.toString()
  if (/"catalogVersion"|"dateReleased"|^\uFEFF?"?cveID/.test(text)) {
    return { kind: 'source', source: importKev({ path }) }
  }
  if (name.endsWith('.json') || name.endsWith('.yaml')) {
    return { kind: 'source', source: importOsv({ path }) }
  }
  throw unknown(path, 'Its kind cannot be told.')
}

const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

async function readHead(path: string): Promise<Buffer> {
  const handle = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

function unknown(path: string, why: string): ClientError {
  return new ClientError('inputInvalid', `${path} cannot be imported. ${why}`, {
    next: 'Known are archives of "berth advisories export", OSV exports (zip, folder, JSON), EPSS (csv.gz) and KEV (json, csv).',
  })
}
