import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RegistryConnection } from '../clients/registry.ts'
import type { Contender, RunningContender } from '../peers/contender.ts'
import { builtProgram, findProgram, goModuleVersion, programVersion } from '../peers/programs.ts'
import { cpuSeconds, peakBytes } from '../measure.ts'
import { median } from '../statistics.ts'
import { digestOf, writeUniqueFile } from '../unique-data.ts'
import {
  type Bar,
  type Context,
  chosen,
  limitBar,
  type Row,
  type Scenario,
  type ScenarioResult,
  withRunning,
} from './scenario.ts'

/** A command that copies an image between two registries. */
type Copier = {
  readonly name: string
  readonly program: string
  readonly version: string
  readonly args: (source: string, target: string) => readonly string[]
}

type Run = { readonly seconds: number; readonly cpuSeconds: number; readonly peakBytes: number }

const repository = 'bench/image'
const layers = 5
const lookMilliseconds = 25
const bars = ['>= 1.5 x skopeo', '>= 1.0 x crane', 'at most 200 MB of memory'] as const
const berth = fileURLToPath(new URL('../../packages/cli/bin/berth', import.meta.url))

export const copyImage: Scenario = {
  name: 'copy-image',
  title:
    'An image of 5 layers, 5 GiB in all, copied between two registries by berth, skopeo and crane',
  heavy: true,
  berthOnly: false,
  bars: [...bars],
  run,
}

async function run(context: Context): Promise<ScenarioResult> {
  const copiers = findCopiers(context)
  const rows: Row[] = []
  const found: Bar[] = []
  for (const kind of chosen(context, 'berth', 'docker-registry')) {
    const measured = await measure(context, kind, copiers)
    rows.push(...measured)
    found.push(...judge(kind.name, measured))
  }
  return {
    rows,
    bars: found,
    notes: [
      ...copiers.map(({ name, version }) => `${name}: ${version}`),
      'Source and target are two servers of the same kind whose stores lie in memory; each copy goes to a new, empty server. One round before the first does not count.',
      'Memory and processor time are those of the copying command alone.',
    ],
  }
}

function findCopiers({ log }: Context): readonly Copier[] {
  const copiers: Copier[] = [
    {
      name: 'berth',
      program: berth,
      version: programVersion(berth, ['--version']),
      args: (source, target) => ['copy', '--quiet', source, target],
    },
  ]
  const skopeo = findProgram('skopeo')
  if (skopeo === undefined) log('skopeo is not installed')
  else {
    copiers.push({
      name: 'skopeo',
      program: skopeo,
      version: programVersion(skopeo, ['--version']),
      args: (source, target) => [
        'copy',
        '--quiet',
        '--src-tls-verify=false',
        '--dest-tls-verify=false',
        `docker://${source}`,
        `docker://${target}`,
      ],
    })
  }
  const crane = builtProgram('crane') ?? findProgram('crane')
  if (crane === undefined) log('crane is not installed')
  else {
    copiers.push({
      name: 'crane',
      program: crane,
      version: goModuleVersion(crane),
      args: (source, target) => ['copy', '--insecure', source, target],
    })
  }
  return copiers
}

/** In memory, since the disk would be what is measured; each copy into a server that has nothing yet. */
function measure(
  context: Context,
  kind: Contender,
  copiers: readonly Copier[],
): Promise<readonly Row[]> {
  const { log, settings, workspace } = context
  return workspace.inMemory(() =>
    withRunning(context, [kind], async ([source]) => {
      if (source === undefined) throw new Error('no server was started')
      await storeImage(context, source)
      const runs = new Map<string, Run[]>(copiers.map(({ name }) => [name, []]))
      for (let round = 0; round <= settings.rounds; round += 1) {
        for (const copier of copiers) {
          const run = await copyToNew(context, kind, copier, `${hostOf(source)}/${repository}:v1`)
          if (round === 0) continue
          runs.get(copier.name)?.push(run)
          log(
            `${kind.name} ${round}/${settings.rounds} ${copier.name}: ${run.seconds.toFixed(2)} s, ${run.cpuSeconds.toFixed(1)} s of processor, ${(run.peakBytes / 1e6).toFixed(0)} MB`,
          )
        }
      }
      const gigabytes = (layers * settings.largeBytes) / 1e9
      return copiers.map(({ name }): Row => {
        const own = runs.get(name) ?? []
        return {
          contender: name,
          work: `copy between two ${kind.name}`,
          unit: 'GB/s',
          values: own.map(({ seconds }) => gigabytes / seconds),
          cpuSecondsPerGibibyte:
            median(own.map(({ cpuSeconds }) => cpuSeconds)) / ((gigabytes * 1e9) / 1024 ** 3),
          peakBytes: Math.max(...own.map(({ peakBytes }) => peakBytes)),
        }
      })
    }),
  )
}

function copyToNew(
  context: Context,
  kind: Contender,
  copier: Copier,
  source: string,
): Promise<Run> {
  return withRunning(context, [kind], async ([target]) => {
    if (target === undefined) throw new Error('no server was started')
    try {
      return await copy(copier, source, `${hostOf(target)}/${repository}:v1`)
    } finally {
      await target.stop()
      rmSync(target.directory, { recursive: true, force: true })
    }
  })
}

async function storeImage(context: Context, source: RunningContender): Promise<void> {
  const file = join(context.workspace.memoryDirectory, 'layer')
  const size = context.settings.largeBytes
  const descriptors = []
  for (let at = 0; at < layers; at += 1) {
    const digest = writeUniqueFile(file, size)
    await source.storeBlob(repository, digest, file)
    descriptors.push({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size })
  }
  rmSync(file)
  const diffIds = descriptors.map(({ digest }) => digest)
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: diffIds },
    }),
  )
  const connection = new RegistryConnection(source.url)
  await connection.pushBlob(repository, digestOf(config), config)
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: digestOf(config),
      size: config.length,
    },
    layers: descriptors,
  }
  await connection.pushManifest(repository, 'v1', mediaType, Buffer.from(JSON.stringify(manifest)))
  await connection.close()
}

/** Runs it to its end; what it uses is looked at while it lives. */
async function copy({ program, args }: Copier, source: string, target: string): Promise<Run> {
  const started = performance.now()
  const child = spawn(program, args(source, target), { stdio: ['ignore', 'ignore', 'pipe'] })
  const pid = child.pid ?? 0
  let used = { cpuSeconds: 0, peakBytes: 0 }
  const look = setInterval(() => {
    const peak = peakBytes(pid)
    if (peak > 0) used = { cpuSeconds: cpuSeconds(pid), peakBytes: peak }
  }, lookMilliseconds)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [status] = (await once(child, 'close')) as [number | null]
  clearInterval(look)
  const seconds = (performance.now() - started) / 1000
  if (status !== 0) throw new Error(`${program} failed: ${said.slice(-500)}`)
  return { seconds, ...used }
}

function judge(kind: string, rows: readonly Row[]): readonly Bar[] {
  const [own, skopeo, crane] = ['berth', 'skopeo', 'crane'].map((name) =>
    rows.find(({ contender }) => contender === name),
  )
  const bar = (text: string, other: Row | undefined, factor: number): Bar => {
    if (own === undefined || other === undefined)
      return { text, measured: 'missing', met: undefined }
    const ratio = median(own.values) / median(other.values)
    return { text, measured: `${ratio.toFixed(2)} x`, met: ratio >= factor }
  }
  const megabytes = own?.peakBytes === undefined ? undefined : own.peakBytes / 1e6
  return [
    bar(`${kind}: ${bars[0]}`, skopeo, 1.5),
    bar(`${kind}: ${bars[1]}`, crane, 1),
    limitBar(`${kind}: ${bars[2]}`, megabytes, 200, 'MB'),
  ]
}

function hostOf({ url }: RunningContender): string {
  return new URL(url).host
}
