import { ClientError } from '@berth/client/client-error.ts'
import { Command, CommanderError, Option } from 'commander'
import { type CommandEntry, commandTable, serverCommands } from './command-table.ts'
import type { CommandContext } from './context.ts'
import { type ExitName, exitCodes, exitNameOf } from './exit-codes.ts'
import type { GlobalOptions } from './global-options.ts'
import { Output } from './output.ts'
import { repeatable } from './repeatable.ts'
import { processTerminal, type Terminal } from './terminal.ts'
import { version } from './version.ts'
import { wrapText } from './wrap.ts'

const completeCommand = 'complete'
const groups = ['Images', 'Registries', 'Projects of yours', 'This machine'] as const

/**
 * Runs one command line and says what the process is to end with. Only the command that is called is loaded. Nothing is
 * thrown: every fault becomes one sentence on standard error and an exit code.
 */
export async function runBerth(
  argv: readonly string[],
  terminal: Terminal = processTerminal(),
): Promise<number> {
  const name = commandName(argv)
  if (name !== undefined && Object.hasOwn(serverCommands, name)) {
    const { runServerCommand } = await import('@berth/server/program.ts')
    return runServerCommand(argv)
  }
  const stop = listenForStop()
  const entry = entryOf(name === 'help' ? commandName(argv.slice(argv.indexOf(name) + 1)) : name)
  const { program, output } = await buildProgram(terminal, stop.signal, (each) => each === entry)
  try {
    if (name === completeCommand) return await complete(argv, terminal, stop.signal)
    await program.parseAsync([...argv], { from: 'user' })
    return exitCodes[output().exit].code
  } catch (error) {
    return exitCodes[reportFault(error, output())].code
  } finally {
    stop.release()
  }
}

function entryOf(name: string | undefined): CommandEntry | undefined {
  return name !== undefined && Object.hasOwn(commandTable, name) ? commandTable[name] : undefined
}

/** Answers a shell that completes a line: `berth complete -- words…`. In no help, as people have no use for it. */
async function complete(
  argv: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const words = argv
    .slice(argv.indexOf(completeCommand) + 1)
    .filter((word, at) => at > 0 || word !== '--')
  const name = commandName(words)
  const entry = entryOf(name)
  const { program, context } = await buildProgram(terminal, signal, (each) => each === entry)
  const [{ commandWords }, { completeLine }] = await Promise.all([
    import('./completion/command-words.ts'),
    import('./completion/complete.ts'),
  ])
  const isServer = name !== undefined && Object.hasOwn(serverCommands, name)
  const root = isServer ? (await import('@berth/server/program.ts')).serverProgram() : program
  const lines = await completeLine(context, commandWords(root), words)
  if (lines.length > 0) terminal.stdout.write(`${lines.join('\n')}\n`)
  return exitCodes.done.code
}

/** The whole command line, with those commands loaded that `isWanted` names and a line in the help for each other. */
export async function buildProgram(
  terminal: Terminal,
  signal: AbortSignal,
  isWanted: (entry: CommandEntry) => boolean,
): Promise<{ program: Command; output: () => Output; context: CommandContext }> {
  const program = new Command('berth')
    .description('Images and models, from a Dockerfile to any registry and back.')
    .helpOption('-h, --help', 'print help')
    .addOption(new Option('--json', 'print the result as JSON'))
    .addOption(new Option('-q, --quiet', 'say nothing but the result, warnings and faults'))
    .addOption(
      repeatable('--ca-file <pem>', 'trust this authority too; may be repeated', ',').env(
        'BERTH_CA_FILE',
      ),
    )
    .addOption(
      repeatable('--plain-http <registry>', 'use HTTP without TLS there; may be repeated', ',').env(
        'BERTH_PLAIN_HTTP',
      ),
    )
    .addOption(
      repeatable(
        '--kind <registry=kind>',
        'what a registry is, where its address does not tell',
        ',',
      ),
    )
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
      getOutHelpWidth: () => widthOf(terminal.stdout) ?? 79,
      getErrHelpWidth: () => widthOf(terminal.stderr) ?? 79,
    })
    .exitOverride()
    .showHelpAfterError('Run "berth --help" to see what there is.')
    .addHelpText(
      'after',
      '\nEach command tells more with --help, as in: berth doctor --help\nExit codes: docs/reference/cli/exit-codes.md',
    )
  let made: Output | undefined
  const output = (): Output => {
    const { json = false, quiet = false } = program.opts<GlobalOptions>()
    made ??= new Output(terminal, { json, quiet })
    return made
  }
  const context: CommandContext = {
    terminal,
    signal,
    get output() {
      return output()
    },
    client: once(async () => {
      const { openClient } = await import('./client.ts')
      return openClient(program.opts<GlobalOptions>(), output())
    }),
  }
  const loaded: Command[] = []
  for (const group of groups) {
    for (const [name, entry] of Object.entries(commandTable)) {
      if (entry.group !== group) continue
      const command = isWanted(entry) ? (await entry.load())(context) : stub(name, entry.summary)
      if (isWanted(entry)) loaded.push(command)
      program.addCommand(inherit(command.helpGroup(`${group}:`), program))
    }
  }
  for (const [name, summary] of Object.entries(serverCommands)) {
    program.addCommand(stub(name, summary).helpGroup('The server:'))
  }
  // Options of the program are read behind a command as well, and would take "berth build --version 1.2.3" for theirs.
  if (loaded.length !== 1 || !loaded.some(hasVersionOption)) {
    program.version(version, '-V, --version', 'print the version')
  }
  program.addHelpCommand(
    new Command('help')
      .argument('[command]')
      .description('print the help of a command')
      .helpGroup('This machine:'),
  )
  return { program, output, context }
}

function hasVersionOption({ options, commands }: Command): boolean {
  return options.some(({ long }) => long === '--version') || commands.some(hasVersionOption)
}

/** A command that is only there to be listed and to be suggested for a slip of the keys. */
function stub(name: string, summary: string): Command {
  return new Command(name).description(summary).allowUnknownOption().allowExcessArguments()
}

/** Commands made on their own do not take over how the program prints and ends; nor do those below them. */
function inherit(command: Command, program: Command, path = command.name()): Command {
  command
    .exitOverride()
    .configureOutput(program.configureOutput())
    .configureHelp(program.configureHelp())
    .helpOption('-h, --help', 'print help')
    .showHelpAfterError(`Run "berth ${path} --help" to see how.`)
  for (const each of command.commands) inherit(each, program, `${path} ${each.name()}`)
  return command
}

/** One column less than there is: a line that fills the last one is broken by some terminals. `undefined` in a pipe. */
function widthOf({ isTTY, columns }: Terminal['stderr']): number | undefined {
  return isTTY === true && columns !== undefined ? columns - 1 : undefined
}

/** The first word that is no option. Those of the options that take a value are few and known. */
function commandName(argv: readonly string[]): string | undefined {
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? ''
    if (['--config', '--ca-file', '--plain-http', '--kind'].includes(word)) at += 1
    else if (!word.startsWith('-')) return word
  }
  return undefined
}

/** One plain sentence with what, where and the next step. */
function reportFault(error: unknown, output: Output): ExitName {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 'done' : 'usage'
  const { terminal } = output
  const name = error instanceof ClientError ? exitNameOf[error.kind] : 'failed'
  const message = error instanceof Error ? error.message : String(error)
  const next = error instanceof ClientError ? error.next : undefined
  if (output.isJson) {
    const fault = { kind: error instanceof ClientError ? error.kind : 'failed', message, next }
    terminal.stderr.write(`${JSON.stringify({ error: fault })}\n`)
    return name
  }
  const head = output.style('red', 'error:', 'stderr')
  const width = widthOf(terminal.stderr)
  // Broken as if the head were plain, and then coloured: colours have no width.
  const told = wrapText(`error: ${message}`, width).replace('error:', head)
  terminal.stderr.write(`${told}${next === undefined ? '' : `\n${wrapText(next, width)}`}\n`)
  if (!(error instanceof ClientError) && error instanceof Error && terminal.env.BERTH_DEBUG) {
    terminal.stderr.write(`${error.stack}\n`)
  }
  return name
}

/** The first signal lets the command clean up; a second one ends the process at once. */
function listenForStop(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.cancelled.code)
    controller.abort(new ClientError('cancelled', 'It was stopped.'))
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  return {
    signal: controller.signal,
    release: () => void process.off('SIGINT', stop).off('SIGTERM', stop),
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
