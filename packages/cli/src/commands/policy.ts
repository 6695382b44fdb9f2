import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import type { ExceptionFlags } from '../policy/exceptions.ts'

const where = 'registry/project, or the registry alone for the whole instance'
const examples: Readonly<Record<string, string>> = {
  show: 'show 127.0.0.1:5000/acme',
  test: 'test 127.0.0.1:5000/acme policy.yaml',
  set: 'set 127.0.0.1:5000/acme policy.yaml',
  remove: 'remove 127.0.0.1:5000/acme',
  allow: 'allow 127.0.0.1:5000/acme --rule signed --until 2027-01-31 --reason moving',
  disallow: 'disallow 127.0.0.1:5000/acme 56997cf0-a222-4245-90ae-51e012306b17',
  exceptions: 'exceptions 127.0.0.1:5000/acme',
}

/** `berth policy`: what may run, in a project of a Berth. */
export function policyCommand(context: CommandContext): Command {
  const command = new Command('policy').description(
    'show, try and set what may be pulled from a project of a Berth',
  )
  command
    .command('show')
    .description('print the policy of a project')
    .argument('<where>', where)
    .action(async (place: string) => (await import('../policy/run-policy.ts')).show(context, place))
  command
    .command('test')
    .description('try a policy on what is stored, and say what it would block')
    .argument('<where>', where)
    .argument(
      '[file]',
      'the policy as YAML or JSON, "-" for standard input; without it the one in force',
    )
    .option('--all', 'list every image, not only those whose decision changes or that are blocked')
    .action(async (place: string, file: string | undefined, flags: { all?: true }) =>
      (await import('../policy/run-policy.ts')).tryOut(context, place, file, flags),
    )
  command
    .command('set')
    .description('put a policy into force')
    .argument('<where>', where)
    .argument('<file>', 'the policy as YAML or JSON, "-" for standard input')
    .action(async (place: string, file: string) =>
      (await import('../policy/run-policy.ts')).set(context, place, file),
    )
  command
    .command('remove')
    .description('remove the policy of a project; those of projects above still hold')
    .argument('<where>', where)
    .action(async (place: string) =>
      (await import('../policy/run-policy.ts')).remove(context, place),
    )
  command
    .command('allow')
    .description('let something pass until a day, with a reason')
    .argument('<where>', where)
    .option('--vulnerability <id>', 'such as CVE-2021-44228')
    .option('--package <name>', 'such as deb:openssl, or the name alone')
    .option('--rule <name>', 'of the policy')
    .option('--repositories <pattern>', 'only there, such as acme/**')
    .requiredOption('--until <day>', 'the last day, such as 2027-01-31')
    .requiredOption('--reason <text>', 'for those who read it later')
    .action(async (place: string, flags: ExceptionFlags) =>
      (await import('../policy/exceptions.ts')).allowUntil(context, place, flags),
    )
  command
    .command('disallow')
    .description('end an exception now')
    .argument('<where>', where)
    .argument('<id>', 'of the exception')
    .action(async (place: string, id: string) =>
      (await import('../policy/exceptions.ts')).disallow(context, place, id),
    )
  command
    .command('exceptions')
    .description('list what may pass, until when, by whom and why')
    .argument('<where>', where)
    .option('--all', 'those that ended, too')
    .action(async (place: string, flags: { all?: true }) =>
      (await import('../policy/exceptions.ts')).listExceptions(context, place, flags),
    )
  for (const each of command.commands) {
    each.addHelpText('after', `\nExamples:\n  berth policy ${examples[each.name()]}`)
  }
  return command.addHelpText(
    'after',
    `
Examples:
  berth policy test 127.0.0.1:5000/acme policy.yaml
  berth policy set 127.0.0.1:5000/acme policy.yaml
  berth policy allow 127.0.0.1:5000/acme --vulnerability CVE-2021-44228 \\
    --until 2027-01-31 --reason "not reachable, see ticket 12"`,
  )
}
