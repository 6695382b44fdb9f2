import { z } from 'zod'

const text = z.string().max(4096)
const time = z.iso.datetime({ offset: true })
const statementsMax = 100_000

/** A vulnerability report (cosign's COSIGN_VULN_ATTESTATION_SPEC). `result` is the scanner's own format. */
export const vulnerabilitiesSchema = z.looseObject({
  invocation: z
    .looseObject({
      uri: text.optional(),
      event_id: text.optional(),
      'builder.id': text.optional(),
    })
    .optional(),
  scanner: z.looseObject({
    uri: text.optional(),
    version: text.optional(),
    db: z
      .looseObject({ uri: text.optional(), version: text.optional(), lastUpdate: text.optional() })
      .optional(),
    result: z.unknown(),
  }),
  metadata: z.looseObject({ scanStartedOn: time, scanFinishedOn: time }),
})

const identified = z.looseObject({ '@id': text.optional() })

/** An OpenVEX 0.2.0 document (github.com/openvex/spec). */
export const openvexSchema = z.looseObject({
  '@context': text,
  '@id': text,
  author: text,
  timestamp: text,
  version: z.union([z.int(), text]),
  statements: z
    .array(
      z.looseObject({
        // Before 0.2.0 the vulnerability was a bare name.
        vulnerability: z.union([text, z.looseObject({ name: text.optional() })]),
        products: z
          .array(z.union([text, identified]))
          .max(10_000)
          .optional(),
        status: z.enum(['not_affected', 'affected', 'fixed', 'under_investigation']),
        justification: text.optional(),
        impact_statement: text.optional(),
        action_statement: text.optional(),
      }),
    )
    .max(statementsMax),
})
