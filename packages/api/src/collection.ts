import * as z from 'zod'
import { job } from './jobs.ts'
import { defineRoute } from './route.ts'

const collection = z.strictObject({
  waiting: z
    .strictObject({
      reviews: z.int().describe('Things to look at again.'),
      reviewsDue: z.int().describe('Of those, the ones whose grace period is over.'),
      trash: z.int().describe('Objects that will be removed from the store.'),
      trashBytes: z.int().describe('Their size.'),
    })
    .describe('What collection has before it.'),
  lastRun: job.nullable().describe('The last run that somebody asked for.'),
})

export const readCollection = defineRoute({
  id: 'readCollection',
  method: 'GET',
  path: '/collection',
  topic: 'Collection',
  summary: 'Read how much collection has before it',
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: collection,
  problems: [],
  versioned: false,
})

export const startCollection = defineRoute({
  id: 'startCollection',
  method: 'POST',
  path: '/collection/runs',
  topic: 'Collection',
  summary: 'Do now what is due',
  description:
    'Collection also runs by itself, and the grace period holds here too. The answer is a job, whose result says what was done. When the same is waiting or under way already, the answer is that one; when a run with other settings is, the request is refused.',
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({
    dryRun: z
      .boolean()
      .default(false)
      .describe('Change nothing; the result explains what is waiting first.'),
    sweep: z
      .boolean()
      .default(false)
      .describe('Also compare the whole store with the records, which takes long.'),
  }),
  status: 202,
  answer: job,
  problems: ['conflict'],
  versioned: false,
})
