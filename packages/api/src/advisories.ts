import * as z from 'zod'
import { job, jobState } from './jobs.ts'
import { defineRoute } from './route.ts'

const topic = 'Advisories'
const nothing = z.strictObject({})

/** One archive with the database and where it came from. */
export const advisoryArchiveMediaType = 'application/vnd.berth.advisories.v1+tar.zstd'

const advisories = z
  .strictObject({
    revision: z.int().describe('Counts up with every import; 0: there are none.'),
    builtAt: z.iso.datetime().nullable().describe('The newest advisory in it.'),
    ageDays: z.number().nullable(),
    sources: z.array(
      z.strictObject({
        name: z.string(),
        builtAt: z.string(),
        records: z.int(),
        license: z.string().nullable(),
      }),
    ),
    fault: z
      .string()
      .nullable()
      .describe('Why a newer file is not used; what was in force before still is.'),
    isUpdating: z.boolean().describe('An import runs on this node.'),
    update: z
      .strictObject({
        isEnabled: z.boolean().describe('Berth fetches advisories by itself.'),
        lastRun: z
          .strictObject({
            state: jobState,
            hasFailed: z.boolean().describe('The last attempt; the job says why.'),
            finishedAt: z.iso.datetime().nullable(),
            sources: z.array(
              z.strictObject({
                source: z.string(),
                state: z
                  .enum(['updated', 'unchanged', 'failed'])
                  .describe('`failed`: what it had brought before is still in force.'),
              }),
            ),
          })
          .nullable()
          .describe('The newest job `update-advisories`, on whichever node.'),
      })
      .describe('Fetching advisories from where they are published.'),
    isMatching: z.boolean().describe('Images are being compared with new advisories.'),
  })
  .meta({ id: 'Advisories' })

export const readAdvisories = defineRoute({
  id: 'readAdvisories',
  method: 'GET',
  path: '/advisories',
  topic,
  summary: 'Read which advisories are in force, and how old they are',
  params: nothing,
  query: nothing,
  body: undefined,
  status: 200,
  answer: advisories,
  problems: [],
  versioned: false,
})

export const importAdvisories = defineRoute({
  id: 'importAdvisories',
  method: 'PUT',
  path: '/advisories/archive',
  topic,
  summary: 'Put advisories into force that were exported elsewhere',
  description:
    'The archive is checked before it replaces anything; what was in force stays when it is refused. Images are then compared again in the background, without being read again.',
  params: nothing,
  query: nothing,
  body: undefined,
  receives: [advisoryArchiveMediaType, 'application/zstd', 'application/octet-stream'],
  status: 200,
  answer: advisories,
  problems: ['conflict', 'storageFull'],
  versioned: false,
})

export const updateAdvisories = defineRoute({
  id: 'updateAdvisories',
  method: 'POST',
  path: '/advisories/update',
  topic,
  summary: 'Fetch now what has changed where advisories are published',
  description:
    'Only where `scan.advisories.update.enabled` is set. The answer is a job, whose result says what became of each source. A source that cannot be fetched keeps what it had brought.',
  params: nothing,
  query: nothing,
  body: undefined,
  status: 202,
  answer: job,
  problems: ['conflict'],
  versioned: false,
})

export const exportAdvisories = defineRoute({
  id: 'exportAdvisories',
  method: 'GET',
  path: '/advisories/archive',
  topic,
  summary: 'Download the advisories in force, to import them elsewhere',
  params: nothing,
  query: nothing,
  body: undefined,
  status: 200,
  answer: undefined,
  streams: [advisoryArchiveMediaType],
  problems: ['notFound'],
  versioned: false,
})
