import * as z from 'zod'
import { defineRoute } from './route.ts'

const milliseconds = z.number().min(0).describe('In milliseconds, to about 10 %.')

const groupTraffic = z.strictObject({
  group: z
    .enum(['pullManifests', 'pullBlobs', 'push', 'token', 'api', 'other'])
    .describe('`api` is the management API; `other` whatever is none of these, such as health.'),
  requests: z.int().min(1),
  clientErrors: z.int().min(0).describe('Answers 4xx; 401 of a client that then logs in too.'),
  serverErrors: z.int().min(0).describe('Answers 5xx.'),
  bytesIn: z.int().min(0).describe('Bytes of blobs and bodies received.'),
  bytesOut: z.int().min(0).describe('Bytes of bodies sent.'),
  p50: milliseconds,
  p95: milliseconds,
  p99: milliseconds,
})

const level = z.number().min(0)

export const readTraffic = defineRoute({
  id: 'readTraffic',
  method: 'GET',
  path: '/system/traffic',
  topic: 'System',
  summary: 'Read what this process has served in the last minutes',
  description:
    'Of one process only: where several run, each tells of its own, and `node` says which one has answered. Requests are counted when they end.',
  params: z.strictObject({}),
  query: z.strictObject({
    since: z.iso
      .datetime()
      .optional()
      .describe('Only buckets that began then or later: `startedAt` of the last one known.'),
  }),
  body: undefined,
  status: 200,
  answer: z.strictObject({
    node: z.string().describe('Name of the process: that of the machine and its number there.'),
    at: z.iso.datetime(),
    bucketSeconds: z.int(),
    inFlight: z.int().min(0).describe('Requests under way.'),
    eventLoop: z
      .strictObject({ p50: milliseconds, p99: milliseconds, max: milliseconds })
      .describe('How late the process was for its own work in the last seconds.'),
    memory: z.strictObject({
      residentBytes: level,
      heapUsedBytes: level,
      heapTotalBytes: level,
      externalBytes: level.describe('Buffers and the like, outside of the heap.'),
    }),
    cpu: level.describe('Of one core, in the last seconds: 1 is all of it.'),
    lastMinute: z.array(groupTraffic).describe('Groups without a request are left away.'),
    buckets: z
      .array(
        z.strictObject({
          startedAt: z.iso.datetime(),
          groups: z.array(groupTraffic).describe('Groups without a request are left away.'),
        }),
      )
      .max(121)
      .describe('The last ten minutes, the oldest first; the last one is not full yet.'),
  }),
  problems: [],
  versioned: false,
})
