import pino from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BerthError } from '../errors.ts'
import { type JobName, jobNames } from '../jobs/job.ts'
import { Jobs } from '../jobs/jobs.ts'
import { JobQueue } from '../jobs/queue.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import type { JobHandlers, JobRun } from './job-handlers.ts'
import { Worker } from './worker.ts'

const pace = { pollMs: 5, leaseMs: 60_000, heartbeatMs: 5 }
const asked = { actor: { kind: 'user', id: 'u', name: 'ada' }, address: '', requestId: '' } as const
const verify = { name: 'verify', payload: {} } as const

/** Resolves when the run is told to stop. */
function stopped(run: JobRun<JobName>): Promise<void> {
  return new Promise((resolve) => {
    if (run.signal.aborted) resolve()
    else run.signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

for (const { name: engine, available, open } of testDatabases) {
  describe.skipIf(!available)(`the worker on ${engine}`, () => {
    let opened: TestDatabase
    let queue: JobQueue
    let jobs: Jobs
    let workers: Worker[]

    beforeEach(async () => {
      opened = await open()
      queue = new JobQueue({ database: opened.database, now: Date.now })
      jobs = new Jobs({ database: opened.database, queue, now: Date.now })
      workers = []
    })

    afterEach(async () => {
      await Promise.all(workers.map((worker) => worker.stop()))
      await opened.close()
    })

    function startWorker(some: Partial<JobHandlers>): Worker {
      const nothing = async () => ({})
      const handlers: JobHandlers = {
        ...(Object.fromEntries(jobNames.map((name) => [name, nothing])) as unknown as JobHandlers),
        ...some,
      }
      const worker = new Worker({ queue, handlers, pace, logger: pino({ level: 'silent' }) })
      workers.push(worker)
      worker.start()
      return worker
    }

    /** Until the job is over. What it waits for always comes; a defect shows as a test that times out. */
    async function finished(id: string) {
      for (;;) {
        const job = await jobs.getJob(id)
        if (job.finishedAt !== null) return job
        await new Promise((resolve) => setImmediate(resolve))
      }
    }

    test('does what is asked and shows the result', async () => {
      startWorker({
        collect: async ({ payload }) => ({ sawDryRun: payload.dryRun }),
      })
      const { id } = await jobs.requestJob(asked, {
        name: 'collect',
        payload: { dryRun: true, sweep: false },
      })
      expect(await finished(id)).toMatchObject({
        state: 'succeeded',
        result: { sawDryRun: true },
        requestedBy: 'ada',
        attempts: 1,
      })
    })

    test('what a job says is kept with it, and why it failed', async () => {
      startWorker({
        verify: async ({ say }) => {
          say('It begins\nwith a line.')
          say('x'.repeat(600), 'warning')
          throw new BerthError('unavailable', 'The disk is away.')
        },
      })
      const { id } = await jobs.requestJob(asked, verify)
      let log = await jobs.readLog(id, { after: 0, limit: 10 })
      while (log.items.length === 0) {
        await new Promise((resolve) => setImmediate(resolve))
        log = await jobs.readLog(id, { after: 0, limit: 10 })
      }
      expect(log.items).toMatchObject([
        { number: 1, level: 'info', text: 'It begins with a line.' },
        { number: 2, level: 'warning', text: `${'x'.repeat(499)}…` },
        { number: 3, level: 'error', text: 'The disk is away.' },
      ])
      expect(log.isOver).toBe(false)
    })

    test('a running job stops when somebody wants it, and says how far it came', async () => {
      const running = Promise.withResolvers<void>()
      startWorker({
        verify: async (run) => {
          run.onProgress({ blobs: 1 })
          running.resolve()
          await stopped(run)
          return { blobs: 1 }
        },
      })
      const { id } = await jobs.requestJob(asked, verify)
      await running.promise
      expect(await jobs.cancelJob(asked, id)).toMatchObject({
        state: 'running',
        cancelRequested: true,
      })
      expect(await finished(id)).toMatchObject({
        state: 'cancelled',
        result: { blobs: 1 },
        progress: { blobs: 1 },
      })
    })

    test('a worker that stops gives its job back, and the next goes on from there', async () => {
      const running = Promise.withResolvers<void>()
      const first = startWorker({
        verify: async (run) => {
          run.onProgress({ reached: 7 })
          running.resolve()
          await stopped(run)
        },
      })
      const { id } = await jobs.requestJob(asked, verify)
      await running.promise
      await first.stop()
      expect(await jobs.getJob(id)).toMatchObject({ state: 'waiting', attempts: 0 })
      startWorker({ verify: async ({ formerProgress }) => ({ from: formerProgress }) })
      expect(await finished(id)).toMatchObject({
        state: 'succeeded',
        result: { from: { reached: 7 } },
      })
    })

    test('a failure that was meant for people is shown, any other is not', async () => {
      const failed = Promise.withResolvers<void>()
      const thrown = Promise.withResolvers<void>()
      const worker = startWorker({
        verify: async () => {
          thrown.resolve()
          throw new Error('secret path /srv/x')
        },
        sweep: async () => {
          failed.resolve()
          throw new BerthError('storageFull', 'The disk is full.')
        },
      })
      const first = await jobs.requestJob(asked, verify)
      const second = await jobs.requestJob(asked, { name: 'sweep', payload: { dryRun: false } })
      await Promise.all([failed.promise, thrown.promise])
      await worker.stop()
      expect(await jobs.getJob(second.id)).toMatchObject({
        state: 'waiting',
        error: 'The disk is full.',
      })
      const shown = await jobs.getJob(first.id)
      expect(shown.state).toBe('waiting')
      expect(shown.error).not.toContain('secret')
    })

    test('long jobs never take the places of short ones', async () => {
      const release = Promise.withResolvers<void>()
      const long = () => release.promise.then(() => ({}))
      const labelled = Promise.withResolvers<void>()
      startWorker({
        verify: long,
        sweep: long,
        collect: long,
        'rebuild-search': long,
        'index-labels': async () => {
          labelled.resolve()
          return {}
        },
      })
      await jobs.requestJob(asked, verify)
      await jobs.requestJob(asked, { name: 'sweep', payload: { dryRun: false } })
      await jobs.requestJob(asked, { name: 'rebuild-search', payload: {} })
      await queue.add({ name: 'index-labels', payload: { repository: 'a', digest: 'b' } })
      await labelled.promise
      release.resolve()
    })

    test('a payload of another version is a failure, not a crash', async () => {
      const id = (await queue.add(verify)) as string
      await opened.database.transaction((tx) =>
        tx.updateTable('jobs').set({ payload: '{"unknown":1}', max_attempts: 1 }).execute(),
      )
      startWorker({})
      expect(await finished(id)).toMatchObject({ state: 'failed' })
    })

    test('two workers do every job once', async () => {
      const done = new Map<string, number>()
      const all = Promise.withResolvers<void>()
      const total = 40
      for (let number = 0; number < total; number += 1) {
        await queue.add({
          name: 'index-labels',
          payload: { repository: `r${number}`, digest: 'd' },
        })
      }
      const handlers: Partial<JobHandlers> = {
        'index-labels': async ({ payload }) => {
          done.set(payload.repository, (done.get(payload.repository) ?? 0) + 1)
          if (done.size === total) all.resolve()
          return {}
        },
      }
      startWorker(handlers)
      startWorker(handlers)
      await all.promise
      await Promise.all(workers.map((worker) => worker.stop()))
      expect([...done.values()].every((count) => count === 1)).toBe(true)
      const left = await opened.database.read
        .selectFrom('jobs')
        .select('id')
        .where('name', '=', 'index-labels')
        .execute()
      expect(left).toEqual([])
    })
  })
}
