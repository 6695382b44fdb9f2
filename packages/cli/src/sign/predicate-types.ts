import { ClientError } from '@berth/client/client-error.ts'
import { predicateTypes } from '@berth/signing/predicates/predicate-types.ts'

/** Short words for the types of attestations, the same as cosign's. */
const types: Readonly<Record<string, string>> = {
  slsaprovenance1: predicateTypes.slsaProvenance,
  slsaprovenance: predicateTypes.slsaProvenance02,
  spdx: predicateTypes.spdx,
  cyclonedx: predicateTypes.cyclonedx,
  vuln: predicateTypes.vulnerabilities,
  openvex: predicateTypes.openvex,
}

export const predicateWords = Object.keys(types)

/** The type behind a word, or the URI itself. Throws `inputInvalid` for anything else. */
export function predicateTypeOf(text: string): string {
  const known = types[text]
  if (known !== undefined) return known
  if (/^[a-z][a-z0-9+.-]*:\/\/\S+$/.test(text) && text.length <= 1024) return text
  throw new ClientError('inputInvalid', `--type ${text} is no type of attestation.`, {
    next: `Known are ${predicateWords.join(', ')}; any other is written as its URI.`,
  })
}
