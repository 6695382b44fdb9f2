import * as z from 'zod'
import { pageOf, pageQuery } from './page.ts'
import { projectName, projectParams } from './projects.ts'
import { defineRoute } from './route.ts'

// PostgreSQL holds no U+0000, so nothing can be found by it.
// oxlint-disable-next-line no-control-regex -- it is what must not be there
const withoutNul = /^[^\u0000]+$/

const text = z.string().min(1).max(512).regex(withoutNul)

const time = z.iso.datetime({ offset: true })

const outcome = z
  .enum(['success', 'denied', 'failure'])
  .describe('`denied`: the caller was not allowed to. `failure`: it was tried and went wrong.')

const hash = z.string().regex(/^[0-9a-f]{64}$/)

/** Filters that every reader of the audit log may use. */
const filters = {
  actor: text.optional().describe('Name of who did it.'),
  action: z
    .string()
    .min(1)
    .max(100)
    .regex(/^[A-Za-z0-9.-]+$/)
    .optional()
    .describe('What was done: `tag.moved`; with a dot at its end all of that kind: `tag.`.'),
  target: text.optional().describe('What it was done to, exactly.'),
  targetPrefix: text.optional().describe('What its target begins with.'),
  project: projectName
    .or(z.literal(''))
    .optional()
    .describe('Only this very project; an empty text is what belongs to none.'),
  outcome: outcome.optional(),
  address: text.max(64).optional().describe('From where the request came.'),
  requestId: text.max(128).optional().describe('Of the request, as in `X-Request-Id`.'),
  from: time.optional().describe('Not before this time.'),
  to: time.optional().describe('Before this time.'),
}

const instanceFilters = {
  ...filters,
  projectTree: projectName.optional().describe('This project and all below it.'),
}

export const auditEntry = z.strictObject({
  id: z.int(),
  position: z
    .int()
    .nullable()
    .describe('Its place in the chain; `null` for about a second, until it is sealed.'),
  hash: z.string().nullable().describe('SHA-256 over the entry and the hash of the one before.'),
  at: z.string(),
  actor: z.strictObject({ kind: z.string(), id: z.string(), name: z.string() }),
  action: z.string(),
  target: z.strictObject({ kind: z.string(), name: z.string() }),
  project: z.string().describe('Name of the nearest project; an empty text is the instance.'),
  outcome: z.string().describe('`success`, `denied` or `failure`.'),
  address: z.string().describe('Empty for what Berth or a command on its machine did.'),
  requestId: z.string(),
  before: z.json().describe('What was there before; `null` where that says nothing.'),
  after: z.json().describe('What is there now.'),
})

const place = z.strictObject({ position: z.int(), hash })

const list = {
  method: 'GET',
  topic: 'Audit',
  description:
    'The newest first. A page may hold fewer entries than `limit`, even none, while `next` is not `null`: one page looks through a bounded part of the log, and the next one goes on from there.',
  body: undefined,
  status: 200,
  answer: pageOf(auditEntry),
  versioned: false,
} as const

const exported = {
  method: 'GET',
  topic: 'Audit',
  description:
    'The oldest first, as one answer that is made while it is read. Each line holds the hash of the entry before, so that `berth audit verify --file` can check it. In CSV a cell that a spreadsheet would take for a formula begins with an apostrophe.',
  body: undefined,
  status: 200,
  answer: undefined,
  versioned: false,
  streams: ['application/jsonl', 'text/csv'],
} as const

const format = {
  format: z
    .enum(['jsonl', 'csv'])
    .default('jsonl')
    .describe('One JSON object for each line, or comma-separated values (RFC 4180).'),
}

export const listAuditEntries = defineRoute({
  ...list,
  id: 'listAuditEntries',
  path: '/audit',
  summary: 'List the audit log',
  params: z.strictObject({}),
  query: z.strictObject({ ...pageQuery, ...instanceFilters }),
  problems: [],
})

export const exportAuditEntries = defineRoute({
  ...exported,
  id: 'exportAuditEntries',
  path: '/audit/export',
  summary: 'Export the audit log',
  params: z.strictObject({}),
  query: z.strictObject({ ...format, ...instanceFilters }),
  problems: [],
})

export const readAuditStatus = defineRoute({
  id: 'readAuditStatus',
  method: 'GET',
  path: '/audit/status',
  topic: 'Audit',
  summary: 'Read how far the audit log is sealed, removed by age and forwarded',
  description:
    'Keep `head` somewhere else: `berth audit verify --expect` tells later whether anything up to there was changed.',
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: z.strictObject({
    head: place.describe('The entry that was sealed last.'),
    removed: place.describe('The entry that was removed last because of its age.'),
    unsealed: z.int().describe('Entries that wait to be sealed; counted up to 100,000.'),
    forwarded: z.array(
      z.strictObject({
        name: z.string(),
        position: z.int().describe('The entry that the target took last.'),
        waiting: z.int().describe('Sealed entries that it has not taken yet.'),
        failure: z.string().nullable().describe('Why the last try failed; `null` while it works.'),
      }),
    ),
  }),
  problems: [],
  versioned: false,
})

export const listProjectAuditEntries = defineRoute({
  ...list,
  id: 'listProjectAuditEntries',
  path: '/projects/{project}/audit',
  summary: 'List the audit log of a project and of those below it that the caller may audit',
  params: projectParams,
  query: z.strictObject({ ...pageQuery, ...filters }),
  problems: ['notFound'],
})

export const exportProjectAuditEntries = defineRoute({
  ...exported,
  id: 'exportProjectAuditEntries',
  path: '/projects/{project}/audit/export',
  summary: 'Export the audit log of a project and of those below it that the caller may audit',
  params: projectParams,
  query: z.strictObject({ ...format, ...filters }),
  problems: ['notFound'],
})
