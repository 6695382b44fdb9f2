/** What a builder is at, as far as its lines tell. */
export type Step = { readonly number: number; readonly of: number; readonly text: string }

const patterns = [
  // buildah and podman; with several stages or platforms there is a prefix.
  /^(?:\[[^\]]*\]\s*)?STEP (\d+)\/(\d+): (.*)$/,
  // docker's classic builder
  /^Step (\d+)\/(\d+) : (.*)$/,
  // BuildKit with --progress=plain: `#7 [build 2/4] RUN make`
  /^#\d+ \[(?:[^\]]*\s)?(\d+)\/(\d+)\] (.*)$/,
]
const cached = /^(?:\[[^\]]*\]\s*)?\s*-{2,3}> Using cache\b|^#(\d+) CACHED$/

/** Counts the steps of a build and those that the cache spared, from what the builder prints. */
export class BuildSteps {
  current: Step | undefined
  #steps = 0
  #cacheHits = 0
  #hasBase = false
  readonly #seen = new Set<string>()

  /** Takes in one line; says whether it was a step. */
  note(line: string): boolean {
    const hit = cached.exec(line)
    if (hit !== null) {
      // BuildKit says of the context and the base image, too, that they are cached: those are no steps.
      if (hit[1] === undefined || this.#seen.has(hit[1])) this.#cacheHits += 1
      return false
    }
    for (const pattern of patterns) {
      const found = pattern.exec(line)
      if (found === null) continue
      const text = found[3] ?? ''
      this.current = { number: Number(found[1]), of: Number(found[2]), text }
      // Taking a base is nothing that a cache could spare.
      if (/^FROM\s/i.test(text)) this.#hasBase = true
      // Nor is what may stand before the first FROM.
      if (/^FROM\s/i.test(text) || (!this.#hasBase && /^ARG\s/i.test(text))) return true
      const vertex = /^#(\d+) /.exec(line)?.[1]
      if (vertex !== undefined && this.#seen.has(vertex)) return false
      if (vertex !== undefined) this.#seen.add(vertex)
      this.#steps += 1
      return true
    }
    return false
  }

  get steps(): number {
    return this.#steps
  }

  get cacheHits(): number {
    return Math.min(this.#cacheHits, this.#steps)
  }
}
