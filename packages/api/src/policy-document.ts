/** The document in which a project writes down its policy, as YAML or JSON. */
import * as z from 'zod'
import { packageKind } from './scans.ts'

/** Characters of a document at most. */
export const policyDocumentMax = 64 * 1024

const daysMax = 3650
const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
const durationGrammar = /^(\d{1,6})([mhdw])$/

/** Milliseconds of `90m`, `12h`, `30d` or `2w`; `undefined` for any other text. */
export function durationMs(text: string): number | undefined {
  const [, count, unit] = durationGrammar.exec(text) ?? []
  if (count === undefined || unit === undefined) return undefined
  return Number(count) * unitMs[unit as keyof typeof unitMs]
}

const sizeUnits = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }
const sizeGrammar = /^(\d{1,9}(?:\.\d{1,3})?) ?(B|KB|MB|GB|KiB|MiB|GiB)$/

/** Bytes of `500MB` or `1.5GiB`; `undefined` for any other text. */
export function sizeBytes(text: string): number | undefined {
  const [, count, unit] = sizeGrammar.exec(text) ?? []
  if (count === undefined || unit === undefined) return undefined
  return Math.floor(Number(count) * sizeUnits[unit as keyof typeof sizeUnits])
}

const duration = z
  .string()
  .max(10)
  .refine((text) => durationMs(text) !== undefined, {
    error: 'must be a time such as 12h, 30d or 2w',
    abort: true,
  })
  .refine((text) => (durationMs(text) ?? 0) > 0, { error: 'must be longer than nothing' })
  .refine((text) => (durationMs(text) ?? 0) < daysMax * unitMs.d, {
    error: 'must be shorter than ten years (3650d)',
  })
  .describe('A number with `m`, `h`, `d` or `w`, more than nothing and less than ten years: `30d`.')

const size = z
  .string()
  .max(20)
  .refine((text) => sizeBytes(text) !== undefined, {
    error: 'must be a size such as 500MB or 2GiB',
    abort: true,
  })
  .refine((text) => (sizeBytes(text) ?? 0) > 0, { error: 'must be more than nothing' })
  .describe('A number with `B`, `KB`, `MB`, `GB`, `KiB`, `MiB` or `GiB`: `1.5GiB`.')

const glob = z.string().min(1).max(256)
const globs = z.array(glob).min(1).max(100)
const globText =
  '`*` stands for any characters but `/`, `**` for any characters, `?` for one, `{a,b}` for one of several.'
const names = z.array(z.string().min(1).max(64)).min(1).max(50)

const vex = z
  .enum(['all', 'above', 'none'])
  .default('above')
  .describe(
    'Whose statements that an image is not affected count: `above`, those of the project with the rule and of projects above it; `all`, those of projects below it too; `none`.',
  )

const whenUnknown = z
  .enum(['block', 'allow'])
  .default('block')
  .describe('What counts when the image does not say.')

const templates = {
  maximumCvss: z
    .strictObject({
      score: z.number().min(0).max(10).describe('The highest CVSS score that passes.'),
      onlyFixable: z.boolean().default(false).describe('Count only what an upgrade mends.'),
      gracePeriod: duration.optional().describe('How long a new finding passes.'),
      vex,
    })
    .describe('No vulnerability with a higher score.'),
  signedBy: z
    .strictObject({
      identities: names.describe('Names of trusted identities of the project or of those above.'),
      threshold: z
        .enum(['any', 'all'])
        .default('any')
        .describe('One of the identities is enough, or each has to have signed.'),
    })
    .describe('A verified signature on the image or on an index that holds it.'),
  scannedWithin: z
    .strictObject({ age: duration })
    .describe('Findings were looked for not longer ago than this.'),
  maximumDataAge: z
    .strictObject({ age: duration })
    .describe('The advisories that the image was matched with are not older than this.'),
  sla: z
    .strictObject({
      critical: duration.optional(),
      high: duration.optional(),
      medium: duration.optional(),
      low: duration.optional(),
      kev: duration
        .optional()
        .describe('For what is known to be exploited, where that is the shorter time.'),
      clock: z
        .enum(['fixAvailableOrFirstSeen', 'firstSeen', 'fixAvailable'])
        .default('fixAvailableOrFirstSeen')
        .describe(
          'From when on it counts: `firstSeen` in the repository; `fixAvailableOrFirstSeen` the later of that and of the fix; `fixAvailable` the same, and never while there is no fix.',
        ),
    })
    .refine(
      ({ critical, high, medium, low, kev }) =>
        [critical, high, medium, low, kev].some((limit) => limit !== undefined),
      { error: 'must hold at least one of critical, high, medium, low, kev' },
    )
    .describe('Vulnerabilities are mended in time.'),
  deniedPackages: z
    .strictObject({
      packages: z
        .array(
          z.strictObject({
            name: glob.describe(`Name of the package. ${globText}`),
            kind: packageKind.optional().describe('Kind of the package; any when left out.'),
            below: z
              .string()
              .min(1)
              .max(128)
              .optional()
              .describe('Only versions below this one; needs `kind`.'),
          }),
        )
        .min(1)
        .max(200)
        .describe('At most 200.'),
    })
    .describe('None of these packages.'),
  deniedVulnerabilities: z
    .strictObject({
      vulnerabilities: z
        .array(
          z
            .string()
            .max(64)
            .regex(/^[A-Z][A-Z0-9]{1,15}-[A-Za-z0-9:._-]{1,48}$/)
            .describe('Such as CVE-2021-44228.'),
        )
        .min(1)
        .max(500)
        .describe('At most 500.'),
      vex,
    })
    .describe('None of these vulnerabilities.'),
  requireAttestation: z
    .strictObject({
      predicateType: z
        .string()
        .min(1)
        .max(256)
        .describe('Such as `https://slsa.dev/provenance/v1`.'),
      signedBy: names.describe('Names of trusted identities, one of which signed it.'),
    })
    .describe('A verified attestation of this type.'),
  requireSbom: z
    .strictObject({
      formats: z
        .array(z.enum(['spdx', 'cyclonedx']))
        .min(1)
        .max(2)
        .default(['spdx', 'cyclonedx'])
        .describe('Those that count.'),
    })
    .describe('An SBOM is attached, in one of the formats.'),
  allowedBaseImages: z
    .strictObject({
      images: globs.describe(
        `What \`org.opencontainers.image.base.name\` may say, in the annotations or the labels. ${globText}`,
      ),
      whenUnknown,
    })
    .describe('Built on one of these images, as the builder says.'),
  notRoot: z.literal(true).describe('The image names a user that is not root.'),
  requiredLabels: z
    .strictObject({
      labels: z.array(z.string().min(1).max(256)).min(1).max(50).describe('Names of the labels.'),
    })
    .describe('These labels are set, and not empty.'),
  maximumSize: z
    .strictObject({ size })
    .describe('Bytes of the configuration and all layers, as they are stored.'),
  maximumLayers: z
    .strictObject({ layers: z.int().min(1).max(1000).describe('The highest number that passes.') })
    .describe('Layers at most.'),
  maximumAge: z
    .strictObject({ age: duration, whenUnknown })
    .describe('Built not longer ago than this, by the configuration of the image.'),
  licences: z
    .strictObject({
      allow: globs.optional().describe('SPDX identifiers; all others are violations.'),
      deny: globs.optional().describe('SPDX identifiers.'),
      whenUnknown: z
        .enum(['block', 'allow'])
        .default('allow')
        .describe('A package that tells of no licence.'),
    })
    .refine(({ allow, deny }) => allow !== undefined || deny !== undefined, {
      error: 'must hold allow, deny or both',
    })
    .describe('Licences of the packages.'),
}

export type TemplateName = keyof typeof templates
export const templateNames = Object.keys(templates) as readonly TemplateName[]

/** Templates that look at what a scan found. */
export const scanTemplates: ReadonlySet<TemplateName> = new Set([
  'maximumCvss',
  'scannedWithin',
  'maximumDataAge',
  'sla',
  'deniedPackages',
  'deniedVulnerabilities',
  'licences',
])

/** What can be known only after the push: scans, signatures, attachments. */
const laterTemplates: ReadonlySet<TemplateName> = new Set([
  ...scanTemplates,
  'signedBy',
  'requireAttestation',
  'requireSbom',
])

const optionalTemplates = Object.fromEntries(
  Object.entries(templates).map(([name, schema]) => [name, schema.optional()]),
) as { [Name in TemplateName]: z.ZodOptional<(typeof templates)[Name]> }

export const policyRule = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
      .describe('1 to 64 lowercase letters, digits, `.`, `_` and `-`; once in a document.'),
    description: z.string().max(500).optional().describe('What people read who meet the rule.'),
    on: z
      .array(z.enum(['push', 'pull', 'promotion']))
      .min(1)
      .max(3)
      .default(['pull'])
      .describe(
        'When it is judged. `promotion`: a tag is set to what this Berth has already, in this repository or another.',
      ),
    mode: z
      .enum(['enforce', 'warn', 'audit'])
      .default('enforce')
      .describe('Block, tell the client in a `Warning` header, or only write it to the audit log.'),
    repositories: globs
      .optional()
      .describe(`Whole names of repositories; all when left out. ${globText}`),
    tags: globs
      .optional()
      .describe(
        `Only images under one of these tags, whether asked for by tag or by digest. ${globText}`,
      ),
    platforms: z
      .array(
        z
          .string()
          .max(64)
          .regex(/^[a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9.]+)?$/),
      )
      .min(1)
      .max(50)
      .optional()
      .describe('Only images for these platforms, such as `linux/amd64`; all when left out.'),
    whenUnscanned: z
      .enum(['block', 'allow', 'wait'])
      .default('block')
      .describe(
        'For rules that need a scan, while there is none: `wait` holds a pull for up to 30 seconds, then blocks.',
      ),
    ...optionalTemplates,
  })
  .superRefine((rule, context) => {
    const used = templateNames.filter((name) => rule[name] !== undefined)
    if (used.length !== 1) {
      context.addIssue({
        code: 'custom',
        message:
          used.length === 0
            ? `must hold one template: ${templateNames.join(', ')}`
            : `must hold one template, not ${used.join(' and ')}; write a rule for each`,
      })
      return
    }
    const [template] = used
    if (template !== undefined && laterTemplates.has(template) && rule.on.includes('push')) {
      context.addIssue({
        code: 'custom',
        path: ['on'],
        message: `cannot hold push for ${template}: scans and signatures come after the push. Use pull or promotion`,
      })
    }
    for (const [index, { kind, below }] of (rule.deniedPackages?.packages ?? []).entries()) {
      if (below === undefined || kind !== undefined) continue
      context.addIssue({
        code: 'custom',
        path: ['deniedPackages', 'packages', index, 'kind'],
        message: 'is missing: versions can only be compared when the kind is known',
      })
    }
  })
  .meta({ id: 'PolicyRule' })

export type PolicyRule = z.output<typeof policyRule>

/** The whole document. Strict: an unknown key is refused. */
export const policyDocument = z
  .strictObject({
    apiVersion: z.literal('berth/v1'),
    rules: z.array(policyRule).max(100),
  })
  .superRefine(({ rules }, context) => {
    const seen = new Set<string>()
    for (const [index, { name }] of rules.entries()) {
      if (seen.has(name)) {
        context.addIssue({
          code: 'custom',
          path: ['rules', index, 'name'],
          message: `is used a second time: ${name}`,
        })
      }
      seen.add(name)
    }
  })
  .meta({ id: 'PolicyDocument' })

export type PolicyDocument = z.output<typeof policyDocument>
