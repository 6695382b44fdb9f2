import type { Command } from 'commander'
import { beforeAll, describe, expect, test } from 'vitest'
import { allCommands, textAfter } from '../../../scripts/generate-cli-docs.ts'
import { commandTable, serverCommands } from './command-table.ts'
import { buildProgram } from './program.ts'
import { processTerminal } from './terminal.ts'

let commands: readonly Command[] = []

beforeAll(async () => {
  commands = await allCommands()
})

const names = [...Object.keys(commandTable), ...Object.keys(serverCommands)]
const columns = 80

/** A command and all below it, by their whole names. */
function withAllBelow(command: Command, path = command.name()): readonly [string, Command][] {
  const below = command.commands.filter((each) => each.name() !== 'help')
  return [[path, command], ...below.flatMap((each) => withAllBelow(each, `${path} ${each.name()}`))]
}

function find(name: string): Command {
  const command = commands.find((each) => each.name() === name)
  if (command === undefined) throw new Error(`there is no ${name}`)
  return command
}

describe.each(names)('berth %s', (name) => {
  test('is described as the list of commands has it, and so is all that belongs to it', () => {
    const summary = commandTable[name]?.summary
    if (summary !== undefined) expect(find(name).description()).toBe(summary)
    for (const [path, command] of withAllBelow(find(name))) {
      expect(command.description(), path).not.toBe('')
      for (const option of command.options) {
        if (!option.hidden) expect(option.description, `${path} ${option.flags}`).not.toBe('')
      }
    }
  })
})

describe.each(Object.keys(commandTable))('berth %s', (name) => {
  test('has examples, in each part of it, and they are understood', async () => {
    for (const [path, command] of withAllBelow(find(name))) {
      const examples = examplesOf(command)
      if (command.commands.length === 0) expect(examples.length, path).toBeGreaterThan(0)
      for (const example of examples) await understand(example)
    }
  })

  test('has no line below its help that is wider than a terminal', () => {
    for (const [path, command] of withAllBelow(find(name))) {
      const wide = textAfter(command)
        .split('\n')
        .filter((line) => line.length > columns && !line.startsWith('  '))
      expect(wide, path).toEqual([])
    }
  })
})

function examplesOf(command: Command): readonly string[] {
  const text = textAfter(command)
  const at = text.indexOf('Examples:')
  if (at === -1) return []
  return text
    .slice(at)
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) => /(?:^|\| *|; *|&& *|\$\()(berth .*)$/.exec(line.trim())?.[1] ?? [])
}

/** Whether the words of a line are what the command takes; nothing is done. */
async function understand(line: string): Promise<void> {
  const words = wordsOf(line)
  const { program } = await buildProgram(
    processTerminal(),
    AbortSignal.timeout(10_000),
    (entry) => entry === commandTable[words.find((word) => !word.startsWith('-')) ?? ''],
  )
  silence(program)
  program.configureOutput({ writeErr: () => {}, writeOut: () => {} })
  await program.parseAsync(words, { from: 'user' }).catch((error: unknown) => {
    throw new Error(`${line}: ${(error as Error).message}`)
  })
}

function silence(command: Command): void {
  command.configureOutput({ writeErr: () => {}, writeOut: () => {} })
  if (hasAction(command)) command.action(() => {})
  for (const each of command.commands) silence(each)
}

/** An action given to a command that has none would swallow the names of those below it. */
function hasAction(command: Command): boolean {
  const { _actionHandler } = command as unknown as { _actionHandler: unknown }
  return typeof _actionHandler === 'function'
}

/** As a shell takes a simple line apart: quotes, and what is behind a redirection or another program. */
function wordsOf(line: string): readonly string[] {
  const words: string[] = []
  for (const [, single, double, bare] of line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)) {
    if (bare !== undefined && /^(?:\||&&|;|#|[0-9]?>{1,2}.*|<.*)$/.test(bare)) break
    words.push(single ?? double ?? bare ?? '')
  }
  return words.slice(1)
}
