import { stat } from 'node:fs/promises'
import { exportAdvisories } from '@berth/scanner/advisories/export-archive.ts'
import {
  buildAdvisories,
  type BuildOptions,
  type BuildResult,
} from '@berth/scanner/advisories/builder.ts'
import { importAdvisories } from '@berth/scanner/advisories/import-archive.ts'
import { grypeSource } from '@berth/scanner/advisories/grype-source.ts'
import { updateAdvisories } from '@berth/scanner/advisories/update.ts'
import { defaultAddresses } from '@berth/scanner/advisories/update-addresses.ts'
import { epssSource, kevSource, osvSource } from '@berth/scanner/advisories/update-sources.ts'
import type { AdvisoryData } from '@berth/scanner/finding.ts'
import { readAdvisories } from '@berth/api/advisories.ts'
import { parseRegistryHost } from '@berth/client/image-reference.ts'
import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { formatAge, formatBytes } from '../format.ts'
import { pathOf } from '../location.ts'
import type { Output } from '../output.ts'
import { printable } from '../printable.ts'
import {
  advisoriesFile,
  explainAdvisories,
  makeAdvisoriesFolder,
  openAdvisoriesFile,
} from '../scan/advisories-file.ts'
import { chooseImport } from '../scan/choose-import.ts'
import { formatTable } from '../table.ts'
import { pullAdvisories, pushAdvisories } from '../scan/advisory-artifact.ts'

const progressMs = 3000
const examples: Readonly<Record<string, string>> = {
  status: 'status --registry registry.example.com',
  import: 'import Debian.zip kev.json',
  export: 'export advisories.tar.zst',
  update: 'update Debian npm',
  push: 'push registry.example.com/security/advisories:latest',
  pull: 'pull registry.example.com/security/advisories:latest',
}
const usualEcosystems = ['Debian', 'Alpine']

type FileFlags = { advisories?: string }

/** `berth advisories`: the data that findings come from, with and without a network. */
export function advisoriesCommand(context: CommandContext): Command {
  const command = new Command('advisories').description(
    'bring in, hand on and look at the advisories that findings come from',
  )
  const sub = (name: string, description: string) =>
    command
      .command(name)
      .description(description)
      .option('--advisories <file>', 'the database (or BERTH_ADVISORIES)')
  sub('status', 'show what is there, how old it is, and from whom')
    .option('--registry <host>', 'of that Berth instead of this machine')
    .action((flags: FileFlags & { registry?: string }) => status(context, flags))
  sub('import', 'bring in archives of Berth, OSV exports, grype databases, EPSS and KEV')
    .argument('<path...>', 'a file or folder: its kind is told by its content')
    .action((paths: string[], flags: FileFlags) => bringIn(context, paths, flags))
  sub('export', 'write all of it into one archive, for a machine without a network')
    .argument('<file>', 'such as advisories.tar.zst')
    .action((file: string, flags: FileFlags) => handOut(context, file, flags))
  sub('update', 'fetch what has changed from where it is published')
    .argument(
      '[ecosystem...]',
      'as OSV spells it: Debian, npm, PyPI, Go; Debian and Alpine when none is named',
    )
    .option('--osv <url>', 'a mirror of the OSV exports', defaultAddresses.osv)
    .option('--epss <url>', 'a mirror of the EPSS scores', defaultAddresses.epss)
    .option('--kev <url>', 'a mirror of the KEV list', defaultAddresses.kev)
    .option('--grype [url]', "all that Grype's database holds, instead; or a mirror of it")
    .action((ecosystems: string[], flags: FileFlags & Mirrors) =>
      update(context, ecosystems, flags),
    )
  sub('push', 'put all of it into a registry, as an artifact')
    .argument('<image>', 'registry/repository:tag')
    .action((image: string, flags: FileFlags) => push(context, image, flags))
  sub('pull', 'bring it in from a registry')
    .argument('<image>', 'registry/repository:tag')
    .action((image: string, flags: FileFlags) => pull(context, image, flags))
  for (const each of command.commands) {
    each.addHelpText('after', `\nExamples:\n  berth advisories ${examples[each.name()]}`)
  }
  return command.addHelpText(
    'after',
    `
Each import replaces what the same source brought before and leaves the others.
What is wrong is refused whole: what was in force stays.

Examples:
  berth advisories import Debian.zip npm/all.zip epss_scores-current.csv.gz
  berth advisories update --grype
  berth advisories export advisories.tar.zst
  berth advisories push registry.example.com/security/advisories:latest
  berth advisories status`,
  )
}

type Mirrors = {
  readonly osv: string
  readonly epss: string
  readonly kev: string
  readonly grype?: string | true
}

async function status(
  context: CommandContext,
  flags: FileFlags & { registry?: string },
): Promise<void> {
  const { output } = context
  if (flags.registry !== undefined) {
    const api = await (await context.client()).berthApi(parseRegistryHost(flags.registry))
    const { body } = await api.call(readAdvisories, { signal: context.signal })
    const fault = body.fault === null ? '' : `\n\nNot used: ${printable(body.fault)}`
    output.result({ json: body, text: `${formatData(body, output.columns)}${fault}` })
    return
  }
  const file = advisoriesFile(context, flags.advisories)
  const database = openAdvisoriesFile(file)
  try {
    const data = database.data()
    const { size } = await stat(file)
    output.result({
      json: { file, size, ...data },
      text: `${formatData(data, output.columns)}\n\n${file}, ${formatBytes(size)}`,
    })
  } finally {
    database.close()
  }
}

async function bringIn(
  context: CommandContext,
  paths: readonly string[],
  flags: FileFlags,
): Promise<void> {
  const file = advisoriesFile(context, flags.advisories)
  await makeAdvisoriesFolder(file)
  const { signal, output, terminal } = context
  const chosen = await explainAdvisories(() =>
    Promise.all(paths.map((path) => chooseImport(pathOf(path, terminal.cwd)))),
  )
  let result: BuildResult | undefined
  let data: AdvisoryData | undefined
  await explainAdvisories(async () => {
    // An archive is a whole database: it comes first, and the rest on top of it.
    for (const each of chosen) {
      if (each.kind === 'archive') data = await importAdvisories(each.path, file, { signal })
    }
    const imports = chosen.flatMap((each) => (each.kind === 'source' ? [each.source] : []))
    if (imports.length > 0) {
      result = await buildAdvisories(file, imports, {
        signal,
        onProgress: noteProgress(output),
      })
      data = result.data
    }
  })
  for (const { source, leftOut } of result?.imports ?? []) {
    const reasons = Object.entries(leftOut).map(([reason, count]) => `${count} ${reason}`)
    if (reasons.length > 0) output.note(`${source} left out: ${reasons.join(', ')}`)
  }
  output.result({
    json: { file, ...data, imports: result?.imports ?? [] },
    text: data === undefined ? '' : formatData(data, output.columns),
  })
}

async function handOut(context: CommandContext, target: string, flags: FileFlags): Promise<void> {
  const { terminal, signal, output } = context
  const file = advisoriesFile(context, flags.advisories)
  const path = pathOf(target, terminal.cwd)
  const manifest = await explainAdvisories(() => exportAdvisories(file, path, { signal }))
  const { size } = await stat(path)
  output.result({
    json: { file: path, size, ...manifest },
    text: `${target}: ${formatBytes(size)}, advisories of ${manifest.builtAt.slice(0, 10)}`,
  })
}

async function update(
  context: CommandContext,
  ecosystems: readonly string[],
  flags: FileFlags & Mirrors,
): Promise<void> {
  const file = advisoriesFile(context, flags.advisories)
  await makeAdvisoriesFolder(file)
  const { signal, output } = context
  const { osv, epss, kev, grype } = flags
  const isUrl = typeof grype === 'string'
  const addresses = { osv, epss, kev, grype: isUrl ? grype : defaultAddresses.grype }
  const named = ecosystems.length === 0 && grype === undefined ? usualEcosystems : ecosystems
  const result = await explainAdvisories(() =>
    updateAdvisories(file, {
      sources: [
        ...named.map((each) => osvSource(each, addresses)),
        // It brings EPSS and KEV with it.
        ...(grype === undefined ? [] : [grypeSource(addresses)]),
        ...(named.length === 0 ? [] : [epssSource(addresses), kevSource(addresses)]),
      ],
      fetch,
      signal,
      onProgress: noteProgress(output),
    }),
  )
  for (const each of result.sources) if (each.state === 'failed') output.warn(each.message)
  if (result.sources.some(({ state }) => state === 'failed')) output.exit = 'network'
  output.result({
    json: result,
    text: result.data === null ? '' : formatData(result.data, output.columns),
  })
}

async function push(context: CommandContext, image: string, flags: FileFlags): Promise<void> {
  const file = advisoriesFile(context, flags.advisories)
  const digest = await explainAdvisories(() => pushAdvisories(context, image, file))
  context.output.result({ json: { image, digest }, text: `${image} is ${digest}.` })
}

async function pull(context: CommandContext, image: string, flags: FileFlags): Promise<void> {
  const file = advisoriesFile(context, flags.advisories)
  await makeAdvisoriesFolder(file)
  const data = await explainAdvisories(() => pullAdvisories(context, image, file))
  context.output.result({ json: { file, ...data }, text: formatData(data, context.output.columns) })
}

/** A line now and then, so that somebody who waits sees that it goes on. */
function noteProgress(output: Output): NonNullable<BuildOptions['onProgress']> {
  let saidAt = Date.now()
  return ({ source, records }) => {
    if (Date.now() - saidAt < progressMs) return
    saidAt = Date.now()
    output.note(`${source}: ${records} records`)
  }
}

type Data = {
  readonly builtAt: string | null
  readonly sources: readonly {
    readonly name: string
    readonly builtAt: string
    readonly records: number
    readonly license?: string | null | undefined
  }[]
}

function formatData({ builtAt, sources }: Data, width: number | undefined): string {
  if (builtAt === null) return 'There are no advisories.'
  const age = formatAge(new Date(builtAt))
  const table = formatTable(
    [
      { title: 'SOURCE', shrinks: true },
      { title: 'RECORDS', align: 'right' },
      { title: 'BUILT' },
      { title: 'LICENCE', yields: 1 },
    ],
    sources.map(({ name, records, builtAt: built, license }) => [
      printable(name),
      String(records),
      built.slice(0, 10),
      printable(license ?? '-'),
    ]),
    width,
  )
  return `${table}\n\nThe newest is of ${builtAt.slice(0, 10)}, ${age}.`
}
