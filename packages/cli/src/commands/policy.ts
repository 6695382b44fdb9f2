import {
  deleteInstancePolicy,
  deletePolicy,
  readInstancePolicy,
  readPolicy,
  setInstancePolicy,
  setPolicy,
  testInstancePolicy,
  testPolicy,
} from '@berth/api/policies.ts'
import { policyDocumentMax } from '@berth/api/policy-document.ts'
import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { allowUntil, disallow, type ExceptionFlags, listExceptions } from '../policy/exceptions.ts'
import { openPlace, parsePolicyPlace } from '../policy/place.ts'
import { formatTrial, type TriedImage } from '../policy/format-trial.ts'
import { readInput } from '../sign/read-input.ts'

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
const pageSize = 50

/** `berth policy`: what may run, in a project of a Berth. */
export function policyCommand(context: CommandContext): Command {
  const command = new Command('policy').description(
    'show, try and set what may be pulled from a project of a Berth',
  )
  command
    .command('show')
    .description('print the policy of a project')
    .argument('<where>', where)
    .action((place: string) => show(context, place))
  command
    .command('test')
    .description('try a policy on what is stored, and say what it would block')
    .argument('<where>', where)
    .argument(
      '[file]',
      'the policy as YAML or JSON, "-" for standard input; without it the one in force',
    )
    .option('--all', 'list every image, not only those whose decision changes or that are blocked')
    .action((place: string, file: string | undefined, flags: { all?: true }) =>
      tryOut(context, place, file, flags),
    )
  command
    .command('set')
    .description('put a policy into force')
    .argument('<where>', where)
    .argument('<file>', 'the policy as YAML or JSON, "-" for standard input')
    .action((place: string, file: string) => set(context, place, file))
  command
    .command('remove')
    .description('remove the policy of a project; those of projects above still hold')
    .argument('<where>', where)
    .action((place: string) => remove(context, place))
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
    .action((place: string, flags: ExceptionFlags) => allowUntil(context, place, flags))
  command
    .command('disallow')
    .description('end an exception now')
    .argument('<where>', where)
    .argument('<id>', 'of the exception')
    .action((place: string, id: string) => disallow(context, place, id))
  command
    .command('exceptions')
    .description('list what may pass, until when, by whom and why')
    .argument('<where>', where)
    .option('--all', 'those that ended, too')
    .action((place: string, flags: { all?: true }) => listExceptions(context, place, flags))
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

async function show(context: CommandContext, text: string): Promise<void> {
  const place = parsePolicyPlace(text)
  const api = await openPlace(context, place)
  const { signal } = context
  const { body } =
    place.project === ''
      ? await api.call(readInstancePolicy, { signal })
      : await api.call(readPolicy, { params: { project: place.project }, signal })
  context.output.result({ json: body, text: body.document.trimEnd() })
}

async function set(context: CommandContext, text: string, file: string): Promise<void> {
  const place = parsePolicyPlace(text)
  const body = { document: await readDocument(context, file) }
  const api = await openPlace(context, place)
  const { signal } = context
  const { body: policy } =
    place.project === ''
      ? await api.call(setInstancePolicy, { body, signal })
      : await api.call(setPolicy, { params: { project: place.project }, body, signal })
  context.output.result({
    json: policy,
    text: `Version ${policy.version} is in force, with ${policy.rules.length} rules.`,
  })
}

async function remove(context: CommandContext, text: string): Promise<void> {
  const place = parsePolicyPlace(text)
  const api = await openPlace(context, place)
  const { signal } = context
  if (place.project === '') await api.call(deleteInstancePolicy, { signal })
  else await api.call(deletePolicy, { params: { project: place.project }, signal })
  context.output.result({ json: { removed: true }, text: 'The policy is removed.' })
}

async function tryOut(
  context: CommandContext,
  text: string,
  file: string | undefined,
  flags: { all?: true },
): Promise<void> {
  const place = parsePolicyPlace(text)
  const document = file === undefined ? undefined : await readDocument(context, file)
  const api = await openPlace(context, place)
  const { signal, output } = context
  const images: TriedImage[] = []
  for (let after: string | undefined; ; ) {
    const body = {
      limit: pageSize,
      ...(document !== undefined && { document }),
      ...(after !== undefined && { after }),
    }
    const { body: page } =
      place.project === ''
        ? await api.call(testInstancePolicy, { body, signal })
        : await api.call(testPolicy, { params: { project: place.project }, body, signal })
    images.push(...page.items)
    if (page.next === null) break
    after = page.next
    output.note(`${images.length} images tried`)
  }
  output.result({ json: { images }, text: formatTrial(images, flags.all === true, output) })
  if (images.some(({ tried }) => tried.decision === 'deny')) output.exit = 'difference'
}

async function readDocument(context: CommandContext, file: string): Promise<string> {
  const read = { flag: 'The policy', maxBytes: policyDocumentMax }
  return (await readInput(context, file, read)).toString()
}
