import { z } from 'zod'

const text = z.string().max(200_000)
const id = z.string().min(1).max(200)
const ids = z.array(id).max(20_000).nullish()
const version = z.string().max(1024)

const severity = z.looseObject({
  type: z.string().max(100),
  score: z.string().max(1000),
  source: z.string().max(200).nullish(),
})

const range = z.looseObject({
  type: z.string().max(100),
  events: z
    .array(
      z.looseObject({
        introduced: version.optional(),
        fixed: version.optional(),
        last_affected: version.optional(),
        limit: version.optional(),
      }),
    )
    .max(20_000),
})

const affected = z.looseObject({
  package: z
    .looseObject({ ecosystem: z.string().max(500), name: z.string().min(1).max(1000) })
    .nullish(),
  severity: z.array(severity).max(100).nullish(),
  ranges: z.array(range).max(20_000).nullish(),
  versions: z.array(version).max(200_000).nullish(),
  ecosystem_specific: z.unknown().optional(),
  database_specific: z.unknown().optional(),
})

/**
 * What Berth reads of an OSV record, https://ossf.github.io/osv-schema/, versions 1.0 to 1.7. Fields that it does not
 * name may hold anything.
 */
export const osvRecord = z.looseObject({
  id,
  published: z.string().max(100).nullish(),
  modified: z.string().max(100).nullish(),
  withdrawn: z.string().max(100).nullish(),
  aliases: ids,
  upstream: ids,
  related: ids,
  summary: text.nullish(),
  details: text.nullish(),
  severity: z.array(severity).max(100).nullish(),
  affected: z.array(affected).max(50_000).nullish(),
  references: z
    .array(z.looseObject({ type: z.string().max(100).nullish(), url: z.string().max(10_000) }))
    .max(20_000)
    .nullish(),
  database_specific: z.unknown().optional(),
})

export type OsvRecord = z.infer<typeof osvRecord>
export type OsvAffected = z.infer<typeof affected>
export type OsvRange = z.infer<typeof range>
export type OsvSeverity = z.infer<typeof severity>
