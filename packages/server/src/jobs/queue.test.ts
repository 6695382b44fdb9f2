import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Database } from '../metadata/database.ts'
import { findJob } from '../metadata/jobs.ts'
import { testDatabases } from '../testing/open-test-databases.ts'
import { type JobName, jobNames, jobRules } from './job.ts'
import { type HeldJob, JobQueue } from './queue.ts'

const leaseMs = 60_000
const label = (number: number) => ({
  name: 'index-labels' as const,
  payload: { repository: `team/${number}`, digest: 'sha256:0' },
})

for (const { name, available, open } of testDatabases) {
  describe.skipIf(!available)(`the job queue on ${name}`, () => {
    async function withQueue(
      work: (parts: {
        queue: JobQueue
        database: Database
        pass(milliseconds: number): void
        claim(names?: readonly JobName[], limit?: number): Promise<HeldJob[]>
      }) => Promise<void>,
    ): Promise<void> {
      const { database, close } = await open()
      let now = Date.parse('2026-01-01T00:00:00Z')
      const queue = new JobQueue({ database, now: () => now })
      try {
        await work({
          queue,
          database,
          pass: (milliseconds) => {
            now += milliseconds
          },
          claim: (names = jobNames, limit = 100) => queue.claim({ names, limit, leaseMs }),
        })
      } finally {
        await close()
      }
    }

    test('a job that is rolled back with its cause never runs', () =>
      withQueue(async ({ queue, database, claim }) => {
        await database
          .transaction(async (tx) => {
            await queue.enqueue(tx, label(1))
            throw new Error('undone')
          })
          .catch(() => undefined)
        expect(await claim()).toEqual([])
      }))

    test('of a single kind only one is unfinished, and after it another may come', () =>
      withQueue(async ({ queue, claim }) => {
        const collect = { name: 'collect' as const, payload: { dryRun: false, sweep: false } }
        expect(await queue.add(collect)).toBeTypeOf('string')
        expect(await queue.add(collect)).toBeUndefined()
        const [held] = await claim()
        expect(await queue.add(collect)).toBeUndefined()
        expect(await queue.complete(held as HeldJob, {})).toBe(true)
        expect(await queue.add(collect)).toBeTypeOf('string')
      }))

    test('an urgent job passes a batch that came before it, and a job whose time has not come waits', () =>
      withQueue(async ({ queue, pass, claim }) => {
        for (let number = 0; number < 20; number += 1) await queue.add(label(number))
        await queue.add(
          { name: 'verify', payload: {} },
          { runAt: Date.parse('2026-01-01T01:00:00Z') },
        )
        await queue.add({ name: 'collect', payload: { dryRun: true, sweep: false } })
        expect((await claim(jobNames, 1)).map((job) => job.name)).toEqual(['collect'])
        expect((await claim(jobNames, 1)).map((job) => job.name)).toEqual(['index-labels'])
        pass(3_600_000)
        expect((await claim(['verify'], 5)).map((job) => job.name)).toEqual(['verify'])
      }))

    test('a job of a lost lease is taken over, and its first worker can no longer change it', () =>
      withQueue(async ({ queue, database, pass, claim }) => {
        const id = (await queue.add({ name: 'verify', payload: {} })) as string
        const [first] = (await claim()) as [HeldJob]
        await queue.heartbeat(first, { leaseMs, progress: { before: 'x' } })
        pass(leaseMs)
        const [second] = (await claim()) as [HeldJob]
        expect(second).toMatchObject({ id, attempts: 2, progress: { before: 'x' } })
        expect(await queue.heartbeat(first, { leaseMs, progress: undefined })).toBe('lost')
        expect(await queue.complete(first, { by: 'first' })).toBe(false)
        expect(await queue.fail(first, 'no')).toBe(false)
        expect(await queue.complete(second, { by: 'second' })).toBe(true)
        expect(await findJob(database.read, id)).toMatchObject({
          state: 'succeeded',
          result: '{"by":"second"}',
          lease_owner: null,
          dedupe_key: null,
        })
      }))

    test('a lease that is renewed is not taken over', () =>
      withQueue(async ({ queue, pass, claim }) => {
        await queue.add({ name: 'verify', payload: {} })
        const [held] = (await claim()) as [HeldJob]
        pass(leaseMs - 1)
        expect(await queue.heartbeat(held, { leaseMs, progress: undefined })).toBe('held')
        pass(leaseMs - 1)
        expect(await claim()).toEqual([])
      }))

    test('failures are tried again after ever longer rests, then no more', () =>
      withQueue(async ({ queue, database, pass, claim }) => {
        const id = (await queue.add({ name: 'verify', payload: {} })) as string
        for (const restMs of [10_000, 20_000]) {
          await queue.fail(((await claim()) as [HeldJob])[0], 'broken')
          pass(restMs - 1)
          expect(await claim()).toEqual([])
          pass(1)
        }
        await queue.fail(((await claim()) as [HeldJob])[0], 'broken for good')
        pass(86_400_000)
        expect(await claim()).toEqual([])
        expect(await findJob(database.read, id)).toMatchObject({
          state: 'failed',
          error: 'broken for good',
        })
      }))

    test('a worker that dies at every attempt makes the job fail', () =>
      withQueue(async ({ queue, database, pass, claim }) => {
        const id = (await queue.add({ name: 'verify', payload: {} })) as string
        for (let attempt = 0; attempt < jobRules.verify.maxAttempts; attempt += 1) {
          expect(await claim()).toHaveLength(1)
          pass(leaseMs)
        }
        expect(await claim()).toEqual([])
        expect(await findJob(database.read, id)).toMatchObject({
          state: 'failed',
          dedupe_key: null,
        })
      }))

    test('a job that a newer version wrote stays for that version', () =>
      withQueue(async ({ queue, database, claim }) => {
        await queue.add({ name: 'verify', payload: {} })
        await database.transaction((tx) =>
          tx.updateTable('jobs').set({ name: 'of-the-future', dedupe_key: null }).execute(),
        )
        expect(await claim()).toEqual([])
      }))

    test('finished jobs are removed when they are old, others never', () =>
      withQueue(async ({ queue, database, pass, claim }) => {
        const done = (await queue.add({ name: 'verify', payload: {} })) as string
        await queue.complete(((await claim()) as [HeldJob])[0], {})
        pass(1000)
        const waiting = (await queue.add({ name: 'verify', payload: {} })) as string
        expect(await queue.trim(1000)).toBe(0)
        pass(1)
        expect(await queue.trim(1000)).toBe(1)
        expect(await findJob(database.read, done)).toBeUndefined()
        expect(await findJob(database.read, waiting)).toBeDefined()
      }))

    test('two workers at once share the jobs: none twice, none lost when workers die', () =>
      withQueue(async ({ queue, pass, claim }) => {
        const total = 120
        for (let number = 0; number < total; number += 1) await queue.add(label(number))
        const done = new Map<string, number>()
        let turn = 0
        const work = async () => {
          for (;;) {
            const jobs = await claim(jobNames, 4)
            if (jobs.length === 0) return
            for (const job of jobs) {
              turn += 1
              // Every seventh is dropped on the floor, as by a worker that is killed.
              if (turn % 7 === 0 && job.attempts < 2) continue
              expect(await queue.complete(job, {})).toBe(true)
              done.set(job.id, (done.get(job.id) ?? 0) + 1)
            }
          }
        }
        await Promise.all([work(), work()])
        expect(done.size).toBeLessThan(total)
        pass(leaseMs)
        await Promise.all([work(), work()])
        expect(done.size).toBe(total)
        expect([...done.values()].every((count) => count === 1)).toBe(true)
      }))

    test('whatever happens in whatever order, a job has one holder and ends once', () =>
      withQueue(async ({ queue, database, pass, claim }) => {
        const step = fc.oneof(
          fc.constant({ kind: 'add' as const }),
          fc.constant({ kind: 'claim' as const }),
          fc.record({
            kind: fc.constant('pass' as const),
            ms: fc.integer({ min: 1, max: 90_000 }),
          }),
          fc.record({
            kind: fc.constantFrom(
              'complete' as const,
              'fail' as const,
              'beat' as const,
              'giveBack' as const,
            ),
            which: fc.nat(20),
          }),
        )
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
            await database.transaction((tx) => tx.deleteFrom('jobs').execute())
            const held: HeldJob[] = []
            const ended = new Set<string>()
            for (const step of steps) {
              if (step.kind === 'add') await queue.add({ name: 'verify', payload: {} })
              else if (step.kind === 'pass') pass(step.ms)
              else if (step.kind === 'claim') {
                for (const job of await claim()) {
                  expect(ended.has(job.id)).toBe(false)
                  held.push(job)
                }
              } else {
                const job = held[step.which % Math.max(1, held.length)]
                if (!job) continue
                const before = await findJob(database.read, job.id)
                const isHolder = before?.state === 'running' && before.lease_owner === job.owner
                if (step.kind === 'beat') {
                  const answer = await queue.heartbeat(job, { leaseMs, progress: undefined })
                  expect(answer).toBe(isHolder ? 'held' : 'lost')
                } else if (step.kind === 'giveBack') await queue.giveBack(job)
                else {
                  const applied = await (step.kind === 'complete'
                    ? queue.complete(job, {})
                    : queue.fail(job, 'broken'))
                  expect(applied).toBe(isHolder)
                  const after = await findJob(database.read, job.id)
                  if (after?.finished_at) ended.add(job.id)
                }
              }
              const rows = await database.read.selectFrom('jobs').selectAll().execute()
              for (const row of rows) {
                expect(row.lease_owner !== null).toBe(row.state === 'running')
                expect(row.dedupe_key !== null).toBe(['waiting', 'running'].includes(row.state))
                expect(row.attempts).toBeLessThanOrEqual(row.max_attempts)
              }
              expect(rows.filter((row) => row.dedupe_key !== null).length).toBeLessThanOrEqual(1)
            }
          }),
          { numRuns: 40 },
        )
      }))
  })
}
