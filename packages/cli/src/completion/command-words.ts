import type { Argument, Command, Option } from 'commander'

/** One option as a shell has to know it. */
export type OptionWords = {
  /** `-q`, `--quiet`. */
  readonly flags: readonly string[]
  readonly description: string
  readonly takesValue: boolean
  readonly choices: readonly string[]
}

/** One command as a shell has to know it. */
export type CommandWords = {
  /** From the root on: `['berth', 'ci', 'init']`. */
  readonly path: readonly string[]
  readonly description: string
  readonly options: readonly OptionWords[]
  readonly commands: readonly { readonly name: string; readonly description: string }[]
  /** What its arguments are, by their names: `image`, `registry`. */
  readonly arguments: readonly { readonly name: string; readonly choices: readonly string[] }[]
}

/** Every command below the root, the root first. Hidden commands and options are left out. */
export function commandWords(root: Command): readonly CommandWords[] {
  const globals = root.options
  return walk(root, [root.name()], globals)
}

function walk(
  command: Command,
  path: readonly string[],
  globals: readonly Option[],
): readonly CommandWords[] {
  const shown = command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help')
  const own = command.options.filter(({ hidden }) => !hidden)
  const inherited = path.length === 1 ? [] : globals.filter(({ hidden }) => !hidden)
  const help = {
    flags: ['-h', '--help'],
    description: 'print help',
    takesValue: false,
    choices: [],
  }
  return [
    {
      path,
      description: command.description(),
      options: [...[...own, ...inherited].map(optionWords), help],
      commands: shown.map((each) => ({ name: each.name(), description: each.description() })),
      arguments: command.registeredArguments.map((each: Argument) => ({
        name: each.name(),
        choices: each.argChoices ?? [],
      })),
    },
    ...shown.flatMap((each) => walk(each, [...path, each.name()], globals)),
  ]
}

function optionWords(option: Option): OptionWords {
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
  }
}
