import type { JsonObject } from '@berth/oci/json-guard.ts'
import { ScannerFailure } from './external-finding.ts'
import { harborReportTypes, productOf } from './harbor-report.ts'
import { listOf, momentOf, objectOf, parseReport, textOf, textsOf } from './report-json.ts'
import type { ScannerIdentity } from './scanner-port.ts'

/** What an adapter says of itself at `GET /metadata`. */
export type AdapterMetadata = {
  readonly identity: ScannerIdentity
  /** Media types of the manifests that it looks at. */
  readonly consumes: readonly string[]
  /** It wants a bearer token for the registry; without a word on it Basic, as Harbor does. */
  readonly takesBearer: boolean
  /** Version 1.2: requests name what is wanted. */
  readonly hasTypedCapabilities: boolean
}

const property = 'harbor.scanner-adapter/'

/** Throws `ScannerFailure`, with `who` as its subject, for what is no metadata of a scanner of vulnerabilities. */
export function readAdapterMetadata(bytes: Buffer, who: string): AdapterMetadata {
  const metadata = parseReport(bytes, who)
  const scanner = objectOf(metadata['scanner'])
  const capability = listOf(metadata['capabilities'])
    .map(objectOf)
    // Without a type it is of the versions that knew no other.
    .find(({ type }) => type === undefined || type === '' || type === 'vulnerability')
  if (textOf(scanner['name']) === null || capability === undefined) {
    throw new ScannerFailure(`${who} does not say that it finds vulnerabilities.`)
  }
  const properties = objectOf(metadata['properties'])
  return {
    identity: {
      product: textOf(scanner['name']) ?? '',
      vendor: textOf(scanner['vendor']) ?? '',
      version: textOf(scanner['version']) ?? '',
      reportType: reportTypeOf(capability, `${who} (${productOf(scanner)})`),
      databaseUpdatedAt: momentOf(properties[`${property}vulnerability-database-updated-at`]),
    },
    consumes: textsOf(capability['consumes_mime_types']),
    takesBearer: properties[`${property}registry-authorization-type`] === 'Bearer',
    hasTypedCapabilities: textOf(capability['type']) !== null,
  }
}

/** As the adapter spells it: adapters compare the text. */
function reportTypeOf(capability: JsonObject, who: string): string {
  const produced = textsOf(capability['produces_mime_types'])
  const plain = (type: string) => type.replaceAll(' ', '').toLowerCase()
  for (const wanted of harborReportTypes) {
    const found = produced.find((type) => plain(type) === plain(wanted))
    if (found !== undefined) return found
  }
  throw new ScannerFailure(`${who} makes none of the reports that Berth reads.`)
}
