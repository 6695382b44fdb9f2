import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { AdvisoryImportError } from './errors.ts'
import { fetchFile, type FetchOptions } from './fetch-file.ts'
import { importGrype } from './import-grype.ts'
import type { Addresses } from './update-addresses.ts'
import type { UpdateSource } from './update-sources.ts'

const maxLatestBytes = 1024 ** 2

/** What `latest.json` says: which archive is the newest. */
const latest = z.looseObject({
  path: z.string().min(1).max(1000),
  checksum: z.string().regex(/^sha256:[0-9a-f]{64}$/),
})

/**
 * The database that Grype uses. The archive's checksum, as `latest.json` has it, stands for its state: what is in force
 * is not fetched again.
 */
export function grypeSource({ grype: address }: Addresses): UpdateSource {
  return {
    name: 'grype-db',
    address,
    async fetch(target, options) {
      const { path, checksum } = await readLatest(address, target, options)
      if (checksum === options.etag) return 'unchanged'
      const archive = archiveAddress(path, address)
      await fetchFile(archive, target, { ...options, etag: undefined })
      await check(target, checksum, archive, options.signal)
      return importGrype({ path: target, address, etag: checksum })
    },
  }
}

async function readLatest(
  address: string,
  target: string,
  options: FetchOptions,
): Promise<z.infer<typeof latest>> {
  await fetchFile(address, target, { ...options, etag: undefined, maxBytes: maxLatestBytes })
  const read = latest.safeParse(parsed(await readFile(target, 'utf8')))
  if (read.success) return read.data
  throw new AdvisoryImportError(
    `${address} does not name an archive and its checksum, as Grype's latest.json does. Check the address.`,
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Relative to `latest.json`, and on the same server: nobody else was configured. */
function archiveAddress(path: string, address: string): string {
  const archive = URL.canParse(path, address) ? new URL(path, address) : undefined
  if (archive !== undefined && archive.origin === new URL(address).origin) return archive.href
  throw new AdvisoryImportError(
    `${address} names an archive on another server: ${path.slice(0, 200)}. It is not fetched.`,
  )
}

async function check(
  file: string,
  checksum: string,
  archive: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash, { signal })
  const found = `sha256:${hash.digest('hex')}`
  if (found === checksum) return
  throw new AdvisoryImportError(
    `${archive} has the checksum ${found}, not ${checksum} as its latest.json says. It is not imported; try again later.`,
  )
}
