import { Argument, Command } from 'commander'
import { completionScript, type Shell, shells } from '../completion/scripts.ts'
import type { CommandContext } from '../context.ts'

/** `berth completion`: prints what a shell reads to complete the command line. */
export function completionCommand(context: CommandContext): Command {
  return new Command('completion')
    .description('print what makes a shell complete berth')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText(
      'after',
      `
Commands and options are completed, and registries, repositories, tags and
services where they belong.

Examples:
  berth completion bash >> ~/.bashrc
  berth completion zsh > ~/.zfunc/_berth
  berth completion fish > ~/.config/fish/completions/berth.fish`,
    )
    .action((shell: Shell) => {
      const script = completionScript(shell)
      context.output.result({ json: { shell, script }, text: script.trimEnd() })
    })
}
