import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { basic } from '../../testing/http-client.ts'
import { openTestServer, type TestServer } from '../../testing/open-test-server.ts'

type Health = {
  state: string
  checks: { name: string; state: string; message: string; advice: string | null }[]
}

describe('the system in the management API', () => {
  let berth: TestServer

  beforeEach(async () => {
    berth = await openTestServer()
  })

  afterEach(() => berth.close())

  async function read<T>(path: string): Promise<T> {
    const answer = await fetch(`${berth.url}/api/v1${path}`, {
      headers: { authorization: basic(berth.admin.name, berth.admin.password) },
    })
    expect(answer.status).toBe(200)
    return (await answer.json()) as T
  }

  test('health looks at every part, and says what to do about a failed job and damage', async () => {
    const now = new Date().toISOString()
    await berth.app.database.transaction(async (tx) => {
      await tx
        .insertInto('jobs')
        .values({
          id: randomUUID(),
          name: 'verify',
          payload: '{}',
          state: 'failed',
          priority: 30,
          attempts: 3,
          max_attempts: 3,
          cancel_requested: 0,
          requested_by: 'system',
          run_at: now,
          created_at: now,
          finished_at: now,
        })
        .execute()
      await tx
        .insertInto('blobs')
        .values({
          digest: 'sha256:00',
          size: 1,
          storage_key: 'blobs/00/00',
          created_at: now,
          verified_at: now,
          damage: 'is missing',
        })
        .execute()
    })
    const health = await read<Health>('/system/health')
    const at = (name: string) => health.checks.find((check) => check.name === name)
    expect(health.state).toBe('error')
    expect(health.checks.map(({ name }) => name).toSorted()).toEqual([
      'advisories',
      'audit',
      'certificate',
      'clock',
      'damage',
      'database',
      'jobs',
      'scanner',
      'storage',
    ])
    expect(at('damage')).toMatchObject({ state: 'error' })
    expect(at('jobs')).toMatchObject({ state: 'warning', message: '1 job failed in the last day.' })
    expect(at('jobs')?.advice).toBeTruthy()
    expect(at('advisories')?.state).toBe('warning')
    for (const name of ['database', 'clock', 'audit', 'certificate', 'scanner']) {
      expect(at(name), name).toMatchObject({ state: 'ok', advice: null })
    }
  })

  test('the settings in force have no secrets', async () => {
    const { items } = await read<{ items: { path: string; value: string | null }[] }>(
      '/system/configuration',
    )
    expect(items.find(({ path }) => path === 'http.port')?.value).toBe('0')
    expect(JSON.stringify(items)).not.toContain(berth.admin.password)
    expect(items.length).toBeGreaterThan(80)
  })
})
