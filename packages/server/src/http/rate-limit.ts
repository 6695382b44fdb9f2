import { isIPv6 } from 'node:net'
import { LRUCache } from 'lru-cache'
import type { Actor } from '../actor.ts'

/** What a caller may still ask for: `tokens` at the time `at`, in milliseconds. */
type Bucket = { tokens: number; at: number }

type RateLimitSettings = { readonly requestsPerSecond: number; readonly burst: number }

const bucketsMax = 50_000

/**
 * Limits the requests of each caller by a token bucket: so many a second for long, and a burst after a pause. Callers without
 * credentials are told apart by address, and in IPv6 by /64, for that is what one machine gets. Buckets are few
 * numbers each, at most 50,000 of them; who is forgotten begins with a full one.
 */
export class RateLimit {
  readonly #perMillisecond: number
  readonly #burst: number
  readonly #now: () => number
  readonly #buckets = new LRUCache<string, Bucket>({ max: bucketsMax })

  constructor(settings: RateLimitSettings, now: () => number) {
    this.#perMillisecond = settings.requestsPerSecond / 1000
    this.#burst = settings.burst
    this.#now = now
  }

  /**
   * Counts a request. `undefined`: it may go on; otherwise the whole seconds, at least 1, after which one may. A refused
   * request costs nothing, so whoever waits as told gets through.
   */
  take(caller: { readonly actor: Actor; readonly address: string }): number | undefined {
    if (this.#perMillisecond === 0 || caller.actor.kind === 'system') return undefined
    const { actor } = caller
    const bucket = this.#bucketOf(actor.kind === 'anonymous' ? networkOf(caller.address) : actor.id)
    const now = this.#now()
    // A clock that was set back gives nothing and takes nothing.
    const passed = Math.max(0, now - bucket.at)
    bucket.tokens = Math.min(this.#burst, bucket.tokens + passed * this.#perMillisecond)
    bucket.at = now
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1
      return undefined
    }
    return Math.max(1, Math.ceil((1 - bucket.tokens) / this.#perMillisecond / 1000))
  }

  #bucketOf(key: string): Bucket {
    const known = this.#buckets.get(key)
    if (known !== undefined) return known
    const fresh = { tokens: this.#burst, at: this.#now() }
    this.#buckets.set(key, fresh)
    return fresh
  }
}

/** The address itself, or the first 64 bits of an IPv6 address, in one spelling. */
function networkOf(address: string): string {
  if (!address.includes(':') || !isIPv6(address)) return address
  const [head = '', tail] = address.toLowerCase().split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right]
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}
