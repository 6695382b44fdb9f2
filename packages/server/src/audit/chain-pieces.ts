/** A link as an export holds it. */
export type ChainLink = {
  readonly position: number
  readonly previousHash: string
  readonly hash: string
}

/** Consecutive entries: from `first`, which follows `previousHash`, to `last`, whose hash is `hash`. */
type Piece = { first: number; previousHash: string; last: number; hash: string }

/** Puts links together that come in any order, keeping only the ends of each piece: an unfiltered export is one piece. */
export class ChainPieces {
  readonly #byFirst = new Map<number, Piece>()
  readonly #byLast = new Map<number, Piece>()

  /** `false` when it does not fit onto the link before or after it. The same link may come twice. */
  add(link: ChainLink): boolean {
    let piece: Piece = { ...link, first: link.position, last: link.position }
    const before = this.#byLast.get(link.position - 1)
    const after = this.#byFirst.get(link.position + 1)
    if (before && before.hash !== piece.previousHash) return false
    if (after && after.previousHash !== piece.hash) return false
    if (before) {
      this.#remove(before)
      piece = { ...piece, first: before.first, previousHash: before.previousHash }
    }
    if (after) {
      this.#remove(after)
      piece = { ...piece, last: after.last, hash: after.hash }
    }
    this.#byFirst.set(piece.first, piece)
    this.#byLast.set(piece.last, piece)
    return true
  }

  get first(): Piece | undefined {
    return this.#inOrder()[0]
  }

  get last(): Piece | undefined {
    return this.#inOrder().at(-1)
  }

  /** The first position that is missing between the first and the last link, and how many are. */
  gaps(): { first: number | undefined; count: number } {
    let first: number | undefined
    let count = 0
    let end: number | undefined
    for (const piece of this.#inOrder()) {
      if (end !== undefined && piece.first > end + 1) {
        first ??= end + 1
        count += piece.first - end - 1
      }
      end = Math.max(end ?? piece.last, piece.last)
    }
    return { first, count }
  }

  #remove(piece: Piece): void {
    this.#byFirst.delete(piece.first)
    this.#byLast.delete(piece.last)
  }

  #inOrder(): Piece[] {
    return [...this.#byFirst.values()].sort((a, b) => a.first - b.first)
  }
}
