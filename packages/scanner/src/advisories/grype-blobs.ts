import { z } from 'zod'
import type { Score } from '../finding.ts'
import { scoreOfVector } from './cvss.ts'
import { scoreOfWord } from './severity.ts'

const text = z.string().max(200_000)
const texts = z.array(z.string().min(1).max(1000)).max(20_000).nullish()

/** `blobs.value` of a row of `vulnerability_handles`. */
export const vulnerabilityBlob = z.looseObject({
  description: text.nullish(),
  refs: z
    .array(z.looseObject({ url: z.string().max(10_000) }))
    .max(20_000)
    .nullish(),
  aliases: texts,
  severities: z
    .array(
      z.looseObject({
        source: z.string().max(500).nullish(),
        value: z.union([z.string().max(1000), z.looseObject({ vector: z.string().max(1000) })]),
      }),
    )
    .max(1000)
    .nullish(),
})

/** `blobs.value` of a row of `affected_package_handles` and `unaffected_package_handles`. */
export const packageBlob = z.looseObject({
  cves: texts,
  qualifiers: z.looseObject({ rpm_modularity: z.string().max(500).nullish() }).nullish(),
  ranges: z
    .array(
      z.looseObject({
        version: z.looseObject({ constraint: z.string().max(200_000).nullish() }),
        fix: z
          .looseObject({
            version: z.string().max(1024).nullish(),
            state: z.string().max(100).nullish(),
            detail: z
              .looseObject({
                available: z.looseObject({ date: z.string().max(100).nullish() }).nullish(),
                timestamp: z.string().max(100).nullish(),
              })
              .nullish(),
          })
          .nullish(),
      }),
    )
    .max(5000)
    .nullish(),
})

/** `blobs.value` of a row of `known_exploited_vulnerability_handles`. */
export const exploitedBlob = z.looseObject({ date_added: z.string().max(100) })

type Severities = z.infer<typeof vulnerabilityBlob>['severities']

const names: Readonly<Record<string, string>> = {
  'nvd@nist.gov': 'nvd',
  'security-advisories@github.com': 'ghsa',
  github: 'ghsa',
  'secalert@redhat.com': 'redhat',
  rhel: 'redhat',
}

/** What a record says of how bad it is. A severity without a source is the provider's. */
export function scoresOfGrype(severities: Severities, provider: string): Score[] {
  return (severities ?? []).flatMap(({ source, value }) => {
    const given = source == null || source === '' ? provider : source
    const name = (Object.hasOwn(names, given) ? names[given] : undefined) ?? given
    const score =
      typeof value === 'string'
        ? (scoreOfVector(name, value) ?? scoreOfWord(name, value))
        : scoreOfVector(name, value.vector)
    return score ?? []
  })
}
