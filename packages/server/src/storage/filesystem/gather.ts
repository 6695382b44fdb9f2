/** What a chunk costs beyond its bytes: without it, a body sent byte by byte would look free. */
const chunkOverhead = 512

/** Chunks with what they cost the memory budget. */
export type Gathered = { chunks: Uint8Array[]; bytes: number; cost: number }

/** Chunks that wait, in their order and by reference, to become one write. */
export class Gather {
  #chunks: Uint8Array[] = []
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  get count(): number {
    return this.#chunks.length
  }

  /** Returns the cost of `chunk`. */
  push(chunk: Uint8Array): number {
    this.#chunks.push(chunk)
    this.#bytes += chunk.byteLength
    return chunk.byteLength + chunkOverhead
  }

  /** Takes the first `bytes`, of which there must be so many. */
  take(bytes: number): Gathered {
    let whole = 0
    let left = bytes
    for (const chunk of this.#chunks) {
      if (chunk.byteLength > left) break
      left -= chunk.byteLength
      whole += 1
    }
    const chunks = this.#chunks.splice(0, whole)
    const cost = bytes + whole * chunkOverhead
    const first = this.#chunks[0]
    if (left > 0 && first !== undefined) {
      // Its overhead stays with its rest.
      chunks.push(first.subarray(0, left))
      this.#chunks[0] = first.subarray(left)
    }
    this.#bytes -= bytes
    return { chunks, bytes, cost }
  }
}
