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
