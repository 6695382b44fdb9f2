import { ClientError } from '@berth/client/client-error.ts'

/** Short words for the types of attestations, the same as cosign's. */
const types: Readonly<Record<string, string>> = {
  slsaprovenance1: 'https://slsa.dev/provenance/v1',
  slsaprovenance: 'https://slsa.dev/provenance/v0.2',
  spdx: 'https://spdx.dev/Document',
  cyclonedx: 'https://cyclonedx.org/bom',
  vuln: 'https://cosign.sigstore.dev/attestation/vuln/v1',
  openvex: 'https://openvex.dev/ns',
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
