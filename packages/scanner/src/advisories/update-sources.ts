import type { AdvisoryImport } from './advisory-record.ts'
import { fetchFile, type FetchOptions } from './fetch-file.ts'
import { importEpss } from './import-epss.ts'
import { importKev } from './import-kev.ts'
import { importOsv } from './import-osv.ts'
import { licenseOfOsv, type Addresses } from './update-addresses.ts'

/** Something that is fetched and then imported. */
export interface UpdateSource {
  /** As `AdvisoryImport.source`: `osv/Debian`. */
  readonly name: string
  readonly address: string
  /**
   * Fetches it to `target` and says how it is read, or that nothing has changed since `options.etag`. Throws
   * `AdvisoryImportError`.
   */
  fetch(target: string, options: FetchOptions): Promise<AdvisoryImport | 'unchanged'>
}

/** One ecosystem of OSV, as OSV spells it: `Debian`, `npm`, `Rocky Linux`. */
export function osvSource(ecosystem: string, addresses: Addresses): UpdateSource {
  const name = `osv/${ecosystem}`
  const address = `${addresses.osv.replace(/\/+$/, '')}/${encodeURIComponent(ecosystem)}/all.zip`
  return fileSource(name, address, (path, etag) =>
    importOsv({ path, source: name, license: licenseOfOsv(ecosystem), address, etag }),
  )
}

/** Probabilities of exploitation. */
export function epssSource({ epss }: Addresses): UpdateSource {
  return fileSource('epss', epss, (path, etag) => importEpss({ path, address: epss, etag }))
}

/** What is known to be exploited. */
export function kevSource({ kev }: Addresses): UpdateSource {
  return fileSource('kev', kev, (path, etag) => importKev({ path, address: kev, etag }))
}

function fileSource(
  name: string,
  address: string,
  read: (path: string, etag: string | undefined) => AdvisoryImport,
): UpdateSource {
  return {
    name,
    address,
    async fetch(target, options) {
      const fetched = await fetchFile(address, target, options)
      return fetched.state === 'unchanged' ? 'unchanged' : read(target, fetched.etag)
    },
  }
}
