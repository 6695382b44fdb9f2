import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HeldJob } from '../../jobs/queue.ts'
import { openTestBrowsing, type TestBrowsing } from '../../testing/open-test-browsing.ts'
import { type TestDatabase, testDatabases } from '../../testing/open-test-databases.ts'
import { anonymousCaller, testCaller } from '../../testing/open-test-management.ts'

type JobBody = { id: string; state: string; name: string }

for (const { name: engine, available, open } of testDatabases) {
  describe.skipIf(!available)(`jobs in the management API on ${engine}`, () => {
    let opened: TestDatabase
    let browsing: TestBrowsing

    beforeEach(async () => {
      opened = await open()
      browsing = await openTestBrowsing(opened.database)
    })

    afterEach(async () => {
      expect(browsing.api.failures).toEqual([])
      await browsing.close()
      await opened.close()
    })

    const send = (method: string, path: string, body?: unknown) =>
      browsing.api.send(method, path, body === undefined ? {} : { body })

    async function claim(): Promise<HeldJob> {
      const [job] = await browsing.queue.claim({
        names: ['collect', 'verify'],
        limit: 1,
        leaseMs: 1000,
      })
      if (!job) throw new Error('nothing to do')
      return job
    }

    test('a collection is asked for once, done, and seen', async () => {
      const first = await send('POST', '/collection/runs', { dryRun: true })
      expect(first.status).toBe(202)
      const job = first.body as JobBody
      expect(first.headers.get('location')).toContain(`/jobs/${job.id}`)
      expect(job).toMatchObject({
        name: 'collect',
        state: 'waiting',
        payload: { dryRun: true, sweep: false },
      })
      const again = await send('POST', '/collection/runs', { dryRun: true })
      expect(again.body).toMatchObject({ id: job.id })
      // A dry run must not pass for a real one.
      expect((await send('POST', '/collection/runs', {})).status).toBe(409)
      await browsing.queue.complete(await claim(), { done: 1 })
      expect((await send('GET', '/collection')).body).toMatchObject({
        waiting: { reviews: 0, trash: 0 },
        lastRun: { id: job.id, state: 'succeeded', result: { done: 1 } },
      })
    })

    test('what a job says is read in pages, the newest 500 lines of it', async () => {
      await send('POST', '/verification/runs', {})
      const held = await claim()
      const line = (text: string) => ({
        at: new Date().toISOString(),
        level: 'info' as const,
        text,
      })
      const beat = { leaseMs: 60_000, progress: { bytes: 5, totalBytes: 20 } }
      const lines = Array.from({ length: 498 }, (_, index) => line(`line ${index + 1}`))
      expect(await browsing.queue.heartbeat(held, { ...beat, lines })).toBe('held')
      const path = `/jobs/${held.id}/log`
      expect((await send('GET', `${path}?limit=2`)).body).toMatchObject({
        items: [
          { number: 1, text: 'line 1', level: 'info' },
          { number: 2, text: 'line 2' },
        ],
        next: '2',
        dropped: 0,
        isOver: false,
      })
      expect((await send('GET', `/jobs/${held.id}`)).body).toMatchObject({
        completion: { done: 5, total: 20, unit: 'bytes' },
      })
      await browsing.queue.complete(held, {}, ['a', 'b', 'c', 'd', 'e'].map(line))
      expect((await send('GET', `${path}?after=501`)).body).toMatchObject({
        items: [
          { number: 502, text: 'd' },
          { number: 503, text: 'e' },
        ],
        next: null,
        dropped: 3,
        isOver: true,
      })
      const whole = (await send('GET', path)).body as { items: { number: number }[] }
      expect(whole.items).toHaveLength(500)
      expect(whole.items[0]?.number).toBe(4)
      const missing = '/jobs/00000000-0000-4000-8000-000000000000/log'
      expect((await send('GET', missing)).status).toBe(404)
    })

    test('jobs are found by who asked for them', async () => {
      const asked = (await send('POST', '/collection/runs', {})).body as JobBody
      await browsing.queue.add({ name: 'verify', payload: {} })
      const mine = (await send('GET', '/jobs?requestedBy=tester')).body as { items: JobBody[] }
      expect(mine.items.map(({ id }) => id)).toEqual([asked.id])
      const system = (await send('GET', '/jobs?requestedBy=system')).body as { items: JobBody[] }
      expect(system.items.map(({ name }) => name)).toContain('verify')
      expect(system.items.map(({ id }) => id)).not.toContain(asked.id)
    })

    test('the list is newest first, filtered, in pages', async () => {
      const ids: string[] = []
      for (let number = 0; number < 5; number += 1) {
        const { body } = await send('POST', '/verification/runs', {})
        ids.unshift((body as JobBody).id)
        await browsing.queue.complete(await claim(), {})
      }
      await send('POST', '/collection/runs', {})
      const seen: string[] = []
      for (let after = ''; ; ) {
        const { body } = await send('GET', `/jobs?name=verify&limit=2${after}`)
        const page = body as { items: JobBody[]; next: string | null }
        seen.push(...page.items.map((job) => job.id))
        if (page.next === null) break
        after = `&after=${encodeURIComponent(page.next)}`
      }
      expect(seen.toSorted()).toEqual(ids.toSorted())
      const waiting = (await send('GET', '/jobs?state=waiting')).body as { items: JobBody[] }
      expect(waiting.items.map((job) => job.name)).toEqual(['collect'])
      expect((await send('GET', '/jobs?after=x')).status).toBe(400)
    })

    test('a job that waits is stopped at once, and can start anew', async () => {
      const { id } = (await send('POST', '/verification/runs', {})).body as JobBody
      expect((await send('POST', `/jobs/${id}/cancel`)).body).toMatchObject({ state: 'cancelled' })
      expect((await send('POST', `/jobs/${id}/cancel`)).status).toBe(409)
      expect((await send('POST', `/jobs/${id}/retry`)).body).toMatchObject({
        state: 'waiting',
        attempts: 0,
      })
      expect((await send('POST', `/jobs/${id}/retry`)).status).toBe(409)
      await claim()
      expect((await send('POST', `/jobs/${id}/cancel`)).body).toMatchObject({
        state: 'running',
        cancelRequested: true,
      })
    })

    test('a job starts anew only when none of its kind has taken its place', async () => {
      const { id } = (await send('POST', '/verification/runs', {})).body as JobBody
      await send('POST', `/jobs/${id}/cancel`)
      await send('POST', '/verification/runs', {})
      expect((await send('POST', `/jobs/${id}/retry`)).status).toBe(409)
    })

    test('what is asked of jobs is in the audit log', async () => {
      const { id } = (await send('POST', '/verification/runs', {})).body as JobBody
      await send('POST', `/jobs/${id}/cancel`)
      await send('POST', `/jobs/${id}/retry`)
      const entries = await opened.database.read
        .selectFrom('audit_entries')
        .select(['action', 'target', 'actor_name'])
        .orderBy('id')
        .execute()
      expect(entries).toEqual(
        ['job.requested', 'job.cancelled', 'job.retried'].map((action) => ({
          action,
          target: id,
          actor_name: 'tester',
        })),
      )
    })

    test('an unknown job is not found, and something else is no id', async () => {
      const id = '00000000-0000-4000-8000-000000000000'
      expect((await send('GET', `/jobs/${id}`)).status).toBe(404)
      expect((await send('POST', `/jobs/${id}/cancel`)).status).toBe(404)
      expect((await send('GET', '/jobs/x')).status).toBe(400)
    })

    test('an auditor looks and changes nothing, others do not even look', async () => {
      const { id } = (await send('POST', '/verification/runs', {})).body as JobBody
      browsing.api.setCaller(testCaller({ mayInstance: (action) => action === 'readSystem' }))
      for (const path of ['/jobs', `/jobs/${id}`, '/collection', '/system']) {
        expect((await send('GET', path)).status).toBe(200)
      }
      const changes = [
        ['/collection/runs', {}],
        ['/verification/runs', {}],
        [`/jobs/${id}/cancel`, undefined],
        [`/jobs/${id}/retry`, undefined],
      ] as const
      for (const [path, body] of changes) expect((await send('POST', path, body)).status).toBe(403)
      browsing.api.setCaller(anonymousCaller())
      for (const path of ['/jobs', `/jobs/${id}`, '/collection', '/system']) {
        expect((await send('GET', path)).status).toBe(401)
      }
    })

    test('permission that is taken away in between stops the change', async () => {
      let asked = 0
      browsing.api.setCaller(testCaller({ mayInstance: () => (asked += 1) === 1 }))
      expect((await send('POST', '/verification/runs', {})).status).toBe(403)
      browsing.api.setCaller(testCaller())
      expect((await send('GET', '/jobs')).body).toMatchObject({ items: [] })
    })

    test('the system tells how it is doing, with no address and no path', async () => {
      await browsing.store.pushImage('team/app', 'v1', ['layer'])
      const { body } = await send('GET', '/system')
      expect(body).toMatchObject({
        database: { kind: opened.database.kind },
        storage: { kind: 'memory' },
        counts: {
          projects: { count: 0, isMore: false },
          repositories: { count: 1, isMore: false },
          manifests: { count: 1, isMore: false },
          tags: { count: 1, isMore: false },
        },
      })
      expect(JSON.stringify(body)).not.toMatch(/\/[a-z]+\/|postgres:\/\//)
    })

    test('search answers from the index, and refuses what is too long or nothing', async () => {
      await browsing.store.pushImage('team/app', 'v1.2', ['layer'])
      expect((await send('GET', '/search?q=v1&kind=tag&kind=repository')).body).toMatchObject({
        items: [{ kind: 'tag', match: 'prefix', text: 'v1.2', repository: 'team/app' }],
      })
      for (const query of ['', '?q=', `?q=${'x'.repeat(101)}`, '?q=a&kind=blob', '?q=a&limit=51']) {
        expect((await send('GET', `/search${query}`)).status).toBe(400)
      }
      browsing.api.setCaller(anonymousCaller())
      expect((await send('GET', '/search?q=v1')).body).toEqual({ items: [] })
    })
  })
}
