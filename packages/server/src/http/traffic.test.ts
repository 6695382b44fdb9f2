import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { basic } from '../testing/http-client.ts'
import { openTestServer, type TestServer } from '../testing/open-test-server.ts'
import { latencyQuantile, latencyStep, latencySteps } from './latency-histogram.ts'
import type { TrafficView } from './traffic.ts'

describe('what a process tells of its traffic', () => {
  let berth: TestServer
  let authorization: string

  beforeEach(async () => {
    berth = await openTestServer()
    authorization = basic(berth.admin.name, berth.admin.password)
  })

  afterEach(() => berth.close())

  async function read(query = ''): Promise<TrafficView> {
    const answer = await fetch(`${berth.url}/api/v1/system/traffic${query}`, {
      headers: { authorization },
    })
    expect(answer.status).toBe(200)
    return (await answer.json()) as TrafficView
  }

  test('requests are counted by what they are for', async () => {
    const send = (method: string, path: string, body?: string) =>
      fetch(`${berth.url}${path}`, {
        method,
        headers: { authorization },
        ...(body !== undefined && { body }),
      }).then(async (answer) => {
        await answer.arrayBuffer()
        return answer
      })
    const digest = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
    const pushed = await send('POST', `/v2/acme/app/blobs/uploads/?digest=${digest}`, 'hello')
    expect(pushed.status).toBe(201)
    expect((await send('GET', `/v2/acme/app/blobs/${digest}`)).status).toBe(200)
    expect((await send('GET', '/v2/acme/app/manifests/none')).status).toBe(404)
    expect((await send('GET', '/api/v1/projects')).status).toBe(200)
    const { buckets, lastMinute, node } = await read()
    const of = (group: string) => lastMinute.find((item) => item.group === group)
    expect(of('push')).toMatchObject({ requests: 1, bytesIn: 5, clientErrors: 0 })
    expect(of('pullBlobs')).toMatchObject({ requests: 1, bytesOut: 5, bytesIn: 0 })
    expect(of('pullManifests')).toMatchObject({ requests: 1, clientErrors: 1, serverErrors: 0 })
    expect(of('api')?.requests).toBe(1)
    expect(of('pullBlobs')?.p50).toBeGreaterThan(0)
    expect(node).toMatch(new RegExp(`/${process.pid}$`))
    const total = buckets.flatMap(({ groups }) => groups).reduce((sum, g) => sum + g.requests, 0)
    expect(total).toBe(4)
    // Only what is new since then.
    const last = buckets.at(-1)?.startedAt ?? ''
    const more = await read(`?since=${encodeURIComponent(last)}`)
    expect(more.buckets[0]?.startedAt).toBe(last)
    expect(more.inFlight).toBe(1)
    expect(more.memory.residentBytes).toBeGreaterThan(1e6)
  })
})

test('a latency is found again to about 10 %', () => {
  for (const milliseconds of [0.06, 0.3, 1, 7, 42, 900, 30_000]) {
    const counts = new Uint32Array(latencySteps)
    counts[latencyStep(milliseconds)] = 10
    const found = latencyQuantile(counts, 10, 0.5)
    expect(Math.abs(found - milliseconds) / milliseconds).toBeLessThan(0.11)
  }
  expect(latencyQuantile(new Uint32Array(latencySteps), 0, 0.99)).toBe(0)
  expect(latencyStep(1e12)).toBe(latencySteps - 1)
})
