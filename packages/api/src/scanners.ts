import * as z from 'zod'
import { severity } from './findings.ts'
import { manifestParams } from './manifests.ts'
import { pageOf, pageQuery } from './page.ts'
import { defineRoute } from './route.ts'
import { platformQuery, severityCounts } from './scans.ts'

const nothing = z.strictObject({})
const topic = 'Other scanners'
const collection = '/system/scanners'
const onImage = '/repositories/{repository}/manifests/{reference}/external-scans'
const time = z.iso.datetime()

export const scannerName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/)
  .describe('Lower-case letters, digits, `.`, `_` and `-`.')

const scannerParams = z.strictObject({ name: scannerName })

const address = z.url({ protocol: /^https?$/ }).max(2000)
/** What a header can carry. */
const secret = z
  .string()
  .min(1)
  .max(8192)
  .regex(/^[\x21-\x7e]+$/)

const authorization = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    z.strictObject({
      kind: z.literal('basic'),
      name: z
        .string()
        .min(1)
        .max(255)
        .regex(/^[^:\p{Cc}]+$/u),
      password: z
        .string()
        .min(1)
        .max(8192)
        .regex(/^\P{Cc}+$/u),
    }),
    z.strictObject({ kind: z.literal('bearer'), token: secret }),
    z.strictObject({
      kind: z.literal('apiKey'),
      key: secret.describe('Sent as `X-ScannerAdapter-API-Key`.'),
    }),
  ])
  .describe('How Berth authenticates to the adapter. Stored sealed, never shown.')

const settings = {
  address: address.describe(
    'Of the adapter, without `/api/v1`. It must be on the public internet, or allowed in the settings `outbound`.',
  ),
  registryAddress: address
    .nullable()
    .default(null)
    .describe(
      'Where the adapter reaches this Berth, such as `http://berth.internal:5000`. `null`: the address that Berth has for everyone.',
    ),
  isInsecure: z
    .boolean()
    .default(false)
    .describe(
      'The adapter is told to accept a certificate of this Berth that nobody vouches for. Plain HTTP is told by the address.',
    ),
}

const scanner = z
  .strictObject({
    name: scannerName,
    kind: z
      .enum(['harbor', 'trivy', 'grype'])
      .describe('`harbor`: an adapter that was registered. The others: programs of the settings.'),
    address: z.string().nullable().describe('`null` for a program.'),
    authorization: z.enum(['none', 'basic', 'bearer', 'apiKey']),
    registryAddress: z.string().nullable(),
    isInsecure: z.boolean(),
    createdAt: time.nullable(),
    createdBy: z.string(),
  })
  .meta({ id: 'Scanner' })

export const listScanners = defineRoute({
  id: 'listScanners',
  method: 'GET',
  path: collection,
  topic,
  summary: 'List the scanners that Berth can ask beside its own',
  params: nothing,
  query: nothing,
  body: undefined,
  status: 200,
  answer: z.strictObject({ items: z.array(scanner) }),
  problems: [],
  versioned: false,
})

export const setScanner = defineRoute({
  id: 'setScanner',
  method: 'PUT',
  path: `${collection}/{name}`,
  topic,
  summary: 'Register an adapter of the Harbor Pluggable Scanner API',
  description: 'Takes the place of the one that has the name already; its reports stay.',
  params: scannerParams,
  query: nothing,
  body: z.strictObject({ ...settings, authorization: authorization.default({ kind: 'none' }) }),
  status: 200,
  answer: scanner,
  problems: ['conflict'],
  versioned: false,
})

export const deleteScanner = defineRoute({
  id: 'deleteScanner',
  method: 'DELETE',
  path: `${collection}/{name}`,
  topic,
  summary: 'Remove a registered scanner and its reports',
  description: 'What it was given to pull with is good no more at once.',
  params: scannerParams,
  query: nothing,
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound'],
  versioned: false,
})

export const testScanner = defineRoute({
  id: 'testScanner',
  method: 'POST',
  path: `${collection}/{name}/test`,
  topic,
  summary: 'Ask a scanner who it is',
  description: 'Nothing is scanned. `unavailable` says in words what is wrong.',
  params: scannerParams,
  query: nothing,
  body: undefined,
  status: 200,
  answer: z.strictObject({
    product: z.string(),
    vendor: z.string(),
    version: z.string(),
    reportType: z.string().describe('Of its reports, the one that Berth asks for.'),
    databaseUpdatedAt: time.nullable().describe('Of its vulnerabilities, if it says so.'),
    milliseconds: z.int().describe('Until it answered.'),
  }),
  problems: ['notFound', 'unavailable'],
  versioned: false,
})

const externalScan = z
  .strictObject({
    scanner: scannerName,
    digest: z.string(),
    platform: z.string().nullable(),
    state: z
      .enum(['none', 'waiting', 'running', 'done', 'failed'])
      .describe('`done`: there is a report. A former report stays while another is made.'),
    reason: z.string().nullable().describe('Why it failed.'),
    product: z.string().nullable().describe('What made the report, with its version.'),
    generatedAt: time.nullable(),
    dataBuiltAt: time.nullable().describe('Of the vulnerabilities that it knew, if it says so.'),
    counts: severityCounts,
    isTruncated: z.boolean().describe('There were more findings than Berth keeps.'),
    requestedAt: time.nullable(),
    finishedAt: time.nullable().describe('When the report that is kept arrived.'),
  })
  .meta({ id: 'ExternalScan' })

const externalScans = z.strictObject({
  digest: z.string(),
  items: z.array(externalScan).describe('One for each scanner and each image of an index.'),
})

export const listExternalScans = defineRoute({
  id: 'listExternalScans',
  method: 'GET',
  path: onImage,
  topic,
  summary: 'List what other scanners said of an image',
  description:
    'It stands beside what Berth found and changes nothing of it: no policy judges by it.',
  params: manifestParams,
  query: nothing,
  body: undefined,
  status: 200,
  answer: externalScans,
  problems: ['notFound'],
  versioned: false,
  open: true,
})

export const requestExternalScan = defineRoute({
  id: 'requestExternalScan',
  method: 'POST',
  path: onImage,
  topic,
  summary: 'Let another scanner look at an image',
  description: 'For those who may push there. An index: each of its images.',
  params: manifestParams,
  query: nothing,
  body: z.strictObject({ scanner: scannerName }),
  status: 202,
  answer: externalScans,
  problems: ['notFound', 'conflict'],
  versioned: false,
})

const imageOfScanner = z.strictObject({ ...manifestParams.shape, scanner: scannerName })

export const listExternalFindings = defineRoute({
  id: 'listExternalFindings',
  method: 'GET',
  path: `${onImage}/{scanner}/findings`,
  topic,
  summary: 'List the vulnerabilities that another scanner found in an image, the worst first',
  params: imageOfScanner,
  query: z.strictObject({ ...pageQuery, platform: platformQuery }),
  body: undefined,
  status: 200,
  answer: pageOf(
    z
      .strictObject({
        vulnerability: z.string(),
        package: z.string(),
        version: z.string(),
        fixedVersion: z.string().nullable(),
        severity,
        score: z.number().nullable().describe('CVSS, 0 to 10, the newest version it gives.'),
        vector: z.string().nullable(),
        description: z.string().nullable(),
        links: z.array(z.string()),
        purl: z.string().nullable(),
        path: z.string().nullable().describe('Where the package is, if it says so.'),
        isFoundByBerth: z
          .boolean()
          .describe('Berth found the vulnerability in the image too, in whichever package.'),
      })
      .meta({ id: 'ExternalFinding' }),
  ),
  problems: ['notFound', 'conflict'],
  versioned: false,
  open: true,
})

export const exportExternalReport = defineRoute({
  id: 'exportExternalReport',
  method: 'GET',
  path: `${onImage}/{scanner}/report`,
  topic,
  summary: 'Download the report of another scanner as it came',
  params: imageOfScanner,
  query: z.strictObject({ platform: platformQuery }),
  body: undefined,
  status: 200,
  answer: undefined,
  streams: ['application/json'],
  problems: ['notFound', 'conflict'],
  versioned: false,
  open: true,
})
