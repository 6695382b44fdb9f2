import { describe, expect, it } from 'vitest'
import { Metrics } from './metrics.ts'

/** Samples by name and labels, without the comments. */
async function samples(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.render()).split('\n').filter((line) => line && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ')
      return [line.slice(0, space), Number(line.slice(space + 1))]
    }),
  )
}

describe('instruments', () => {
  const request = { endpoint: 'end-3', method: 'GET', status: 200, seconds: 0, bytesSent: 0 }

  it('count requests by method, route and code, and time them', async () => {
    const metrics = new Metrics()
    metrics.http.observeRequest({ ...request, seconds: 0.002 })
    metrics.http.observeRequest({ ...request, status: 404, seconds: 20 })
    const found = await samples(metrics)
    const duration = 'berth_http_request_duration_seconds'
    expect(found.get('berth_http_requests_total{method="GET",route="end-3",code="200"}')).toBe(1)
    expect(found.get('berth_http_requests_total{method="GET",route="end-3",code="404"}')).toBe(1)
    expect(found.get(`${duration}_bucket{le="0.0025",method="GET",route="end-3"}`)).toBe(1)
    expect(found.get(`${duration}_bucket{le="30",method="GET",route="end-3"}`)).toBe(2)
    expect(found.get(`${duration}_sum{method="GET",route="end-3"}`)).toBe(20.002)
  })

  it('give methods of strangers one name', async () => {
    const metrics = new Metrics()
    for (const method of ['PROPFIND', 'X"}', 'GET'])
      metrics.http.observeRequest({ ...request, method, status: 405 })
    const names = [...(await samples(metrics)).keys()]
    expect(names.filter((name) => name.startsWith('berth_http_requests_total'))).toEqual([
      'berth_http_requests_total{method="other",route="end-3",code="405"}',
      'berth_http_requests_total{method="GET",route="end-3",code="405"}',
    ])
  })

  it('count the bytes of blobs, and of nothing else', async () => {
    const metrics = new Metrics()
    metrics.http.observeRequest({ ...request, endpoint: 'end-2', bytesSent: 5 })
    metrics.http.observeRequest({ ...request, endpoint: 'end-2', status: 206, bytesSent: 6 })
    metrics.http.observeRequest({ ...request, endpoint: 'end-2', status: 404, bytesSent: 100 })
    metrics.http.observeRequest({ ...request, bytesSent: 100 })
    metrics.http.observeRequest({ ...request, endpoint: 'end-6', bytesReceived: 7 })
    const found = await samples(metrics)
    expect(found.get('berth_blob_bytes_sent_total')).toBe(11)
    expect(found.get('berth_blob_bytes_received_total')).toBe(7)
  })

  it('keep counting over scrapes', async () => {
    const metrics = new Metrics()
    for (let i = 0; i < 2; i += 1) {
      metrics.http.observeRequest(request)
      metrics.noteCollection({ reviewed: 1, blobsRemoved: 2, bytesFreed: 3 })
      metrics.noteVerification({ bytes: 4, damaged: 5 })
      await metrics.render()
    }
    const found = await samples(metrics)
    expect(found.get('berth_http_requests_total{method="GET",route="end-3",code="200"}')).toBe(2)
    expect(found.get('berth_collection_reviewed_total')).toBe(2)
    expect(found.get('berth_collection_removed_blobs_total')).toBe(4)
    expect(found.get('berth_collection_freed_bytes_total')).toBe(6)
    expect(found.get('berth_verification_verified_bytes_total')).toBe(8)
    expect(found.get('berth_verification_damage_found_total')).toBe(10)
  })

  it('show totals from the start, and levels only once they are known', async () => {
    const metrics = new Metrics()
    const names = [...(await samples(metrics)).keys()]
    expect(names).toEqual(
      expect.arrayContaining([
        'berth_blob_bytes_received_total',
        'berth_collection_reviewed_total',
        'berth_collection_removed_blobs_total',
        'berth_collection_freed_bytes_total',
        'berth_verification_verified_bytes_total',
        'process_resident_memory_bytes',
      ]),
    )
    const levels = {
      berth_http_requests_in_flight: metrics.http.requestsInFlight,
      berth_storage_free_bytes: metrics.storageFreeBytes,
      berth_upload_sessions_open: metrics.uploadSessionsOpen,
      berth_collection_trash_due: metrics.trashDue,
      berth_verification_damaged_blobs: metrics.damagedBlobs,
    }
    for (const [name, reading] of Object.entries(levels)) {
      expect(names).not.toContain(name)
      reading.set(7)
      expect((await samples(metrics)).get(name)).toBe(7)
      reading.set(undefined)
      expect((await samples(metrics)).has(name)).toBe(false)
    }
  })
})

describe('samplers', () => {
  it('run before each scrape, and scrapes at the same time share one run', async () => {
    const metrics = new Metrics()
    let runs = 0
    metrics.onScrape(async () => {
      runs += 1
      metrics.storageFreeBytes.set(runs)
    })
    await Promise.all([metrics.render(), metrics.render()])
    expect(runs).toBe(1)
    expect((await samples(metrics)).get('berth_storage_free_bytes')).toBe(2)
  })

  it('that fail or hang leave the rest standing', async () => {
    const metrics = new Metrics()
    metrics.onScrape(() => {
      throw new Error('x')
    })
    metrics.onScrape(() => Promise.reject(new Error('x')))
    metrics.onScrape(() => new Promise(() => {}))
    metrics.onScrape(() => metrics.storageFreeBytes.set(7))
    expect((await samples(metrics)).get('berth_storage_free_bytes')).toBe(7)
  })
})
