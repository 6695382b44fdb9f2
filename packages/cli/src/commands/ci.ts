import { ClientError } from '@berth/client/client-error.ts'
import { Command } from 'commander'
import type { InitFile } from '../ci/init.ts'
import type { CommandContext } from '../context.ts'
import type { Output } from '../output.ts'

type Options = {
  file: string
  github?: boolean
  gitlab?: boolean
  force?: boolean
  dryRun?: boolean
  offline?: boolean
  nativeArm?: boolean
  packageUrl?: string
  packageSha256?: string
  scan?: string | boolean
  sbom?: boolean
  sign?: string
  advisories?: string
}

/** `berth ci`: pipelines for what `berth.yaml` builds. */
export function ciCommand(context: CommandContext): Command {
  return new Command('ci')
    .description('make pipelines for GitHub and GitLab from berth.yaml')
    .addHelpText(
      'after',
      '\nExamples:\n  berth ci init --github\n  berth ci init --gitlab --dry-run',
    )
    .addCommand(initCommand(context))
}

function initCommand(context: CommandContext): Command {
  return new Command('init')
    .description('write .github/workflows/berth.yml and .gitlab-ci.yml')
    .option('-f, --file <path>', 'what is built', 'berth.yaml')
    .option('--github', 'the workflow for GitHub only')
    .option('--gitlab', 'the pipeline for GitLab only')
    .option('--force', 'write over files that are there and differ')
    .option('--dry-run', 'print what would be written')
    .option('--offline', 'ask no registry for the digests of images')
    .option('--native-arm', 'build for ARM on ARM runners instead of emulating')
    .option('--package-url <url>', 'where runners get the package of berth')
    .option('--package-sha256 <digits>', 'the SHA-256 of that package')
    .option('--scan [severity]', 'scan what was pushed; fail on findings as bad as this, or worse')
    .option('--sbom', 'attach an SBOM to each image that was pushed')
    .option('--sign <key>', 'sign what passed: a key file, or berth:name of a key in Berth')
    .option('--advisories <image>', 'where advisories lie that "berth advisories push" put there')
    .addHelpText(
      'after',
      `
Without --github and --gitlab both are written. What --scan, --sbom and --sign
do not say, supplyChain of the file says. The key itself comes from a secret of
the CI system, which the files name in their first lines. A file that differs
is left as it is and shown with what would change; the exit code is 9 then.

Examples:
  berth ci init
  berth ci init --github --native-arm
  berth ci init --scan high --sbom --sign berth:release
  berth ci init --dry-run --offline`,
    )
    .action((options: Options) => init(context, options))
}

async function init(context: CommandContext, options: Options): Promise<void> {
  const { output } = context
  const { initCi } = await import('../ci/init.ts')
  const both = options.github !== true && options.gitlab !== true
  const { files, notes } = await initCi(context, {
    file: options.file,
    systems: [
      ...(both || options.github === true ? (['github'] as const) : []),
      ...(both || options.gitlab === true ? (['gitlab'] as const) : []),
    ],
    isForced: options.force === true,
    isDryRun: options.dryRun === true,
    isOffline: options.offline === true,
    nativeArm: options.nativeArm === true,
    source: sourceOf(options),
    supplyChain: {
      scan: options.scan,
      sbom: options.sbom === true,
      sign: options.sign,
      advisories: options.advisories,
    },
  })
  output.result({
    json: { files, notes },
    text: files.map((file) => shown(file, output)).join('\n'),
  })
  for (const note of notes) output.note(note)
  if (files.some(({ state }) => state === 'differs')) {
    output.exit = 'difference'
    output.note('Nothing was overwritten. Take the changes over with --force.')
  }
}

function sourceOf({ packageUrl, packageSha256 }: Options) {
  if (packageUrl === undefined && packageSha256 === undefined) return undefined
  if (packageUrl === undefined || packageSha256 === undefined) {
    throw new ClientError('inputInvalid', '--package-url and --package-sha256 belong together.')
  }
  if (!URL.canParse(packageUrl) || !/^https?:$/.test(new URL(packageUrl).protocol)) {
    throw new ClientError('inputInvalid', '--package-url is no address of http or https.')
  }
  if (!/^[0-9a-f]{64}$/.test(packageSha256)) {
    throw new ClientError('inputInvalid', '--package-sha256 takes 64 hexadecimal digits.', {
      next: 'Print them with: sha256sum berth-*.tgz',
    })
  }
  return { url: packageUrl, sha256: packageSha256 }
}

function shown({ path, state, text, diff }: InitFile, output: Output): string {
  const head = output.style('bold', `${path}: ${state}`)
  if (state === 'planned' && diff.length === 0) return `${head}\n${text}`
  if (state === 'unchanged' || diff.length === 0) return head
  const lines = diff.map((line) =>
    line.startsWith('+')
      ? output.style('green', line)
      : line.startsWith('-')
        ? output.style('red', line)
        : line,
  )
  return [head, ...lines].join('\n')
}
