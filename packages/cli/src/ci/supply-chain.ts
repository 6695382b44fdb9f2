import { ClientError } from '@berth/client/client-error.ts'
import { formatImageReference, parseImageReference } from '@berth/client/image-reference.ts'
import type { Severity } from '@berth/scanner/finding.ts'
import type { BuildFile } from '../build/build-file.ts'
import { parseSigningKey, type SigningKey } from '../build/signing-key.ts'
import { parseSeverity } from '../scan/severity.ts'

/** What a pipeline does with images that it pushed. */
export type CiSupplyChain = {
  readonly scan: { readonly failOn: Severity | undefined } | undefined
  readonly sbom: boolean
  readonly sign: SigningKey | undefined
  /** The image that holds advisories; `undefined`: they are fetched from where they are published. */
  readonly advisories: string | undefined
}

/** As flags have it; what they do not say the file says. */
export type CiSupplyChainFlags = {
  readonly scan: string | boolean | undefined
  readonly sbom: boolean
  readonly sign: string | undefined
  readonly advisories: string | undefined
}

/** Puts flags over the file; `undefined` when nothing is wanted. Throws `inputInvalid` and `referenceInvalid`. */
export function planCiSupplyChain(
  flags: CiSupplyChainFlags,
  { supplyChain: file }: Pick<BuildFile, 'supplyChain'>,
): CiSupplyChain | undefined {
  const sign = flags.sign === undefined ? file.sign : parseSigningKey(flags.sign)
  if (sign?.kind === 'berth' && !/^[a-z0-9][a-z0-9._-]{0,62}$/.test(sign.name)) {
    throw new ClientError('inputInvalid', `"${sign.name}" is no name of a key in Berth.`, {
      next: 'It may hold lower-case letters, digits, ".", "_" and "-".',
    })
  }
  const scan = planScan(flags.scan ?? file.scan, file.scan)
  const sbom = flags.sbom || file.sbom
  if (scan === undefined && !sbom && sign === undefined) return undefined
  const { advisories } = flags
  return {
    scan,
    sbom,
    sign,
    advisories: advisories && formatImageReference(parseImageReference(advisories)),
  }
}

function planScan(wanted: string | boolean, ofFile: Severity | boolean): CiSupplyChain['scan'] {
  if (wanted === false) return undefined
  if (wanted !== true) return { failOn: parseSeverity('--scan', wanted) }
  return { failOn: typeof ofFile === 'string' ? ofFile : undefined }
}

/** Brings in what a scan compares with. */
export function advisoriesLine({ advisories }: CiSupplyChain): string {
  return advisories === undefined
    ? 'berth advisories update --grype'
    : `berth advisories pull ${advisories}`
}

/** The flag of `berth scan`, with a blank before it. */
export function failOnFlag({ scan }: CiSupplyChain): string {
  return scan?.failOn === undefined ? '' : ` --fail-on ${scan.failOn}`
}

/** What of it a person has to set up, a line each. */
export function supplyChainNeeds(chain: CiSupplyChain, keyVariable: string): readonly string[] {
  const { sign, scan, advisories } = chain
  return [
    ...(sign?.kind === 'file'
      ? [
          `${keyVariable}: the private key that signs`,
          'secret BERTH_KEY_PASSWORD: the password of that key',
        ]
      : []),
    ...(sign?.kind === 'berth'
      ? [
          `a key "${sign.name}" in the project of the images, in Berth, and the right to sign with it`,
        ]
      : []),
    ...(scan !== undefined && advisories !== undefined
      ? [`advisories at ${advisories}: put there with "berth advisories push"`]
      : []),
  ]
}
