import { repositoryText } from '../../text/repositories.ts'
import type { Change, ComparedImage } from './compared.ts'

const { fields, present } = repositoryText.compare

type Configuration = NonNullable<ComparedImage['manifest']['image']>

/** One line of the configuration in both images; `undefined` where it is not set. */
export type ConfigurationLine = {
  readonly key: string
  readonly name: string
  readonly before: string | undefined
  readonly after: string | undefined
  readonly change: Change
}

/** Every line that either image has, in the order in which people look for them. */
export function configurationLines(
  before: Configuration,
  after: Configuration,
): ConfigurationLine[] {
  const old = linesOf(before)
  const current = linesOf(after)
  const keys = new Set([...old.keys(), ...current.keys()])
  const lines = [...keys].map((key) => {
    const was = old.get(key)
    const is = current.get(key)
    const [name = key] = [is?.name, was?.name].filter((each) => each !== undefined)
    return {
      key,
      name,
      place: is?.place ?? was?.place ?? 0,
      before: was?.value,
      after: is?.value,
      change: changeOf(was?.value, is?.value),
    }
  })
  return lines
    .sort((a, b) => a.place - b.place || (a.key < b.key ? -1 : 1))
    .map(({ key, name, before, after, change }) => ({ key, name, before, after, change }))
}

function changeOf(before: string | undefined, after: string | undefined): Change {
  if (before === after) return 'same'
  if (before === undefined) return 'added'
  return after === undefined ? 'removed' : 'changed'
}

type Line = { readonly name: string; readonly value: string; readonly place: number }

function linesOf(configuration: Configuration): Map<string, Line> {
  const lines = new Map<string, Line>()
  const add = (place: number, key: string, name: string, value: string | null) => {
    if (value !== null && value !== '') lines.set(`${place} ${key}`, { name, value, place })
  }
  const { os, architecture, variant, labels } = configuration
  add(0, '', fields.platform, [os, architecture, variant].filter(Boolean).join('/'))
  add(1, '', fields.user, configuration.user)
  add(2, '', fields.workingDirectory, configuration.workingDirectory)
  add(3, '', fields.entrypoint, wordsOf(configuration.entrypoint))
  add(4, '', fields.command, wordsOf(configuration.command))
  for (const [name, value] of configuration.environment.map(splitVariable)) {
    add(5, name, fields.environment(name), value)
  }
  for (const port of configuration.exposedPorts) add(6, port, fields.port(port), present)
  for (const volume of configuration.volumes) add(7, volume, fields.volume(volume), present)
  add(8, '', fields.stopSignal, configuration.stopSignal)
  for (const [name, value] of Object.entries(labels)) {
    // A label can be there and empty.
    add(9, name, fields.label(name), value === '' ? '""' : value)
  }
  return lines
}

/** As the image has them: each word by itself, so that spaces are told apart. */
function wordsOf(words: readonly string[]): string | null {
  return words.length === 0 ? null : JSON.stringify(words)
}

function splitVariable(variable: string): [name: string, value: string] {
  const at = variable.indexOf('=')
  return at < 0 ? [variable, '""'] : [variable.slice(0, at), variable.slice(at + 1) || '""']
}
