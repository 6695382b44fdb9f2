import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { LayerCatalogue } from '../../packages/scanner/src/catalogue.ts'
import { LayerScanner } from '../../packages/scanner/src/layers/layer-scanner.ts'
import { mergeLayers } from '../../packages/scanner/src/layers/merge.ts'
import { builtProgram, goModuleVersion } from '../peers/programs.ts'
import { median } from '../statistics.ts'
import type { Bar, Context, Row, Scenario, ScenarioResult } from './scenario.ts'

const bars = [
  'catalogue >= 1.0 x syft',
  'a second image that shares its layers: under a tenth',
] as const
const gibibyte = 1024 ** 3

type Layer = { readonly file: string; readonly digest: string; readonly size: number }

export const catalogue: Scenario = {
  name: 'catalogue',
  title:
    'An image of this machine, 1 GiB without compression, in four gzip layers, catalogued by Berth and syft',
  heavy: true,
  berthOnly: false,
  bars: [...bars],
  run,
}

async function run(context: Context): Promise<ScenarioResult> {
  const { settings, workspace, log } = context
  const folder = workspace.folder('catalogue')
  const { layers, bytes, layout } = await writeImage(folder, settings.largeBytes)
  log(`${(bytes / gibibyte).toFixed(2)} GiB without compression, ${layers.length} layers`)
  const syft = builtProgram('syft')
  if (syft === undefined) log('syft is not installed: bash test/tools/install-syft.sh')
  const times = { berth: [] as number[], second: [] as number[], syft: [] as number[] }
  let packages = 0
  // One round before the first does not count.
  for (let round = 0; round <= settings.rounds; round += 1) {
    const own = await catalogueTwice(layers)
    packages = own.packages
    const theirs = syft === undefined ? Number.NaN : await timeSyft(syft, layout)
    if (round === 0) continue
    times.berth.push(own.first)
    times.second.push(own.second)
    times.syft.push(theirs)
    log(
      `${round}/${settings.rounds} berth ${own.first.toFixed(1)} s, again ${own.second.toFixed(2)} s, syft ${theirs.toFixed(1)} s`,
    )
  }
  const row = (contender: string, work: string, values: number[]): Row => ({
    contender,
    work,
    unit: 's',
    values,
  })
  return {
    rows: [
      row('berth', 'the whole image', times.berth),
      row('berth', 'a second image with the same layers', times.second),
      ...(syft === undefined ? [] : [row('syft', 'the whole image', times.syft)]),
    ],
    bars: judge(times),
    notes: [
      `${packages} packages. Berth's time includes starting its process; the second image's is reading the stored layers' facts and merging them.`,
      ...(syft === undefined ? [] : [`syft: ${goModuleVersion(syft)}, from an OCI layout`]),
    ],
  }
}

/** Of this machine's own files, until there are enough. Each layer is a tar of one tree, cut off at its share. */
async function writeImage(
  folder: string,
  most: number,
): Promise<{ layers: Layer[]; bytes: number; layout: string }> {
  const layout = join(folder, 'layout')
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true })
  const layers: Layer[] = []
  const diffIds: string[] = []
  let bytes = 0
  const shares = [
    ['var/lib/dpkg', 'etc/os-release', 'usr/lib/os-release', 'usr/share/doc', 'usr/bin'],
    ['usr/lib/x86_64-linux-gnu', 'usr/sbin'],
    ['usr/lib/python3', 'usr/share/java', 'usr/lib/node_modules', 'usr/local/lib'],
    ['usr/local/go', 'usr/lib/jvm', 'usr/lib/gcc'],
  ]
  for (const paths of shares) {
    const list = join(folder, 'list')
    writeFileSync(list, filesOf(paths, most / shares.length).join('\0'))
    const plain = join(folder, 'layer')
    execFileSync('tar', ['-C', '/', '--null', '--no-recursion', '-T', list, '-cf', plain], {
      stdio: 'ignore',
    })
    bytes += statSync(plain).size
    diffIds.push(await digestOf(plain))
    execFileSync('gzip', ['-1', '-f', plain])
    const digest = await digestOf(`${plain}.gz`)
    const file = join(layout, 'blobs/sha256', digest.slice(7))
    renameSync(`${plain}.gz`, file)
    layers.push({ file, digest, size: statSync(file).size })
  }
  writeLayout(layout, layers, diffIds)
  return { layers, bytes, layout }
}

/** Files and links below these folders, at most so many bytes. */
function filesOf(paths: readonly string[], most: number): string[] {
  const script =
    'cd / && find "$@" \\( -type f -o -type l \\) -readable -printf "%s %p\\0" 2>/dev/null || true'
  const listed = execFileSync('sh', ['-c', script, 'sh', ...paths], {
    maxBuffer: 2 ** 30,
    encoding: 'utf8',
  })
  let left = most
  const files: string[] = []
  for (const line of listed.split('\0')) {
    const space = line.indexOf(' ')
    const size = Number(line.slice(0, space)) + 1024
    if (space === -1 || size > left) continue
    left -= size
    files.push(line.slice(space + 1))
  }
  return files
}

function writeLayout(layout: string, layers: readonly Layer[], diffIds: readonly string[]): void {
  const blob = (content: unknown, mediaType: string) => {
    const text = JSON.stringify(content)
    const hex = createHash('sha256').update(text).digest('hex')
    writeFileSync(join(layout, 'blobs/sha256', hex), text)
    return { mediaType, digest: `sha256:${hex}`, size: text.length }
  }
  const config = blob(
    {
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: diffIds },
    },
    'application/vnd.oci.image.config.v1+json',
  )
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const descriptors = layers.map(({ digest, size }) => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest,
    size,
  }))
  const manifest = blob({ schemaVersion: 2, mediaType, config, layers: descriptors }, mediaType)
  writeFileSync(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [manifest] }),
  )
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
}

/** As a server does: layers read side by side on two slots, their facts stored as JSON by the layer's digest. */
async function catalogueTwice(
  layers: readonly Layer[],
): Promise<{ first: number; second: number; packages: number }> {
  const scanner = new LayerScanner()
  const stored = new Map<string, string>()
  const started = performance.now()
  try {
    const waiting = [...layers]
    const slot = async () => {
      for (let layer = waiting.shift(); layer !== undefined; layer = waiting.shift()) {
        const read = await scanner.catalogueLayer({
          stream: createReadStream(layer.file, { highWaterMark: 256 * 1024 }),
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          name: `layer ${layer.digest}`,
        })
        stored.set(layer.digest, JSON.stringify(read))
      }
    }
    await Promise.all([slot(), slot()])
    const merge = () =>
      mergeLayers(
        layers.map(({ digest }) => JSON.parse(stored.get(digest) ?? '') as LayerCatalogue),
      )
    const { packages } = merge()
    const first = (performance.now() - started) / 1000
    const again = performance.now()
    merge()
    return { first, second: (performance.now() - again) / 1000, packages: packages.length }
  } finally {
    await scanner.close()
  }
}

async function timeSyft(program: string, layout: string): Promise<number> {
  const started = performance.now()
  const child = spawn(program, ['scan', `oci-dir:${layout}`, '-q', '-o', 'json'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SYFT_CHECK_FOR_APP_UPDATE: 'false' },
  })
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0) throw new Error(`syft failed with status ${status}`)
  return (performance.now() - started) / 1000
}

function judge(times: { berth: number[]; second: number[]; syft: number[] }): Bar[] {
  const ratio = median(times.syft) / median(times.berth)
  const share = median(times.second) / median(times.berth)
  return [
    {
      text: bars[0],
      measured: Number.isNaN(ratio) ? 'syft missing' : `${ratio.toFixed(2)} x`,
      met: Number.isNaN(ratio) ? undefined : ratio >= 1,
    },
    { text: bars[1], measured: `${(share * 100).toFixed(1)} %`, met: share < 0.1 },
  ]
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return `sha256:${hash.digest('hex')}`
}
