import { plainText } from './plain-text.ts'

const sentencesMax = 20

/** What went half wrong while reading, bounded however much it is. */
export class Problems {
  readonly #sentences: string[] = []
  #more = 0

  /** `what` is the beginning of a sentence; the reason is put behind it. */
  add(what: string, error: Error): void {
    if (this.#sentences.length < sentencesMax) {
      this.#sentences.push(`${plainText(what, 300)}: ${plainText(error.message, 400)}`)
    } else this.#more += 1
  }

  /** A whole sentence that matters more than the others. */
  addFirst(sentence: string): void {
    this.#sentences.unshift(sentence)
  }

  get sentences(): readonly string[] {
    if (this.#more === 0) return this.#sentences
    return [...this.#sentences, `There are ${this.#more} more of the kind.`]
  }
}
