import * as z from 'zod'

/** A job and what it needs to know. */
export type Job = {
  [Name in JobName]: { readonly name: Name; readonly payload: JobPayload<Name> }
}[JobName]

export type JobName = keyof typeof payloads

export type JobPayload<Name extends JobName> = z.output<(typeof payloads)[Name]>

/** What stands in the table is checked again when it is read: another version of Berth may have written it. */
const payloads = {
  collect: z.strictObject({ dryRun: z.boolean(), sweep: z.boolean() }),
  sweep: z.strictObject({ dryRun: z.boolean() }),
  verify: z.strictObject({}),
  'trim-jobs': z.strictObject({}),
  'index-labels': z.strictObject({ repository: z.string().max(255), digest: z.string().max(140) }),
  'rebuild-search': z.strictObject({}),
  'trim-search': z.strictObject({}),
  'verify-signatures': z.strictObject({
    repository: z.string().max(255),
    digest: z.string().max(140),
  }),
  'verify-project-signatures': z.strictObject({ project: z.string().max(200) }),
  'scan-image': z.strictObject({ digest: z.string().max(140) }),
  'external-scan': z.strictObject({
    scanner: z.string().max(63),
    repository: z.string().max(255),
    digest: z.string().max(140),
  }),
  'track-findings': z.strictObject({ repository: z.int().min(1) }),
  'match-packages': z.strictObject({}),
  'update-advisories': z.strictObject({}),
  'find-unscanned': z.strictObject({}),
  'note-findings': z.strictObject({}),
  'trim-scans': z.strictObject({}),
  'date-findings': z.strictObject({ project: z.string().max(200) }),
  'measure-projects': z.strictObject({}),
}

export type JobRules = {
  /** Lower comes first: 10 for what somebody waits for, 50 for what only has to be done some time. */
  readonly priority: number
  readonly maxAttempts: number
  /** Long jobs have places of their own, so that short ones never wait for one to end; scans likewise, and those of others. */
  readonly lane: 'short' | 'long' | 'scan' | 'external'
  /** Only one of these is unfinished at a time. */
  readonly isSingle: boolean
  /** Only one with the same payload waits at a time; while one runs, another may be asked for. */
  readonly isForEach?: true
  /** Stays in the list when it has succeeded. What every push makes would bury the rest. */
  readonly isKept: boolean
}

const once = { maxAttempts: 3, isSingle: false, isForEach: true, isKept: false } as const

export const jobRules: Readonly<Record<JobName, JobRules>> = {
  collect: { priority: 10, maxAttempts: 3, lane: 'long', isSingle: true, isKept: true },
  sweep: { priority: 20, maxAttempts: 3, lane: 'long', isSingle: true, isKept: true },
  verify: { priority: 30, maxAttempts: 3, lane: 'long', isSingle: true, isKept: true },
  'rebuild-search': { priority: 40, maxAttempts: 5, lane: 'long', isSingle: true, isKept: true },
  'trim-jobs': { priority: 50, maxAttempts: 3, lane: 'short', isSingle: true, isKept: false },
  'trim-search': { priority: 50, maxAttempts: 3, lane: 'short', isSingle: true, isKept: false },
  'verify-signatures': { ...once, priority: 10, maxAttempts: 5, lane: 'short' },
  'verify-project-signatures': {
    ...once,
    priority: 30,
    maxAttempts: 5,
    lane: 'long',
    isKept: true,
  },
  'index-labels': { priority: 60, maxAttempts: 3, lane: 'short', isSingle: false, isKept: false },
  'scan-image': { ...once, priority: 10, lane: 'scan' },
  'external-scan': { ...once, priority: 20, lane: 'external' },
  'track-findings': {
    priority: 45,
    maxAttempts: 3,
    lane: 'short',
    isSingle: false,
    isKept: false,
  },
  'match-packages': { priority: 25, maxAttempts: 3, lane: 'long', isSingle: true, isKept: false },
  'update-advisories': { priority: 20, maxAttempts: 3, lane: 'long', isSingle: true, isKept: true },
  'find-unscanned': { priority: 50, maxAttempts: 3, lane: 'long', isSingle: true, isKept: false },
  'note-findings': { priority: 50, maxAttempts: 3, lane: 'short', isSingle: true, isKept: false },
  'trim-scans': { priority: 50, maxAttempts: 3, lane: 'long', isSingle: true, isKept: false },
  'date-findings': { ...once, priority: 40, maxAttempts: 5, lane: 'long' },
  'measure-projects': { priority: 50, maxAttempts: 3, lane: 'long', isSingle: true, isKept: false },
}

export const jobNames = Object.keys(payloads) as readonly JobName[]

export function isJobName(text: string): text is JobName {
  return Object.hasOwn(payloads, text)
}

/** Reads what stands in the table. Throws a `ZodError` or a `SyntaxError` when this version does not understand it. */
export function parseJob(name: JobName, payload: string): Job {
  return { name, payload: payloads[name].parse(JSON.parse(payload)) } as Job
}

/**
 * What keeps a second one from being asked for: while the first is unfinished, or, with a colon in it, while it waits.
 */
export function dedupeKeyOf({ name, payload }: Job): string | null {
  const { isSingle, isForEach } = jobRules[name]
  if (isSingle) return name
  return isForEach === true ? `${name}:${JSON.stringify(payload)}` : null
}

const firstRetryMs = 10_000
const longestRetryMs = 3_600_000

/** How long a job rests after its `attempts`th failure. */
export function retryDelayMs(attempts: number): number {
  return Math.min(firstRetryMs * 2 ** Math.max(0, attempts - 1), longestRetryMs)
}
