import { homeOf } from '../client.ts'
import type { CommandContext } from '../context.ts'
import type { CommandWords } from './command-words.ts'
import { imagesLike, knownRegistries, knownServices } from './known-names.ts'
import { suggest, type Suggestions } from './suggest.ts'

/** A shell waits for this; whatever has not come by then does not come. */
const patienceMs = 1500

/**
 * What a shell may offer for the words of a line, the last of which is being written: one line each, `word<tab>what it
 * is`. A first line `:files` asks the shell for names of files. Never throws, and says nothing about faults.
 */
export async function completeLine(
  context: CommandContext,
  commands: readonly CommandWords[],
  words: readonly string[],
): Promise<readonly string[]> {
  const current = words.at(-1) ?? ''
  const suggestions = suggest(commands, words)
  const found = await outside(context, suggestions.wanted, current)
  const lines = [...suggestions.words, ...found.map((word) => ({ word, description: '' }))]
    .filter(({ word }) => word.startsWith(current))
    .map(({ word, description }) => (description === '' ? word : `${word}\t${description}`))
  const isFile =
    suggestions.wanted === 'files' ||
    (suggestions.wanted === 'images' && /^(?:oci:|\.|~|\/)/.test(current))
  return isFile ? [':files', ...lines] : lines
}

async function outside(
  context: CommandContext,
  wanted: Suggestions['wanted'],
  current: string,
): Promise<readonly string[]> {
  const { terminal } = context
  const limit = AbortSignal.timeout(patienceMs)
  const signal = AbortSignal.any([context.signal, limit])
  const registries = () => knownRegistries(terminal, homeOf(terminal.env))
  const work = async (): Promise<readonly string[]> => {
    if (wanted === 'services') return knownServices(terminal)
    if (wanted === 'registries') return registries()
    if (wanted === 'images') return imagesLike(current, registries, () => context.client(), signal)
    return []
  }
  const tooLate = new Promise<readonly string[]>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve([])
    })
  })
  return Promise.race([work().catch(() => []), tooLate])
}
