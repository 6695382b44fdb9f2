import type { Random } from '../faults/random.ts'
import type { Operation, PathParameters } from './operation.ts'
import type { FuzzAnswer } from './send.ts'

const keptMax = 60

/** What is known to exist, from answers. */
export class Known {
  /** Values by the name of the parameter or member that they are for. */
  readonly values = new Map<string, string[]>()
  /** Whole paths: values of all parameters that belong together, by the names of these. */
  readonly #paths = new Map<string, PathParameters[]>()

  /** Parameters of something that existed a moment ago, for a path with these. */
  pathOf(names: readonly string[], random: Random): PathParameters | undefined {
    const paths = this.#paths.get(names.join())
    return paths === undefined || paths.length === 0 ? undefined : random.pick(paths)
  }

  add(name: string, value: string): void {
    const values = this.values.get(name) ?? []
    if (values.includes(value)) return
    values.push(value)
    if (values.length > keptMax) values.shift()
    this.values.set(name, values)
  }

  /** Learns from an answer that tells of success: a list, or one thing. */
  learn(
    { method, path }: Operation,
    parameters: PathParameters,
    { status, headers, body }: FuzzAnswer,
  ): void {
    if (status >= 300) return
    const name = nameOf(path)
    if (name in parameters) {
      if (method === 'DELETE') this.#forgetPath(parameters)
      else this.#addPath(parameters)
    }
    if (headers['content-type'] !== 'application/json') return
    const answer: unknown = JSON.parse(body)
    if (typeof answer !== 'object' || answer === null) return
    const items: unknown = 'items' in answer ? answer.items : [answer]
    for (const item of Array.isArray(items) ? items : []) {
      for (const value of namesIn(item)) {
        this.add(name, value)
        if (name === 'user' || name === 'group') this.add('subject', value)
        if (!(name in parameters)) this.#addPath({ ...parameters, [name]: value })
      }
    }
  }

  #addPath(parameters: PathParameters): void {
    const names = Object.keys(parameters).join()
    const paths = this.#paths.get(names) ?? []
    paths.push(parameters)
    if (paths.length > keptMax) paths.shift()
    this.#paths.set(names, paths)
  }

  #forgetPath(parameters: PathParameters): void {
    const text = JSON.stringify(parameters)
    const names = Object.keys(parameters).join()
    const left = this.#paths.get(names)?.filter((path) => JSON.stringify(path) !== text)
    this.#paths.set(names, left ?? [])
  }
}

/** What a thing may be called by: its name, its id, its digest. An answer may wrap it together with a secret. */
function namesIn(item: unknown): string[] {
  if (typeof item === 'string') return [item]
  if (typeof item !== 'object' || item === null) return []
  const names = Object.entries(item).flatMap(([key, value]) => {
    if (typeof value === 'object' && !Array.isArray(value) && 'secret' in item)
      return namesIn(value)
    return naming.has(key) && typeof value === 'string' && value.length <= 300 ? [value] : []
  })
  return names
}

const naming = new Set(['name', 'id', 'digest'])

/** What the things at a path are called as a parameter: `/groups` and `/groups/{group}` hold groups. */
function nameOf(path: string): string {
  const last = path.split('/').at(-1) ?? ''
  const parameter = /^\{(\w+)\}$/.exec(last)?.[1]
  if (parameter !== undefined) return parameter
  const word = last.split('-').at(-1) ?? ''
  return word.endsWith('ies') ? `${word.slice(0, -3)}y` : word.replace(/s$/, '')
}
