import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../config/load.ts'
import { Metrics } from '../metrics.ts'
import { openMetricsListener } from './metrics-listener.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const { metrics: settings } = loadConfig({ environment: {}, overrides: { metrics: { port: 0 } } })

async function open(): Promise<string> {
  const listener = await openMetricsListener(settings, new Metrics())
  if (!listener) throw new Error('The listener is off')
  closers.push(listener.close)
  return listener.url
}

describe('listener', () => {
  it('serves /metrics in the text format', async () => {
    const url = await open()
    const answer = await fetch(`${url}?x=1`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4')
    expect(await answer.text()).toContain('# TYPE berth_http_requests_total counter')
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  it('serves nothing else', async () => {
    const url = await open()
    expect((await fetch(new URL('/', url))).status).toBe(404)
    expect((await fetch(new URL('/v2/', url))).status).toBe(404)
    const post = await fetch(url, { method: 'POST', body: 'x' })
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it('is not opened when metrics are off', async () => {
    expect(
      await openMetricsListener({ ...settings, enabled: false }, new Metrics()),
    ).toBeUndefined()
  })

  it('says which setting to change when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    closers.push(() => new Promise((resolve) => other.close(() => resolve())))
    const address = other.address()
    const port = typeof address === 'object' && address ? address.port : 0
    await expect(openMetricsListener({ ...settings, port }, new Metrics())).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('metrics.port'),
    })
  })

  it('closes while a connection is open, and may be closed twice', async () => {
    const listener = await openMetricsListener(settings, new Metrics())
    const url = listener?.url ?? ''
    await (await fetch(url)).text()
    await listener?.close()
    await listener?.close()
    await expect(fetch(url)).rejects.toThrow()
  })
})
