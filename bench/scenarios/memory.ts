import { rmSync, statfsSync } from 'node:fs'
import { download } from '../clients/curl.ts'
import { GeneratedBlob } from '../clients/generated-blob.ts'
import { RegistryConnection } from '../clients/registry.ts'
import { cpuSeconds, peakBytes } from '../measure.ts'
import { startBerth } from '../peers/berth.ts'
import type { RunningContender } from '../peers/contender.ts'
import { limitBar, type Context, type Row, type Scenario, type ScenarioResult } from './scenario.ts'

const repository = 'bench/memory'
const clients = 32
const layerFactor = 20
const bars = [
  `${clients} pushes and ${clients} pulls of 1 GiB at once: peak memory <= 350 MB`,
  'one 20 GiB layer up and down: peak memory <= 250 MB',
  'one 20 GiB layer: last PUT answered in <= 1,000 ms',
] as const

export const memory: Scenario = {
  name: 'memory',
  title: `Peak memory of Berth under ${clients} pushes and ${clients} pulls of 1 GiB at once, and under one layer of 20 GiB`,
  heavy: true,
  berthOnly: true,
  bars: [...bars],
  run,
}

async function run(context: Context): Promise<ScenarioResult> {
  const size = context.settings.largeBytes
  requireSpace(context, (clients + 1) * size)
  const crowd = await withFreshBerth(context, (berth) => pushAndPull(berth, size, context))
  const layer = await withFreshBerth(context, (berth) =>
    oneLayer(berth, layerFactor * size, context),
  )
  return {
    rows: [crowd, layer],
    bars: [
      limitBar(bars[0], (crowd.peakBytes ?? 0) / 1e6, 350, 'MB'),
      limitBar(bars[1], (layer.peakBytes ?? 0) / 1e6, 250, 'MB'),
      limitBar(bars[2], layer.further?.['slowest PUT ms'], 1000, 'ms'),
    ],
    notes: ['Each on a fresh server and store. The figures are for pushes and pulls together.'],
  }
}

async function pushAndPull(berth: RunningContender, size: number, { log }: Context): Promise<Row> {
  const shared = new GeneratedBlob(size)
  await push(berth, shared)
  const blobs = Array.from({ length: clients }, () => new GeneratedBlob(size))
  log(`${clients} blobs hashed`)
  const cpuBefore = cpuSeconds(berth.pid)
  const started = performance.now()
  const pushes = Promise.all(blobs.map((blob) => push(berth, blob)))
  const pulls = Promise.all(blobs.map(() => pull(berth, shared)))
  const [put] = await Promise.all([pushes, pulls])
  return row(
    berth,
    `${clients} pushes, ${clients} pulls`,
    2 * clients * size,
    started,
    cpuBefore,
    Math.max(...put),
  )
}

async function oneLayer(berth: RunningContender, size: number, { log }: Context): Promise<Row> {
  const blob = new GeneratedBlob(size)
  log('layer hashed')
  const cpuBefore = cpuSeconds(berth.pid)
  const started = performance.now()
  const put = await push(berth, blob)
  await pull(berth, blob)
  return row(berth, 'one layer up, then down', 2 * size, started, cpuBefore, put)
}

/** Returns how long the closing PUT took. */
async function push(berth: RunningContender, blob: GeneratedBlob): Promise<number> {
  const connection = new RegistryConnection(berth.url)
  const { putMilliseconds } = await connection.pushBlob(repository, blob.digest, blob.stream())
  await connection.close()
  return putMilliseconds
}

function pull(berth: RunningContender, blob: GeneratedBlob): Promise<void> {
  return download(berth.url + berth.blobPath(repository, blob.digest), blob.size)
}

function row(
  berth: RunningContender,
  work: string,
  bytes: number,
  started: number,
  cpuBefore: number,
  put: number,
): Row {
  return {
    contender: 'berth',
    work,
    unit: 'GB/s',
    values: [bytes / 1e6 / (performance.now() - started)],
    further: { 'slowest PUT ms': put },
    cpuSecondsPerGibibyte: (cpuSeconds(berth.pid) - cpuBefore) / (bytes / 1024 ** 3),
    peakBytes: peakBytes(berth.pid),
  }
}

/** The store goes at once: the next part needs the space. */
async function withFreshBerth(
  context: Context,
  work: (berth: RunningContender) => Promise<Row>,
): Promise<Row> {
  const berth = await startBerth(context.workspace)
  try {
    return await work(berth)
  } finally {
    await berth.stop()
    rmSync(berth.directory, { recursive: true, force: true })
  }
}

function requireSpace({ workspace }: Context, bytes: number): void {
  const { bavail, bsize } = statfsSync(workspace.directory)
  const needed = bytes * 1.1
  if (bavail * bsize < needed) {
    throw new Error(
      `${(needed / 1e9).toFixed(0)} GB of free space are needed in the temporary folder`,
    )
  }
}
