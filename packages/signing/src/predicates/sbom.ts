import { z } from 'zod'

const text = z.string().max(4096)
const packagesMax = 200_000

/** The head of an SPDX 2.x document: that it is one, and of bearable size. Packages are for an SBOM reader. */
export const spdxSchema = z.looseObject({
  spdxVersion: z.string().regex(/^SPDX-2\.\d{1,2}$/, 'must be SPDX 2.x'),
  SPDXID: text,
  name: text,
  documentNamespace: text.optional(),
  creationInfo: z.looseObject({ created: text, creators: z.array(text).max(1000).optional() }),
  packages: z
    .array(z.looseObject({ name: text, versionInfo: text.nullish() }))
    .max(packagesMax)
    .nullish(),
})

/** The head of a CycloneDX 1.x document, alike. */
export const cyclonedxSchema = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.string().regex(/^1\.\d{1,2}$/, 'must be 1.x'),
  serialNumber: text.optional(),
  components: z
    .array(z.looseObject({ type: text, name: text, version: text.nullish() }))
    .max(packagesMax)
    .nullish(),
})
