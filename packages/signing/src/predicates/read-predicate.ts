import { z } from 'zod'
import { openvexSchema, vulnerabilitiesSchema } from './findings.ts'
import { type PredicateName, predicateNameOf } from './predicate-types.ts'
import { provenance02Schema, provenanceSchema } from './provenance.ts'
import { cyclonedxSchema, spdxSchema } from './sbom.ts'

/** The predicate does not have the shape of its type; the message names the place. */
export class PredicateInvalid extends Error {
  override readonly name = 'PredicateInvalid'
}

const schemas = {
  slsaProvenance: provenanceSchema,
  slsaProvenance02: provenance02Schema,
  spdx: spdxSchema,
  cyclonedx: cyclonedxSchema,
  vulnerabilities: vulnerabilitiesSchema,
  openvex: openvexSchema,
} satisfies Record<PredicateName, z.ZodType>

/** One known predicate, named by `kind`, with what policies and reports need checked; other members are kept. */
export type Predicate = {
  [Name in PredicateName]: { readonly kind: Name; readonly value: z.infer<(typeof schemas)[Name]> }
}[PredicateName]

/**
 * Reads the predicate of a verified attestation. Undefined for a type that Berth does not know; throws
 * `PredicateInvalid` when a known one does not have its shape, or is larger than anything real.
 */
export function readPredicate(predicateType: string, predicate: unknown): Predicate | undefined {
  const kind = predicateNameOf(predicateType)
  if (kind === undefined) return undefined
  const parsed = schemas[kind].safeParse(predicate)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const place = issue?.path.join('.') ?? ''
    throw new PredicateInvalid(
      `The predicate ${predicateType} is not valid: ${place === '' ? 'it' : place}: ${issue?.message}.`,
    )
  }
  return { kind, value: parsed.data } as Predicate
}
