import { formatRepositoryAddress } from '@berth/client/image-reference.ts'
import { Command } from 'commander'
import { readVariables } from '../build/variable-options.ts'
import type { CommandContext } from '../context.ts'
import { formatTable } from '../table.ts'

type Options = {
  file: string
  service?: string[]
  version?: string
  environment?: string
  set?: string[]
  registry: boolean
}

/** `berth tags plan`: the tags that a build would set, and why. */
export function tagsPlanCommand(context: CommandContext): Command {
  return new Command('plan')
    .description('show which tags "berth build" would set now, and why')
    .option('-f, --file <path>', 'where the services are', 'berth.yaml')
    .option('-s, --service <name...>', 'only these services, and those that they depend on')
    .option('--version <version>', 'the version, for instance 1.2.3')
    .option('--environment <name>', 'the environment')
    .option('--set <name=value...>', 'a variable of the file, over the environment')
    .option('--no-registry', 'do not ask the registry for the tags that it has')
    .addHelpText(
      'after',
      '\nExamples:\n  berth tags plan\n  berth tags plan --version 1.2.3 --service api\n  berth tags plan --no-registry',
    )
    .action((options: Options) => plan(context, options))
}

async function plan(context: CommandContext, options: Options): Promise<void> {
  const { output, signal } = context
  const { planBuild } = await import('../build/build-plan.ts')
  const client = options.registry ? await context.client() : undefined
  const { services, git, version } = await planBuild(
    {
      file: options.file,
      services: options.service ?? [],
      platforms: [],
      version: options.version,
      environment: options.environment,
      variables: readVariables(options.set ?? []),
    },
    output,
    client,
    signal,
  )
  const rows = services.flatMap(({ service, tagPlans }) =>
    tagPlans.map(({ strategy, tag, action, reason }) => [
      service.name,
      strategy,
      tag ?? '',
      action === 'leave' ? output.style('dim', 'left out') : words[action],
      reason,
    ]),
  )
  output.result({
    json: {
      revision: git.revision ?? null,
      branch: git.branch ?? null,
      version: version ?? null,
      services: services.map(({ service, tagPlans }) => ({
        service: service.name,
        image: formatRepositoryAddress(service.address),
        tags: tagPlans.map(({ strategy, tag, action, reason }) => ({
          strategy,
          tag: tag ?? null,
          action,
          reason,
        })),
      })),
    },
    text: formatTable(
      [
        { title: 'SERVICE' },
        { title: 'STRATEGY' },
        { title: 'TAG', shrinks: true },
        { title: 'WHAT' },
        { title: 'WHY', shrinks: true },
      ],
      rows,
      output.columns,
    ),
  })
}

const words = { create: 'created', move: 'moved', set: 'set' } as const
