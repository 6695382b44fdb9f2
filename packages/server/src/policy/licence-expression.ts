/** Deeper brackets than anyone writes. */
const depthMax = 20

/**
 * Whether one can take the package under licences that are all allowed: of `A OR B` one, of `A AND B` both. What is no
 * SPDX expression (SPDX 2.3, annex D) counts as one licence of that name.
 */
export function satisfies(expression: string, isAllowed: (id: string) => boolean): boolean {
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? []
  const reader = new Reader(tokens, isAllowed)
  return reader.read() ?? isAllowed(expression.trim())
}

class Reader {
  readonly #tokens: readonly string[]
  readonly #isAllowed: (id: string) => boolean
  #position = 0

  constructor(tokens: readonly string[], isAllowed: (id: string) => boolean) {
    this.#tokens = tokens
    this.#isAllowed = isAllowed
  }

  /** `undefined` when it is no expression. */
  read(): boolean | undefined {
    const result = this.#either(0)
    return this.#position === this.#tokens.length ? result : undefined
  }

  #either(depth: number): boolean | undefined {
    let result = this.#both(depth)
    while (result !== undefined && this.#take('OR')) {
      const next = this.#both(depth)
      result = next === undefined ? undefined : result || next
    }
    return result
  }

  #both(depth: number): boolean | undefined {
    let result = this.#one(depth)
    while (result !== undefined && this.#take('AND')) {
      const next = this.#one(depth)
      result = next === undefined ? undefined : result && next
    }
    return result
  }

  #one(depth: number): boolean | undefined {
    if (depth > depthMax) return undefined
    if (this.#take('(')) {
      const result = this.#either(depth + 1)
      return this.#take(')') ? result : undefined
    }
    const id = this.#tokens[this.#position]
    if (id === undefined || /^(?:and|or|with|[()])$/i.test(id)) return undefined
    this.#position += 1
    // An exception only gives more rights.
    if (this.#take('WITH')) this.#position += 1
    return this.#isAllowed(id)
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#position]?.toUpperCase() !== token) return false
    this.#position += 1
    return true
  }
}
