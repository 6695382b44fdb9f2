import { BerthError } from '../errors.ts'

/** A pattern that was read and can be matched. Made only by `parseGlob`. */
export type Glob = {
  /** As it was written. */
  readonly text: string
  /** Whether something matches that has none of the pattern's own characters: `*`, `**`, `{a,**}`, `??`. */
  readonly matchesAnything: boolean
  readonly states: readonly State[]
  readonly start: number
}

/** One step of the automaton; `next` is where it goes from there. */
type State =
  | { readonly kind: 'character'; readonly character: string; readonly next: number }
  | { readonly kind: 'one'; readonly next: number }
  | { readonly kind: 'many'; readonly across: boolean; readonly next: number }
  | { readonly kind: 'fork'; readonly nexts: readonly number[] }
  | { readonly kind: 'end' }

type Part =
  | { kind: 'character'; character: string }
  | { kind: 'one' }
  | { kind: 'many'; across: boolean }
  | { kind: 'alternatives'; branches: Part[][] }

const charactersMax = 256
const alternativesMax = 32
const globGrammar =
  'text in which * stands for any characters but "/", ** for any characters, ? for one character but "/", and {a,b} for one of several, not nested'

/**
 * Reads a glob: `*` is any run of characters without `/`, `**` any run at all, `?` one character that is not `/`, and
 * `{a,b}` one of up to 32 alternatives, which may hold wildcards but no braces. All else stands for itself. At most 256
 * characters. What other tools take for special and would silently match nothing here (`[`, `]`, `\`) is refused.
 * `field` is named in the refusal. Throws `requestInvalid`.
 */
export function parseGlob(text: string, field = 'glob'): Glob {
  const reader = new GlobReader(text, field)
  const parts = reader.read()
  const states: State[] = [{ kind: 'end' }]
  const start = compile(parts, 0, states)
  return { text, matchesAnything: fewestCharacters(parts) === 0, states, start }
}

/** Whether the whole text fits. The time is bounded by the length of the text times that of the pattern. */
export function matches(glob: Glob, text: string): boolean {
  let current = new Set<number>()
  enter(glob.states, glob.start, current)
  for (const character of text) {
    const following = new Set<number>()
    for (const index of current) {
      const state = glob.states[index]
      if (state === undefined || !takes(state, character)) continue
      // A run goes on where it is; what may come after it was entered together with it.
      enter(glob.states, state.kind === 'many' ? index : state.next, following)
    }
    if (following.size === 0) return false
    current = following
  }
  return current.has(0)
}

/** Whether the text fits one of the globs. */
export function matchesAny(globs: readonly Glob[], text: string): boolean {
  return globs.some((glob) => matches(glob, text))
}

type Taking = Exclude<State, { kind: 'fork' | 'end' }>

function takes(state: State, character: string): state is Taking {
  if (state.kind === 'character') return state.character === character
  if (state.kind === 'one') return character !== '/'
  return state.kind === 'many' && (state.across || character !== '/')
}

/** Adds the state and all that can be reached from it without taking a character. */
function enter(states: readonly State[], index: number, into: Set<number>): void {
  const state = states[index]
  if (state === undefined || into.has(index)) return
  into.add(index)
  if (state.kind === 'many') enter(states, state.next, into)
  else if (state.kind === 'fork') for (const next of state.nexts) enter(states, next, into)
}

/** Appends the parts from the last to the first, so that each knows where to go on. Answers with the first. */
function compile(parts: readonly Part[], next: number, states: State[]): number {
  let following = next
  for (const part of parts.toReversed()) {
    const state: State =
      part.kind === 'alternatives'
        ? { kind: 'fork', nexts: part.branches.map((branch) => compile(branch, following, states)) }
        : { ...part, next: following }
    following = states.push(state) - 1
  }
  return following
}

/** The least number of the pattern's own characters that any match has. */
function fewestCharacters(parts: readonly Part[]): number {
  let sum = 0
  for (const part of parts) {
    if (part.kind === 'character') sum += 1
    if (part.kind === 'alternatives') sum += Math.min(...part.branches.map(fewestCharacters))
  }
  return sum
}

class GlobReader {
  readonly #characters: readonly string[]
  readonly #field: string
  #position = 0
  #alternatives = 0

  constructor(text: string, field: string) {
    this.#field = field
    // Before the cutting into characters: the text may be long.
    if (text.length > charactersMax) {
      throw this.#fault(`is longer than ${charactersMax} characters`)
    }
    this.#characters = Array.from(text)
    if (text === '') throw this.#fault('is empty')
  }

  read(): Part[] {
    const parts: Part[] = []
    while (this.#position < this.#characters.length) parts.push(this.#readPart(false))
    return parts
  }

  #readPart(inBraces: boolean): Part {
    const at = this.#position
    const character = this.#characters[at] ?? ''
    this.#position += 1
    if (character === '?') return { kind: 'one' }
    if (character === '*') return this.#readRun(at)
    if (character === '{') {
      if (inBraces) throw this.#fault('has braces inside braces', at)
      return this.#readAlternatives(at)
    }
    if (character === '}') throw this.#fault('has a "}" without its "{"', at)
    if (character === '[' || character === ']' || character === '\\') {
      throw this.#fault(`has a ${JSON.stringify(character)}, which is not supported`, at)
    }
    if (/[\p{Cc}\p{Cs}]/u.test(character)) throw this.#fault('has a control character', at)
    return { kind: 'character', character }
  }

  #readRun(at: number): Part {
    const across = this.#characters[this.#position] === '*'
    if (across) this.#position += 1
    if (this.#characters[this.#position] === '*')
      throw this.#fault('has three or more * in a row', at)
    return { kind: 'many', across }
  }

  #readAlternatives(at: number): Part {
    const branches: Part[][] = [[]]
    for (;;) {
      const character = this.#characters[this.#position]
      if (character === undefined) throw this.#fault('has a "{" without its "}"', at)
      if (character === ',' || character === '}') {
        this.#position += 1
        this.#alternatives += 1
        if (this.#alternatives > alternativesMax) {
          throw this.#fault(`has more than ${alternativesMax} alternatives`, at)
        }
        if (character === '}') return { kind: 'alternatives', branches }
        branches.push([])
      } else {
        branches.at(-1)?.push(this.#readPart(true))
      }
    }
  }

  #fault(fault: string, at?: number): BerthError {
    const place = at === undefined ? '' : ` at character ${at + 1}`
    return new BerthError(
      'requestInvalid',
      `The pattern in ${this.#field} ${fault}${place}. Accepted is ${globGrammar}, at most ${charactersMax} characters.`,
      {
        details: [
          {
            field: this.#field,
            rule: 'glob',
            reason: 'globInvalid',
            ...(at !== undefined && { position: at + 1 }),
          },
        ],
      },
    )
  }
}
