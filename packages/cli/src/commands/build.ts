import { availableParallelism } from 'node:os'
import { ClientError } from '@berth/client/client-error.ts'
import { Command, Option } from 'commander'
import type { BuildRequest } from '../build/build-images.ts'
import { type BuilderName, builderNames } from '../build/builder.ts'
import { readVariables } from '../build/variable-options.ts'
import type { CommandContext } from '../context.ts'

type Options = {
  file: string
  service?: string[]
  platform?: string[]
  builder: BuilderName | 'auto'
  push: boolean
  version?: string
  environment?: string
  parallel?: string
  cache: boolean
  cacheFrom?: string[]
  cacheTo?: string[]
  set?: string[]
  removeOld?: string | boolean
  updateLock?: boolean
  dryRun?: boolean
  failFast?: boolean
  scan?: string | boolean
  sign?: string | boolean
  advisories?: string
}

const atOnceMax = 4
const keptLocally = 5

/** `berth build`: from `berth.yaml` to images in the registry. */
export function buildCommand(context: CommandContext): Command {
  return new Command('build')
    .description('build the images of berth.yaml and push them')
    .option('-f, --file <path>', 'what to build', 'berth.yaml')
    .option('-s, --service <name...>', 'only these services, and those that they depend on')
    .option('--platform <platform...>', 'build for these instead of those of the file: linux/arm64')
    .addOption(
      new Option('--builder <name>', 'what builds; auto takes the first that answers and can do it')
        .choices(['auto', ...builderNames])
        .default('auto'),
    )
    .option('--no-push', 'build only; the registry is not asked anything')
    .option('--version <version>', 'the version that tags are made of, for instance 1.2.3')
    .option('--environment <name>', 'the environment for tags by environment')
    .option('--set <name=value...>', 'a variable of the file, over the environment')
    .option(
      '--parallel <number>',
      `services at a time; the number of cores when not given, at most ${atOnceMax}`,
    )
    .option('--no-cache', 'build every step anew')
    .option('--cache-from <place...>', 'take build cache from there too')
    .option('--cache-to <place...>', 'keep build cache there too')
    .option('--fail-fast', 'stop everything, and push nothing, as soon as one service fails')
    .option(
      '--remove-old [count]',
      `afterwards remove local images but the newest, ${keptLocally} when no count is given`,
    )
    .option('--update-lock', 'note the digests in build-lock.json')
    .option('--dry-run', 'print what would be done')
    .option('--scan [severity]', 'scan what was pushed; fail on findings as bad as this, or worse')
    .option('--no-scan', 'do not scan, whatever the file says')
    .option('--sign [key]', 'sign what passed: a key file, or berth:name of a key in Berth')
    .option('--no-sign', 'do not sign, whatever the file says')
    .option('--advisories <file>', 'the database to scan with (or BERTH_ADVISORIES)')
    .addHelpText(
      'after',
      `
Nothing is pushed of a service that could not be built, and tags are set last.
Scanning comes after the push, signing after that: an image with findings that
--scan fails on is pushed but not signed, and the exit code is 9.
What the builder prints is in .berth/logs/<service>.log. The file is described
in docs/reference/berth-yaml.md.

Examples:
  berth build --version 1.2.3
  berth build --service api --platform linux/amd64 linux/arm64
  berth build --builder buildah --no-push
  berth build --scan high --sign release.key
  berth build --dry-run`,
    )
    .action((options: Options) => build(context, options))
}

async function build(context: CommandContext, options: Options): Promise<void> {
  const { output } = context
  // Loaded here: the help needs none of it.
  const { buildImages } = await import('../build/build-images.ts')
  const end = await buildImages(requestOf(options), context)
  if (end.kind === 'planned') {
    const { plan, chosen } = end
    const { formatBuildPlan, jsonOfPlan } = await import('../build/format-plan.ts')
    output.result({
      json: jsonOfPlan(plan, chosen),
      text: formatBuildPlan(plan, chosen, output.columns),
    })
    return
  }
  const { result, fault } = end
  const { formatResult } = await import('../build/build-result.ts')
  output.result({ json: result, text: formatResult(result, output.columns) })
  const { tellBlocked } = await import('../build/tell-blocked.ts')
  tellBlocked(result, output)
  if (fault !== undefined) throw fault
}

function requestOf(options: Options): BuildRequest {
  return {
    file: options.file,
    services: options.service ?? [],
    platforms: (options.platform ?? []).flatMap((each) => each.split(',')),
    builder: options.builder,
    push: options.push,
    version: options.version,
    environment: options.environment,
    variables: readVariables(options.set ?? []),
    parallel: readCount(
      '--parallel',
      options.parallel ?? String(Math.min(atOnceMax, availableParallelism())),
      1,
    ),
    noCache: !options.cache,
    cacheFrom: options.cacheFrom ?? [],
    cacheTo: options.cacheTo ?? [],
    failFast: options.failFast === true,
    keepLocal:
      options.removeOld === undefined || options.removeOld === false
        ? undefined
        : options.removeOld === true
          ? keptLocally
          : readCount('--remove-old', options.removeOld, 1),
    updateLock: options.updateLock === true,
    dryRun: options.dryRun === true,
    scan: options.scan,
    sign: options.sign,
    advisories: options.advisories,
  }
}

function readCount(flag: string, text: string, least: number): number {
  const count = Number(text)
  if (/^\d{1,4}$/.test(text) && count >= least) return count
  throw new ClientError('inputInvalid', `${flag} takes a number from ${least} on, not "${text}".`)
}
