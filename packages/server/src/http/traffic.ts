import { hostname } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { latencyQuantile, latencyStep, latencySteps } from './latency-histogram.ts'

type TrafficGroup = (typeof groups)[number]

/** What one group of requests did in some time. Percentiles in milliseconds. */
export type GroupTraffic = {
  group: TrafficGroup
  requests: number
  clientErrors: number
  serverErrors: number
  bytesIn: number
  bytesOut: number
  p50: number
  p95: number
  p99: number
}

export type TrafficView = {
  node: string
  at: string
  bucketSeconds: number
  inFlight: number
  eventLoop: { p50: number; p99: number; max: number }
  memory: {
    residentBytes: number
    heapUsedBytes: number
    heapTotalBytes: number
    externalBytes: number
  }
  cpu: number
  lastMinute: GroupTraffic[]
  buckets: { startedAt: string; groups: GroupTraffic[] }[]
}

const groups = ['pullManifests', 'pullBlobs', 'push', 'token', 'api', 'other'] as const
const bucketMs = 5000
/** Ten minutes, and the one under way. */
const bucketsKept = 121
const bucketsPerMinute = 60_000 / bucketMs
const loopResolutionMs = 20

/** Numbers of one group in one bucket, in this order, before its latencies. */
const fields = { requests: 0, clientErrors: 1, serverErrors: 2, bytesIn: 3, bytesOut: 4 } as const
const fieldCount = 5

const otherGroup = groups.indexOf('other')

const protocolGroups: Readonly<Record<string, TrafficGroup>> = {
  'end-3': 'pullManifests',
  'end-2': 'pullBlobs',
  'end-4': 'push',
  'end-5': 'push',
  'end-6': 'push',
  'end-7': 'push',
  'end-13': 'push',
  'end-14': 'push',
  token: 'token',
}

/**
 * What this process has served in the last ten minutes, in buckets of five seconds. The memory for it is taken once; a
 * request costs a few additions.
 */
export class Traffic {
  /** The group of an endpoint, by number. */
  readonly #groupOf = new Map<string, number>()
  readonly #numbers = new Float64Array(bucketsKept * groups.length * fieldCount)
  readonly #latencies = new Uint32Array(bucketsKept * groups.length * latencySteps)
  /** Which bucket since the start of the process each place holds. */
  readonly #bucketIds = new Int32Array(bucketsKept).fill(-1)
  /** When the clock of the process was 0, in milliseconds since 1970. */
  readonly #origin = Date.now() - performance.now()
  readonly #loop = monitorEventLoopDelay({ resolution: loopResolutionMs })
  readonly #timer: NodeJS.Timeout
  #eventLoop = { p50: 0, p99: 0, max: 0 }
  #cpu = 0
  #cpuBefore = process.cpuUsage()
  #sampledAt = performance.now()

  /** `apiEndpoints`: the ids of the routes of the management API. */
  constructor(apiEndpoints: Iterable<string>) {
    for (const id of apiEndpoints) this.#groupOf.set(id, groups.indexOf('api'))
    for (const [id, group] of Object.entries(protocolGroups)) {
      this.#groupOf.set(id, groups.indexOf(group))
    }
    this.#loop.enable()
    this.#timer = setInterval(() => this.#sample(), bucketMs)
    this.#timer.unref()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#loop.disable()
  }

  /** Counts a request that is over. `endMs` is of `performance.now()`. */
  observe(
    endpoint: string,
    status: number,
    milliseconds: number,
    bytesIn: number,
    bytesOut: number,
    endMs: number,
  ): void {
    const place = this.#placeOf(Math.floor(endMs / bucketMs))
    const index = place * groups.length + (this.#groupOf.get(endpoint) ?? otherGroup)
    const numbers = this.#numbers
    const at = index * fieldCount
    numbers[at] = (numbers[at] ?? 0) + 1
    if (status >= 400) {
      const error = at + (status >= 500 ? fields.serverErrors : fields.clientErrors)
      numbers[error] = (numbers[error] ?? 0) + 1
    }
    numbers[at + fields.bytesIn] = (numbers[at + fields.bytesIn] ?? 0) + bytesIn
    numbers[at + fields.bytesOut] = (numbers[at + fields.bytesOut] ?? 0) + bytesOut
    const step = index * latencySteps + latencyStep(milliseconds)
    this.#latencies[step] = (this.#latencies[step] ?? 0) + 1
  }

  /** Everything, or only buckets that began at `since` (ISO 8601) or later. `inFlight`: requests under way. */
  read(inFlight: number, since?: string): TrafficView {
    const now = performance.now()
    const current = Math.floor(now / bucketMs)
    const memory = process.memoryUsage()
    const buckets: TrafficView['buckets'] = []
    for (let id = Math.max(0, current - bucketsKept + 1); id <= current; id += 1) {
      const startedAt = new Date(this.#origin + id * bucketMs).toISOString()
      if (since !== undefined && startedAt < since) continue
      buckets.push({ startedAt, groups: this.#summarise(id, id) })
    }
    return {
      node: `${hostname()}/${process.pid}`,
      at: new Date(this.#origin + now).toISOString(),
      bucketSeconds: bucketMs / 1000,
      inFlight,
      eventLoop: this.#eventLoop,
      memory: {
        residentBytes: memory.rss,
        heapUsedBytes: memory.heapUsed,
        heapTotalBytes: memory.heapTotal,
        externalBytes: memory.external,
      },
      cpu: this.#cpu,
      lastMinute: this.#summarise(current - bucketsPerMinute, current),
      buckets,
    }
  }

  /** The place of this bucket, emptied when it held an older one. */
  #placeOf(id: number): number {
    const place = id % bucketsKept
    if (this.#bucketIds[place] !== id) {
      this.#bucketIds[place] = id
      const perBucket = groups.length * fieldCount
      this.#numbers.fill(0, place * perBucket, (place + 1) * perBucket)
      const steps = groups.length * latencySteps
      this.#latencies.fill(0, place * steps, (place + 1) * steps)
    }
    return place
  }

  /** Each group that had requests in these buckets. */
  #summarise(first: number, last: number): GroupTraffic[] {
    return groups.flatMap((group, number) => {
      const sums = new Float64Array(fieldCount)
      const latencies = new Float64Array(latencySteps)
      for (let id = Math.max(0, first); id <= last; id += 1) {
        const place = id % bucketsKept
        if (this.#bucketIds[place] !== id) continue
        const index = place * groups.length + number
        addTo(sums, this.#numbers, index * fieldCount)
        addTo(latencies, this.#latencies, index * latencySteps)
      }
      const [requests = 0, clientErrors = 0, serverErrors = 0, bytesIn = 0, bytesOut = 0] = sums
      if (requests === 0) return []
      const quantile = (share: number) => latencyQuantile(latencies, requests, share)
      const counts = { requests, clientErrors, serverErrors, bytesIn, bytesOut }
      return [{ group, ...counts, p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) }]
    })
  }

  #sample(): void {
    const now = performance.now()
    const { user, system } = process.cpuUsage(this.#cpuBefore)
    this.#cpu = Number(((user + system) / 1000 / (now - this.#sampledAt)).toFixed(3))
    this.#cpuBefore = process.cpuUsage()
    this.#sampledAt = now
    const late = (nanoseconds: number) =>
      Number(Math.max(0, nanoseconds / 1e6 - loopResolutionMs).toFixed(2)) || 0
    this.#eventLoop = {
      p50: late(this.#loop.percentile(50)),
      p99: late(this.#loop.percentile(99)),
      max: late(this.#loop.max),
    }
    this.#loop.reset()
  }
}

function addTo(sums: Float64Array, values: Float64Array | Uint32Array, from: number): void {
  for (let index = 0; index < sums.length; index += 1) {
    sums[index] = (sums[index] ?? 0) + (values[from + index] ?? 0)
  }
}
