import {
  type Arg,
  DockerfileParser,
  type Flag,
  type From,
  type Instruction,
  type Onbuild,
} from 'dockerfile-ast'
import { lockKey } from '../lock-file.ts'
import {
  type Finding,
  type FoundReference,
  imageOf,
  lineStarts,
  placeOf,
  type ReferenceKind,
  type Standing,
  standingOf,
} from './found-reference.ts'
import { interpolate, type VariableValue, whyNotWritable } from './interpolation.ts'
import { suffixSite } from './pin-site.ts'

type Range = ReturnType<Instruction['getRange']>
type Piece = { readonly text: string; readonly start: number }

/** Set by the builder for each platform, whatever an ARG before FROM says. */
const platformArguments = /^(?:BUILD|TARGET)(?:PLATFORM|OS|OSVERSION|ARCH|VARIANT)$/

/**
 * The images that a Dockerfile names: `FROM`, `COPY --from`, `RUN --mount=from=` and the frontend of `# syntax=`. Names
 * of stages, `scratch` and what stands in heredocs are none.
 */
export function findInDockerfile(text: string): Finding {
  const starts = lineStarts(text)
  const offsetOf = ({ line, character }: Range['start']) =>
    (starts[line] ?? text.length) + character
  const pieceOf = (range: Range): Piece => {
    const start = offsetOf(range.start)
    return unquoted({ text: text.slice(start, offsetOf(range.end)), start })
  }
  const found: FoundReference[] = []
  const add = (kind: ReferenceKind, piece: Piece, standing: Standing): void => {
    const place = placeOf(starts, piece.start, piece.start + piece.text.length)
    found.push({ kind, text: piece.text, ...place, standing })
  }

  const file = DockerfileParser.parse(text)
  for (const directive of file.getDirectives()) {
    if (directive.getName().toLowerCase() !== 'syntax') continue
    const piece = pieceOf(directive.getValueRange())
    if (piece.text !== '') add('syntax', piece, literalStanding(text, piece))
  }

  const globals = new Map<string, VariableValue>()
  const inStages = new Set<string>()
  const stages = new Set<string>()
  const froms: UsedArguments[] = []
  const instructions = file.getInstructions()
  const allStages = new Set(
    file.getFROMs().map((from) => from.getBuildStage()?.toLowerCase() ?? ''),
  )
  for (const instruction of instructions) {
    const keyword = instruction.getKeyword()
    if (keyword === 'ARG') {
      for (const property of (instruction as Arg).getProperties()) {
        const name = property.getName()
        const range = property.getValueRange()
        if (froms.length > 0) {
          // With a value of its own it is another variable.
          if (range === null) inStages.add(name)
          continue
        }
        globals.delete(name)
        if (range !== null) globals.set(name, valueOf(pieceOf(range)))
      }
    } else if (keyword === 'FROM') {
      const range = (instruction as From).getImageRange()
      if (range === null) continue
      const piece = pieceOf(range)
      const isStage = stages.has(piece.text.toLowerCase()) || piece.text.toLowerCase() === 'scratch'
      if (!isStage) {
        const used: UsedArguments = { piece, names: [], atEnd: [], at: found.length }
        add('from', piece, fromStanding(text, used, globals))
        froms.push(used)
      } else froms.push({ piece, names: [], atEnd: [], at: -1 })
      const stage = (instruction as From).getBuildStage()
      if (stage !== null) stages.add(stage.toLowerCase())
    } else {
      for (const { kind, range } of fromFlags(instruction)) {
        const piece = pieceOf(range)
        const name = piece.text.toLowerCase()
        if (name === '' || allStages.has(name) || /^\d+$/.test(name) || name === 'scratch') continue
        add(kind, piece, literalStanding(text, piece))
      }
    }
  }
  settleShared(found, froms, inStages)
  return { references: found, faults: [] }
}

/** `--from` and `--mount=from=` of one instruction, or of the one that ONBUILD keeps for later. */
function fromFlags(
  instruction: Instruction,
): { readonly kind: ReferenceKind; readonly range: Range }[] {
  if (instruction.getKeyword() === 'ONBUILD') {
    const trigger = (instruction as Onbuild).getTriggerInstruction()
    return trigger === null ? [] : fromFlags(trigger)
  }
  if (!('getFlags' in instruction)) return []
  const flags = (instruction as Instruction & { getFlags(): Flag[] }).getFlags()
  const keyword = instruction.getKeyword()
  return flags.flatMap((flag): { kind: ReferenceKind; range: Range }[] => {
    const name = flag.getName().toLowerCase()
    if (name === 'from' && keyword === 'COPY') {
      const range = flag.getValueRange()
      return range === null ? [] : [{ kind: 'copyFrom', range }]
    }
    if (name !== 'mount' || keyword !== 'RUN') return []
    return flag.getOptions().flatMap((option) => {
      const range = option.getName().toLowerCase() === 'from' ? option.getValueRange() : null
      return range === null ? [] : [{ kind: 'mountFrom', range }]
    })
  })
}

/** Where BuildKit replaces no variables. */
function literalStanding(text: string, piece: Piece): Standing {
  if (/[$\\]/.test(piece.text)) {
    return { state: 'unresolved', reason: 'variables are not replaced here' }
  }
  return suffixed(text, piece.text, piece.start + piece.text.length)
}

/** What one FROM takes from arguments: all of them, and those whose text the reference ends in. */
type UsedArguments = {
  readonly piece: Piece
  names: readonly string[]
  atEnd: readonly string[]
  /** Its place among what was found; -1 for a stage. */
  readonly at: number
}

function fromStanding(
  text: string,
  used: UsedArguments,
  globals: ReadonlyMap<string, VariableValue>,
): Standing {
  const { piece } = used
  if (/["'\\]/.test(piece.text)) {
    return { state: 'unresolved', reason: 'it is written with quotes or escapes inside' }
  }
  const made = interpolate(piece.text, piece.start, (name) =>
    platformArguments.test(name) ? undefined : globals.get(name),
  )
  if ('fault' in made) return { state: 'unresolved', reason: made.fault }
  used.names = made.variables.map(({ name }) => name)
  used.atEnd = made.variables.filter(({ holdsEnd }) => holdsEnd).map(({ name }) => name)
  const reason = whyNotWritable(made)
  if (reason === undefined && made.end !== undefined) return suffixed(text, made.value, made.end)
  return standingOf(made.value, () => ({ reason: reason ?? 'its end is not in this file' }))
}

function suffixed(text: string, value: string, end: number): Standing {
  return standingOf(value, () => suffixSite(text, end))
}

/**
 * A digest that would go into the default of an ARG changes all that the ARG is used for. So it is not written when two
 * images end in the same one, or when a stage reads it.
 */
function settleShared(
  found: FoundReference[],
  froms: readonly UsedArguments[],
  inStages: ReadonlySet<string>,
): void {
  const keysOfName = new Map<string, Set<string>>()
  for (const { names, at } of froms) {
    const image = at === -1 ? undefined : imageOf(found[at] as FoundReference)
    for (const name of names) {
      const keys = keysOfName.get(name) ?? new Set()
      keysOfName.set(name, keys.add(image === undefined ? '?' : lockKey(image)))
    }
  }
  for (const { atEnd, at, piece } of froms) {
    const reference = found[at]
    if (reference?.standing.state !== 'writable') continue
    const { image, site } = reference.standing
    const isHere = site.start >= piece.start && site.end <= piece.start + piece.text.length
    if (isHere) continue
    const shared = atEnd.find((name) => (keysOfName.get(name)?.size ?? 0) > 1)
    const read = atEnd.find((name) => inStages.has(name))
    if (shared === undefined && read === undefined) continue
    const reason =
      shared === undefined
        ? `a stage reads ${read} as well, and would get the digest with it`
        : `${shared} is a part of several images`
    found[at] = { ...reference, standing: { state: 'fixed', image, reason } }
  }
}

function valueOf({ text, start }: Piece): VariableValue {
  return { text, offset: start }
}

function unquoted({ text, start }: Piece): Piece {
  const quote = text[0]
  const isQuoted = (quote === '"' || quote === "'") && text.length > 1 && text.endsWith(quote)
  return isQuoted ? { text: text.slice(1, -1), start: start + 1 } : { text, start }
}
