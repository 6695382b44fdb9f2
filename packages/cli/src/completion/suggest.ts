import type { CommandWords, OptionWords } from './command-words.ts'

/** What may stand where the cursor is. */
export type Suggestions = {
  readonly words: readonly { readonly word: string; readonly description: string }[]
  /** What else may stand there, and has to be asked for elsewhere. */
  readonly wanted: 'images' | 'registries' | 'services' | 'files' | 'nothing'
}

const imageNames = new Set([
  'image',
  'images',
  'reference',
  'repository',
  'source',
  'target',
  'name',
])

/**
 * What may come next, from the commands alone. `words` are those of the line without the first; the last of them is
 * the one that is being written, and may be empty.
 */
export function suggest(commands: readonly CommandWords[], words: readonly string[]): Suggestions {
  const current = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const { command, option, isEnded } = follow(commands, before)
  if (command === undefined) return { words: [], wanted: 'nothing' }
  const [, assigned] = /^(--[a-z0-9-]+)=/.exec(current) ?? []
  if (!isEnded && assigned !== undefined) {
    const named = command.options.find(({ flags }) => flags.includes(assigned))
    const values = valuesOf(named)
    return {
      ...values,
      words: values.words.map(({ word, description }) => ({
        word: `${assigned}=${word}`,
        description,
      })),
    }
  }
  if (option !== undefined) return valuesOf(option)
  if (!isEnded && current.startsWith('-')) {
    const words = command.options.flatMap(({ flags, description }) =>
      flags
        .filter((flag) => flag.startsWith('--') || current === '-')
        .map((word) => ({ word, description })),
    )
    return { words, wanted: 'nothing' }
  }
  if (command.commands.length > 0) {
    const names = command.commands.map(({ name, description }) => ({ word: name, description }))
    return { words: names, wanted: 'nothing' }
  }
  const choices = command.arguments.flatMap((each) => each.choices)
  if (choices.length > 0) {
    return { words: choices.map((word) => ({ word, description: '' })), wanted: 'nothing' }
  }
  return { words: [], wanted: wantedBy(command.arguments.map(({ name }) => name)) }
}

/** Goes through the words that are complete: which command they lead to, and whether an option waits for its value. */
function follow(
  commands: readonly CommandWords[],
  words: readonly string[],
): { command: CommandWords | undefined; option: OptionWords | undefined; isEnded: boolean } {
  let path: readonly string[] = [commands[0]?.path[0] ?? '']
  let command = commands[0]
  let option: OptionWords | undefined
  let isEnded = false
  for (const word of words) {
    if (option !== undefined) option = undefined
    else if (isEnded) continue
    else if (word === '--') isEnded = true
    else if (word.startsWith('-')) {
      const named = command?.options.find(({ flags }) => flags.includes(word))
      if (named?.takesValue === true) option = named
    } else if (command?.commands.some(({ name }) => name === word) === true) {
      path = [...path, word]
      command = commands.find((each) => each.path.join(' ') === path.join(' '))
    }
  }
  return { command, option, isEnded }
}

function valuesOf(option: OptionWords | undefined): Suggestions {
  if (option === undefined) return { words: [], wanted: 'nothing' }
  const words = option.choices.map((word) => ({ word, description: option.description }))
  if (words.length > 0) return { words, wanted: 'nothing' }
  const names = option.flags.join(' ')
  if (/--(?:plain-http|registry)\b/.test(names)) return { words, wanted: 'registries' }
  if (/--services?\b/.test(names)) return { words, wanted: 'services' }
  return { words, wanted: option.takesValue ? 'files' : 'nothing' }
}

function wantedBy(names: readonly string[]): Suggestions['wanted'] {
  if (names.some((name) => /^services?$/.test(name))) return 'services'
  if (names.some((name) => /^registr(?:y|ies)$/.test(name))) return 'registries'
  if (names.some((name) => imageNames.has(name) || /image|reference/.test(name))) return 'images'
  return names.length > 0 ? 'files' : 'nothing'
}
