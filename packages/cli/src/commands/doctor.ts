import { Command, InvalidArgumentError, Option } from 'commander'
import type { CommandContext } from '../context.ts'

/** `berth doctor`: what is wrong here, and the line that mends it. */
export function doctorCommand(context: CommandContext): Command {
  return new Command('doctor')
    .description('find out what is wrong here, and what mends it')
    .argument(
      '[name...]',
      'registries and repositories to look at (default: those of the file, else stored logins)',
    )
    .addOption(
      new Option(
        '-f, --file <path>',
        'build file whose registry and platforms are looked at',
      ).default('berth.yaml'),
    )
    .addOption(
      new Option('--timeout <seconds>', 'time for each check').default(10).argParser(parseSeconds),
    )
    .addHelpText(
      'after',
      `
All is looked at at once, and nothing is changed. The exit code is 9 when
something failed.

Examples:
  berth doctor
  berth doctor ghcr.io
  berth doctor 127.0.0.1:5000/acme/api --timeout 30
  berth doctor --json`,
    )
    .action(
      async (names: string[], options: { file: string; timeout: number }, command: Command) => {
        const { examine } = await import('../doctor/doctor.ts')
        const { reportFindings } = await import('../doctor/report.ts')
        const { caFile = [], plainHttp = [] } = command.optsWithGlobals<{
          caFile?: string[]
          plainHttp?: string[]
        }>()
        const findings = await examine(context, {
          names,
          file: options.file,
          timeoutMs: options.timeout * 1000,
          caFiles: [caFile].flat(),
          plainHttp: [plainHttp].flat(),
        })
        context.output.result(reportFindings(findings, context.output))
        if (findings.some(({ status }) => status === 'fail')) context.output.exit = 'difference'
      },
    )
}

function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (!(seconds > 0 && seconds <= 600)) {
    throw new InvalidArgumentError('Give a number of seconds, at most 600.')
  }
  return seconds
}
