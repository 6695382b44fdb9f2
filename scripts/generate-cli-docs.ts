import type { EventEmitter } from 'node:events'
import type { Argument, Command, Option } from 'commander'
import { serverCommands } from '../packages/cli/src/command-table.ts'
import { exitCodes } from '../packages/cli/src/exit-codes.ts'
import { buildProgram } from '../packages/cli/src/program.ts'
import { processTerminal } from '../packages/cli/src/terminal.ts'
import { serverProgram } from '../packages/server/src/program.ts'

type Page = { readonly name: string; readonly text: string }

const note =
  'This page is generated from the commands themselves: run `npm run docs` after a change.'

/** The pages of `docs/reference/cli`: one for each command, exit codes, and a table of contents. */
export async function cliPages(): Promise<readonly Page[]> {
  const commands = await allCommands()
  return [
    { name: 'cli/README.md', text: contents(commands) },
    { name: 'cli/exit-codes.md', text: exitCodePage() },
    ...commands.map((command) => ({
      name: `cli/${command.name()}.md`,
      text: `${[`# berth ${command.name()}`, note, ...sections(command, `berth ${command.name()}`, 2)].join('\n\n')}\n`,
    })),
  ]
}

/** Those of the client, then those of the server. */
export async function allCommands(): Promise<readonly Command[]> {
  const { program } = await buildProgram(
    processTerminal(),
    new AbortController().signal,
    () => true,
  )
  const client = program.commands.filter(
    (command) => command.name() !== 'help' && !Object.hasOwn(serverCommands, command.name()),
  )
  return [...client, ...serverProgram().commands]
}

/** What a command adds below its help: remarks and examples. */
export function textAfter(command: Command): string {
  let text = ''
  const context = { error: false, command, write: (part: string) => void (text += part) }
  // Commander is an EventEmitter, which its types do not say.
  ;(command as unknown as EventEmitter).emit('afterHelp', context)
  return text.trim()
}

function contents(commands: readonly Command[]): string {
  const rows = commands.map(
    (command) =>
      `| [berth ${command.name()}](${command.name()}.md) | ${cell(command.description())} |`,
  )
  const options = commands[0]?.parent?.options ?? []
  return `${[
    '# The command',
    note,
    ['| Command | What it does |', '| --- | --- |', ...rows].join('\n'),
    '## Options of all commands of the client',
    optionTable(options),
    'What the command ends with is told in [exit codes](exit-codes.md).',
  ].join('\n\n')}\n`
}

function exitCodePage(): string {
  const rows = Object.entries(exitCodes).map(
    ([name, { code, meaning }]) => `| ${code} | \`${name}\` | ${cell(meaning)} |`,
  )
  return `${[
    '# Exit codes',
    'This page is generated from `packages/cli/src/exit-codes.ts`. With `--json` a fault is one line of JSON on standard error: `{"error": {"kind", "message", "next"}}`.',
    ['| Code | Name | Meaning |', '| --- | --- | --- |', ...rows].join('\n'),
  ].join('\n\n')}\n`
}

function sections(command: Command, path: string, depth: number): readonly string[] {
  const text = textAfter(command)
  const visible = command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help')
  return [
    `${command.description().replace(/\.$/, '')}.`.replace(/^./, (first) => first.toUpperCase()),
    `\`\`\`\n${path} ${command.usage()}\n\`\`\``,
    ...table(
      ['Argument', 'What it is'],
      command.registeredArguments.map((each) => [`\`${argumentName(each)}\``, argumentText(each)]),
    ),
    ...(command.options.some(({ hidden }) => !hidden) ? [optionTable(command.options)] : []),
    ...(text === '' ? [] : [`\`\`\`\n${text}\n\`\`\``]),
    ...visible.flatMap((each) => [
      `${'#'.repeat(depth)} ${path} ${each.name()}`,
      ...sections(each, `${path} ${each.name()}`, depth + 1),
    ]),
  ]
}

function optionTable(options: readonly Option[]): string {
  const rows = options
    .filter(({ hidden }) => !hidden)
    .map((option) => [`\`${option.flags}\``, optionText(option)])
  return table(['Option', 'What it does'], rows).join('')
}

function optionText({
  description,
  argChoices,
  defaultValue,
  defaultValueDescription,
  envVar,
}: Option): string {
  const notes = [
    ...(argChoices === undefined
      ? []
      : [`one of ${argChoices.map((each) => `\`${each}\``).join(', ')}`]),
    ...(defaultValue === undefined || typeof defaultValue === 'boolean'
      ? []
      : [`default: \`${defaultValueDescription ?? String(defaultValue)}\``]),
    ...(envVar === undefined ? [] : [`variable: \`${envVar}\``]),
  ]
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`
}

function argumentName(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}

function argumentText({ description, argChoices }: Argument): string {
  return argChoices === undefined ? description : `${description}: ${argChoices.join(', ')}`
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return []
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [[line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n')]
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')
