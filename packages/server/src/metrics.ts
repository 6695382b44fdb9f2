/** What Prometheus can read about this server. */
import { once } from 'node:events'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'

const durationBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
]
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
/** The protocol's name for `GET` of a blob. */
const blobEndpoint = 'end-2'
const samplerMilliseconds = 3000

/**
 * A number that is only copied into the registry when somebody reads the metrics, so that changing it
 * costs an addition. `undefined` (a level that nobody has set yet) is not shown.
 */
class Reading {
  value: number | undefined

  constructor(value: number | undefined) {
    this.value = value
  }

  add(amount: number): void {
    this.value = (this.value ?? 0) + amount
  }

  set(value: number | undefined): void {
    this.value = value
  }
}

/** Counts of one method on one endpoint, bound to their labels once. */
type Meter = {
  observe(seconds: number): void
  /** Requests by status code. */
  codes: Map<number, number>
}

/** A request that is over. */
type RequestReading = Readonly<{
  /** A name from the router, never a stranger's text: each one is kept for good. */
  endpoint: string
  method: string
  status: number
  seconds: number
  /** Body bytes. */
  bytesSent: number
  bytesReceived?: number
}>

/** Counts and times requests, at about 200 ns each. */
export class HttpMetrics {
  /** Set it before a scrape, from what the server knows. */
  readonly requestsInFlight: Reading
  readonly #meters = new Map<string, Map<string, Meter>>()
  readonly #duration: Histogram<'method' | 'route'>
  readonly #blobBytesSent: Reading
  readonly #blobBytesReceived: Reading

  constructor(registry: Registry) {
    const registers = [registry]
    const meters = this.#meters
    this.#duration = new Histogram({
      name: 'berth_http_request_duration_seconds',
      help: 'Time from the head of a request to the end of its answer.',
      labelNames: ['method', 'route'],
      buckets: durationBuckets,
      registers,
    })
    void new Counter({
      name: 'berth_http_requests_total',
      help: 'Requests answered.',
      labelNames: ['method', 'route', 'code'],
      registers,
      collect() {
        this.reset()
        for (const [method, routes] of meters)
          for (const [route, { codes }] of routes)
            for (const [code, count] of codes) this.inc({ method, route, code }, count)
      },
    })
    this.requestsInFlight = level(registry, 'http_requests_in_flight', 'Requests under way.')
    this.#blobBytesSent = total(registry, 'blob_bytes_sent', 'Bytes of blobs sent to clients.')
    this.#blobBytesReceived = total(registry, 'blob_bytes_received', 'Bytes of blobs received.')
  }

  observeRequest(request: RequestReading): void {
    const { endpoint, method, status, seconds, bytesSent, bytesReceived } = request
    const meter = this.#meter(methods.has(method) ? method : 'other', endpoint)
    meter.observe(seconds)
    meter.codes.set(status, (meter.codes.get(status) ?? 0) + 1)
    if (endpoint === blobEndpoint && status < 300) this.#blobBytesSent.add(bytesSent)
    if (bytesReceived !== undefined) this.#blobBytesReceived.add(bytesReceived)
  }

  #meter(method: string, route: string): Meter {
    let routes = this.#meters.get(method)
    if (!routes) this.#meters.set(method, (routes = new Map()))
    let meter = routes.get(route)
    if (!meter) {
      const bound = this.#duration.labels({ method, route })
      meter = { observe: (seconds) => bound.observe(seconds), codes: new Map() }
      routes.set(route, meter)
    }
    return meter
  }
}

/** All instruments of one server. */
export class Metrics {
  readonly http: HttpMetrics
  /** Levels, to be set by a sampler; not shown until then. */
  readonly uploadSessionsOpen: Reading
  readonly storageFreeBytes: Reading
  readonly trashDue: Reading
  readonly damagedBlobs: Reading
  readonly #registry = new Registry()
  readonly #reviewed: Reading
  readonly #removedBlobs: Reading
  readonly #freedBytes: Reading
  readonly #verifiedBytes: Reading
  readonly #damageFound: Reading
  readonly #samplers: Sampler[] = []
  #scrape: Promise<string> | undefined

  constructor() {
    const registry = this.#registry
    collectDefaultMetrics({ register: registry })
    this.http = new HttpMetrics(registry)
    this.uploadSessionsOpen = level(registry, 'upload_sessions_open', 'Open upload sessions.')
    this.storageFreeBytes = level(registry, 'storage_free_bytes', 'Free bytes where blobs are.')
    this.trashDue = level(
      registry,
      'collection_trash_due',
      'Files whose time in the trash is over.',
    )
    this.damagedBlobs = level(registry, 'verification_damaged_blobs', 'Blobs known to be damaged.')
    this.#reviewed = total(registry, 'collection_reviewed', 'Items looked at by collection.')
    this.#removedBlobs = total(registry, 'collection_removed_blobs', 'Blobs removed.')
    this.#freedBytes = total(registry, 'collection_freed_bytes', 'Bytes of storage freed.')
    this.#verifiedBytes = total(registry, 'verification_verified_bytes', 'Bytes read and checked.')
    this.#damageFound = total(registry, 'verification_damage_found', 'Times that damage was found.')
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  noteCollection(run: { reviewed: number; blobsRemoved: number; bytesFreed: number }): void {
    this.#reviewed.add(run.reviewed)
    this.#removedBlobs.add(run.blobsRemoved)
    this.#freedBytes.add(run.bytesFreed)
  }

  noteVerification(run: { bytes: number; damaged: number }): void {
    this.#verifiedBytes.add(run.bytes)
    this.#damageFound.add(run.damaged)
  }

  /** `sampler` runs before each scrape. One that fails, or takes over three seconds, leaves the last values standing. */
  onScrape(sampler: Sampler): void {
    this.#samplers.push(sampler)
  }

  /** All values in the text format. Scrapes at the same time share one. */
  async render(): Promise<string> {
    this.#scrape ??= this.#render().finally(() => {
      this.#scrape = undefined
    })
    return this.#scrape
  }

  async #render(): Promise<string> {
    await Promise.all(this.#samplers.map(runSampler))
    return this.#registry.metrics()
  }
}

type Sampler = () => Promise<void> | void

function total(registry: Registry, name: string, help: string): Reading {
  return addReading(registry, Counter, `berth_${name}_total`, help, 0)
}

function level(registry: Registry, name: string, help: string): Reading {
  return addReading(registry, Gauge, `berth_${name}`, help, undefined)
}

function addReading(
  registry: Registry,
  Instrument: typeof Counter | typeof Gauge,
  name: string,
  help: string,
  first: number | undefined,
): Reading {
  const reading = new Reading(first)
  void new Instrument({
    name,
    help,
    registers: [registry],
    collect() {
      if (reading.value === undefined) {
        this.remove()
        return
      }
      this.reset()
      this.inc(reading.value)
    },
  })
  return reading
}

async function runSampler(sampler: () => Promise<void> | void): Promise<void> {
  const late = AbortSignal.timeout(samplerMilliseconds)
  try {
    await Promise.race([Promise.resolve().then(sampler), once(late, 'abort')])
  } catch {
    // Whoever samples a broken database has its log line already; the rest is still worth reading.
  }
}
