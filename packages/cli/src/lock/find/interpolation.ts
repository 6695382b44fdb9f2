/** What a variable stands for: a text from elsewhere, or a text in the same file, which may hold variables itself. */
export type VariableValue =
  | { readonly text: string; readonly origin: string }
  | { readonly text: string; readonly offset: number }

export type Interpolated = {
  readonly value: string
  /** Offset in the file behind the last character of the value; `undefined` when that comes from elsewhere. */
  readonly end: number | undefined
  /** Each variable with the part of the value that it made. */
  readonly variables: readonly UsedVariable[]
}

export type UsedVariable = {
  readonly name: string
  readonly start: number
  readonly end: number
  /** Where its value came from, if not from this file. */
  readonly origin: string | undefined
  /** Whether the end of the whole value lies in what is written for this variable. */
  holdsEnd: boolean
}

export type InterpolationFault = { readonly fault: string }

const name = /^[A-Za-z_][A-Za-z0-9_]*/
const depthMax = 10

/**
 * Replaces `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME-default}` in a piece of a file that begins at `offset`.
 * Defaults may hold variables. `$$` is a dollar sign in Compose files. A variable that nothing gives a value to is a
 * fault, as are the forms that only make sense with a value from outside.
 */
export function interpolate(
  text: string,
  offset: number,
  lookup: (name: string) => VariableValue | undefined,
  depth = 0,
): Interpolated | InterpolationFault {
  if (depth > depthMax) return { fault: 'its variables are nested too deeply' }
  let value = ''
  let end: number | undefined = offset
  const variables: UsedVariable[] = []
  let at = 0
  while (at < text.length) {
    const dollar = text.indexOf('$', at)
    if (dollar !== at) {
      const literal = text.slice(at, dollar === -1 ? text.length : dollar)
      value += literal
      at += literal.length
      end = offset + at
      for (const each of variables) each.holdsEnd = false
      continue
    }
    if (text[at + 1] === '$') return { fault: 'it holds an escaped dollar sign' }
    const used = readVariable(text, at)
    if ('fault' in used) return used
    const made = valueOf(used, offset, lookup, depth)
    if ('fault' in made) return made
    for (const each of variables) each.holdsEnd = false
    const start = value.length
    value += made.value
    end = made.end
    variables.push(
      { name: used.name, start, end: value.length, origin: made.origin, holdsEnd: true },
      ...made.variables.map((each) => ({
        ...each,
        start: each.start + start,
        end: each.end + start,
      })),
    )
    at = used.end
  }
  return { value, end, variables }
}

type WrittenVariable = {
  readonly name: string
  readonly operator: string
  readonly rest: string
  /** Where `rest` begins and where the variable ends, in the text. */
  readonly restStart: number
  readonly end: number
}

function valueOf(
  used: WrittenVariable,
  offset: number,
  lookup: (name: string) => VariableValue | undefined,
  depth: number,
): (Interpolated & { origin: string | undefined }) | InterpolationFault {
  const given = lookup(used.name)
  const isEmpty = given === undefined || (given.text === '' && used.operator.startsWith(':'))
  if (given !== undefined && !isEmpty) {
    if ('origin' in given) {
      return { value: given.text, end: undefined, variables: [], origin: given.origin }
    }
    const made = interpolate(given.text, given.offset, lookup, depth + 1)
    return 'fault' in made ? made : { ...made, origin: undefined }
  }
  if (used.operator !== ':-' && used.operator !== '-') {
    return { fault: `${used.name} has no value in the files` }
  }
  const made = interpolate(used.rest, offset + used.restStart, lookup, depth + 1)
  return 'fault' in made ? made : { ...made, origin: undefined }
}

function readVariable(text: string, dollar: number): WrittenVariable | InterpolationFault {
  if (text[dollar + 1] !== '{') {
    const found = name.exec(text.slice(dollar + 1))?.[0]
    if (found === undefined) return { fault: 'it holds a dollar sign that begins no variable' }
    const end = dollar + 1 + found.length
    return { name: found, operator: '', rest: '', restStart: end, end }
  }
  const close = closingBrace(text, dollar + 2)
  const found = name.exec(text.slice(dollar + 2))?.[0]
  if (close === -1 || found === undefined)
    return { fault: 'it holds a "${" that begins no variable' }
  const after = dollar + 2 + found.length
  const inside = text.slice(after, close)
  const operator = /^(?::?[-?+]|)/.exec(inside)?.[0] ?? ''
  if (operator === '' && inside !== '') {
    return { fault: `"\${${found}${inside}}" is a form that is not read here` }
  }
  if (operator.endsWith('+')) return { fault: `${found} is only asked whether it is set` }
  const restStart = after + operator.length
  return { name: found, operator, rest: text.slice(restStart, close), restStart, end: close + 1 }
}

function closingBrace(text: string, from: number): number {
  let depth = 1
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '{' && text[at - 1] === '$') depth += 1
    else if (text[at] === '}') {
      depth -= 1
      if (depth === 0) return at
    }
  }
  return -1
}

/**
 * Why a digest must not be written at the end of the value; `undefined` when it may. A variable that does not hold the
 * end may only make what stands before the last slash (a registry or a folder of it): given another value, it would else
 * be outweighed by the digest.
 */
export function whyNotWritable({ value, end, variables }: Interpolated): string | undefined {
  const at = value.indexOf('@')
  const slash = value.lastIndexOf('/', at === -1 ? value.length : at)
  const outside = variables.find(({ origin, holdsEnd }) => origin !== undefined && holdsEnd)
  if (end === undefined) {
    return `it ends in ${outside?.name ?? 'a variable'}, which is set in ${outside?.origin ?? 'another file'}`
  }
  const other = variables.find((each) => !each.holdsEnd && each.end > slash + 1)
  if (other !== undefined) {
    return `${other.name} decides on more than the registry, and a digest would outweigh it`
  }
  return undefined
}
