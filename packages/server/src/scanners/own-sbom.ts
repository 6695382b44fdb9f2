import type { Catalogue } from '@berth/scanner/catalogue.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { readCatalogue } from '../metadata/images.ts'
import { version } from '../version.ts'
import { unpack } from './packed.ts'

/** What Berth found in an image, as CycloneDX. Throws `unavailable` as long as it has not looked into it. */
export async function writeOwnSbom(
  database: Database,
  digest: string,
  now: number,
): Promise<string> {
  const { writeCycloneDx } = await import('@berth/scanner/reports/cyclonedx.ts')
  const packed = await readCatalogue(database.read, digest)
  if (packed === undefined) {
    throw new BerthError(
      'unavailable',
      'Berth has not looked into the image itself yet, and Grype is to compare what Berth finds.',
    )
  }
  const catalogue = JSON.parse((await unpack(packed)).toString()) as Catalogue
  return writeCycloneDx({
    artifact: { name: digest, digest },
    scanner: { name: 'Berth', version },
    scannedAt: new Date(now).toISOString(),
    data: { revision: 0, builtAt: null, sources: [] },
    catalogue,
    findings: [],
    suppressed: [],
  })
}
