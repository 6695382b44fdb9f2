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
} from './advisories-file.ts'
import { chooseImport } from './choose-import.ts'
import { formatTable } from '../table.ts'
import { pullAdvisories, pushAdvisories } from './advisory-artifact.ts'

const progressMs = 3000
const usualEcosystems = ['Debian', 'Alpine']

export type FileFlags = { advisories?: string }

export type Mirrors = {
  readonly osv: string
  readonly epss: string
  readonly kev: string
  readonly grype?: string | true
}

export async function status(
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

export async function bringIn(
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

export async function handOut(
  context: CommandContext,
  target: string,
  flags: FileFlags,
): Promise<void> {
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

export async function update(
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

export async function push(
  context: CommandContext,
  image: string,
  flags: FileFlags,
): Promise<void> {
  const file = advisoriesFile(context, flags.advisories)
  const digest = await explainAdvisories(() => pushAdvisories(context, image, file))
  context.output.result({ json: { image, digest }, text: `${image} is ${digest}.` })
}

export async function pull(
  context: CommandContext,
  image: string,
  flags: FileFlags,
): Promise<void> {
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
