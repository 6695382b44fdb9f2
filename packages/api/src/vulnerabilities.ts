import * as z from 'zod'
import { severity } from './findings.ts'
import { pageOf, pageQuery } from './page.ts'
import { projectName } from './projects.ts'
import { defineRoute } from './route.ts'
import { packageKind } from './scans.ts'

const vulnerability = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[A-Za-z0-9][A-Za-z0-9:._-]*$/)
  .describe('A CVE or the id of an advisory, such as `CVE-2021-44228`; capitals do not matter.')

export const listVulnerabilityImages = defineRoute({
  id: 'listVulnerabilityImages',
  method: 'GET',
  path: '/vulnerabilities/{vulnerability}/images',
  topic: 'Findings',
  summary: 'List the images that have a vulnerability, with the package that brings it',
  description:
    'Only images that the caller may pull, one item for each image and package. A page can be shorter than `limit` though another follows: go by `next`. Findings that somebody judged away are among them.',
  params: z.strictObject({ vulnerability }),
  query: z.strictObject({
    ...pageQuery,
    project: projectName.optional().describe('Only in this project and below it.'),
  }),
  body: undefined,
  status: 200,
  answer: pageOf(
    z.strictObject({
      vulnerability: z.string().describe('The CVE where there is one.'),
      severity,
      score: z.number().describe('0 to 10.'),
      repository: z.string(),
      digest: z.string(),
      platform: z.string().nullable(),
      tags: z.array(z.string()).describe('Tags on it or on an index of it, ten at most.'),
      package: z.strictObject({ kind: packageKind, name: z.string(), version: z.string() }),
      fixedVersion: z.string().nullable(),
      firstSeenAt: z.iso.datetime().nullable().describe('In the repository.'),
      due: z.iso
        .datetime()
        .nullable()
        .describe('By when it has to be mended in the repository, by the `sla` rules in force.'),
    }),
  ),
  problems: [],
  versioned: false,
  open: true,
})
