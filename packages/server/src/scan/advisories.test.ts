import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { basic, readJson, RegistryClient } from '../testing/http-client.ts'
import { openTestServer, type TestServer } from '../testing/open-test-server.ts'
import { writeAdvisories } from '../testing/scan-fixtures.ts'

type State = { revision: number; builtAt: string | null; fault: string | null }

const slow = 120_000
const archiveType = 'application/vnd.berth.advisories.v1+tar.zstd'
const route = '/api/v1/advisories/archive'

describe('advisories of a server', { timeout: slow }, () => {
  let server: TestServer
  let client: RegistryClient
  let file: string

  beforeEach(async () => {
    server = await openTestServer()
    client = new RegistryClient(server.url, server.admin)
    file = join(server.dataDirectory, 'advisories', 'advisories.db')
  }, slow)

  afterEach(() => server.close(), slow)

  const state = async () => readJson<State>(await client.send('GET', '/api/v1/advisories'))
  const put = (body: Uint8Array | string, headers: Record<string, string> = {}) =>
    client.send('PUT', route, { headers: { 'content-type': archiveType, ...headers }, body })

  async function until(check: (now: State) => boolean): Promise<State> {
    for (;;) {
      const now = await state()
      if (check(now)) return now
      await wait(200)
    }
  }

  test('an archive of one is put into force by another; what is no archive changes nothing', async () => {
    expect(await state()).toMatchObject({ revision: 0, builtAt: null, fault: null })
    expect((await client.send('GET', route)).status).toBe(404)
    await writeAdvisories(file, [{ cve: 'CVE-2026-1', package: 'openssl', fixed: '3-1' }])
    await until(({ revision }) => revision > 0)
    const archive = await client.send('GET', route)
    expect([archive.status, archive.headers['content-type']]).toEqual([200, archiveType])

    const other = await openTestServer()
    try {
      const there = new RegistryClient(other.url, other.admin)
      const imported = await there.send('PUT', route, {
        headers: { 'content-type': archiveType },
        body: archive.body,
      })
      expect([imported.status, readJson<State>(imported).builtAt]).toEqual([
        200,
        '2026-11-01T00:00:00.000Z',
      ])
      const left = await readdir(join(other.dataDirectory, 'advisories'))
      expect(left.toSorted()).toEqual(['advisories.db', 'advisories.db.lock'])
    } finally {
      await other.close()
    }

    const before = await state()
    for (const bad of ['no archive', archive.body.subarray(0, archive.body.length / 2)]) {
      const refused = await put(bad)
      expect(refused.status).toBe(400)
      expect(refused.body.toString()).not.toContain(server.dataDirectory)
    }
    expect((await put('x', { 'content-type': 'text/plain' })).status).toBe(400)
    expect(await state()).toEqual(before)
    expect(
      (await readdir(join(server.dataDirectory, 'advisories'))).filter((name) =>
        name.startsWith('.'),
      ),
    ).toEqual([])
  })

  test('a broken file leaves the former one in force and says why; only an administrator imports', async () => {
    await writeAdvisories(file, [{ cve: 'CVE-2026-1', package: 'openssl', fixed: '3-1' }])
    const { revision } = await until((now) => now.revision > 0)
    await writeFile(file, 'no database')
    const broken = await until((now) => now.fault !== null)
    expect(broken.fault).not.toContain(server.dataDirectory)
    expect(broken).toMatchObject({ revision, builtAt: '2026-11-01T00:00:00.000Z' })

    await server.createUser('bob', 'the quiet lamp of Tuesday', 'maintainer')
    const answer = await client.send('PUT', route, {
      headers: {
        authorization: basic('bob', 'the quiet lamp of Tuesday'),
        'content-type': archiveType,
      },
      body: 'x',
    })
    expect(answer.status).toBe(403)
  })
})
