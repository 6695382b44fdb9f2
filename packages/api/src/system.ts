import * as z from 'zod'
import { defineRoute } from './route.ts'

/** A count that stops at a limit, so that it costs the same on every Berth. */
const count = z.strictObject({
  count: z.int().min(0),
  isMore: z.boolean().describe('There are more than that; it was not counted on.'),
})

const system = z.strictObject({
  version: z.string().describe('Of Berth.'),
  database: z.strictObject({ kind: z.enum(['sqlite', 'postgres']) }),
  storage: z.strictObject({
    kind: z.string().describe('As in the settings: `filesystem`, `memory`.'),
    freeBytes: z.int().nullable().describe('`null` where there is no such limit.'),
    totalBytes: z.int().nullable(),
  }),
  startedAt: z.iso.datetime(),
  uptimeSeconds: z.int().min(0),
  counts: z.strictObject({
    projects: count,
    repositories: count,
    manifests: count,
    tags: count,
    users: count,
    damagedBlobs: count.describe('Blobs that verification found damaged.'),
  }),
})

export const readSystem = defineRoute({
  id: 'readSystem',
  method: 'GET',
  path: '/system',
  topic: 'System',
  summary: 'Read how this Berth is doing',
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: system,
  problems: [],
  versioned: false,
})

const healthState = z
  .enum(['ok', 'warning', 'error'])
  .describe('`warning`: it works, and somebody should look. `error`: something does not work.')

export const readHealth = defineRoute({
  id: 'readHealth',
  method: 'GET',
  path: '/system/health',
  topic: 'System',
  summary: 'Check every part of this Berth',
  description: 'The checks run when they are asked for, at most every few seconds.',
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: z.strictObject({
    state: healthState.describe('The worst of all checks.'),
    checkedAt: z.iso.datetime(),
    checks: z.array(
      z.strictObject({
        name: z.enum([
          'database',
          'storage',
          'clock',
          'advisories',
          'scanner',
          'jobs',
          'damage',
          'certificate',
          'audit',
        ]),
        state: healthState,
        message: z.string().describe('What was found, for people.'),
        advice: z.string().nullable().describe('What to do about it; `null` when nothing.'),
      }),
    ),
  }),
  problems: [],
  versioned: false,
})
