import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { RegistryConnection } from '../clients/registry.ts'
import { type Latencies, mixedLoad } from '../clients/mixed-load.ts'
import { databaseFile, loadGarbage } from '../load-store.ts'
import { peakBytes } from '../measure.ts'
import { startBerth } from '../peers/berth.ts'
import type { RunningContender } from '../peers/contender.ts'
import { median, quantile } from '../statistics.ts'
import { pushImage, uniqueImage } from '../clients/image.ts'
import { limitBar, type Context, type Row, type Scenario, type ScenarioResult } from './scenario.ts'

const blobs = 100_000
const repository = 'bench/serving'
const garbageRepository = 'bench/garbage'
const longestCollectionSeconds = 1800
const bars = [
  'p99 of GET <= 1.5 x that without collection',
  'p99 of PUT <= 1.5 x that without collection',
] as const

export const collect: Scenario = {
  name: 'collect',
  title: `GETs and pushes of small blobs while ${blobs.toLocaleString('en-US')} blobs are collected`,
  heavy: true,
  berthOnly: true,
  bars: [...bars],
  run,
}

type Phase = { name: string; latencies: Latencies[]; peak: number }

async function run(context: Context): Promise<ScenarioResult> {
  const count = context.settings.quick ? blobs / 10 : blobs
  const { rounds } = context.settings
  const without: Phase = { name: 'without collection', latencies: [], peak: 0 }
  const during: Phase = { name: 'during collection', latencies: [], peak: 0 }
  const directory = context.workspace.folder('collect')
  await loadGarbage(join(directory, 'data'), garbageRepository, count)
  const before = garbageLeft(directory)
  const window = () => sleep(Math.max(10, context.settings.seconds) * 1000)
  let collecting = 0
  for (let round = 1; round <= rounds; round++) {
    await serve(context, directory, without, window)
    const last = round === rounds
    collecting += await serve(
      context,
      directory,
      during,
      last ? () => allCollected(directory) : window,
    )
    context.log(
      `round ${round}/${rounds}: ${before - garbageLeft(directory)} of ${before} collected`,
    )
  }
  return {
    rows: [without, during].flatMap(phaseRows),
    bars: [
      limitBar(bars[0], p99(during, 'get') / p99(without, 'get'), 1.5, 'x'),
      limitBar(bars[1], p99(during, 'put') / p99(without, 'put'), 1.5, 'x'),
    ],
    notes: [
      `${count.toLocaleString('en-US')} blobs, all due at the start, collected in ${collecting.toFixed(0)} s (records and objects). A push is POST, PATCH and PUT of 16 KiB. ${rounds} windows without and ${rounds} with collection in turn, the last until all was collected.`,
    ],
  }
}

/** Serves the load until `until` resolves; returns how long that took, in seconds. */
async function serve(
  context: Context,
  directory: string,
  phase: Phase,
  until: () => Promise<unknown>,
): Promise<number> {
  const berth = await startBerth(
    context.workspace,
    {
      BERTH_COLLECTION__ENABLED: String(phase.name === 'during collection'),
      BERTH_COLLECTION__GRACE_SECONDS: '4',
      BERTH_COLLECTION__TRASH_DELAY_SECONDS: '1',
    },
    directory,
  )
  try {
    const paths = await pushServed(berth)
    const started = performance.now()
    phase.latencies.push(await mixedLoad({ url: berth.url, paths, repository }, until()))
    phase.peak = Math.max(phase.peak, peakBytes(berth.pid))
    return (performance.now() - started) / 1000
  } finally {
    await berth.stop()
  }
}

/** Blobs that an image refers to, so that collection leaves them alone. */
async function pushServed(berth: RunningContender): Promise<string[]> {
  const connection = new RegistryConnection(berth.url)
  const paths: string[] = []
  for (let number = 0; number < 32; number++) {
    const image = uniqueImage({ layers: 1, layerBytes: 64 * 1024 })
    await pushImage(connection, repository, `v${number}`, image)
    paths.push(...image.blobs.slice(0, 1).map(({ digest }) => berth.blobPath(repository, digest)))
  }
  await connection.close()
  return paths
}

/** Resolves when neither a record nor an object of the garbage is left. Only garbage is smaller than 1,000 bytes. */
async function allCollected(directory: string): Promise<void> {
  const database = new DatabaseSync(databaseFile(join(directory, 'data')), { readOnly: true })
  // Stops at the first row, so that asking costs the server nothing that would show.
  const left = database.prepare(
    'select 1 where exists (select 1 from blobs where size < 1000) or exists (select 1 from trash where size < 1000)',
  )
  const deadline = performance.now() + longestCollectionSeconds * 1000
  try {
    while (left.get() !== undefined) {
      if (performance.now() > deadline) {
        throw new Error(`Collection took more than ${longestCollectionSeconds} s`)
      }
      await sleep(500)
    }
  } finally {
    database.close()
  }
}

function garbageLeft(directory: string): number {
  const database = new DatabaseSync(databaseFile(join(directory, 'data')), { readOnly: true })
  try {
    return Number(
      database.prepare('select count(*) as left from blobs where size < 1000').get()?.['left'],
    )
  } finally {
    database.close()
  }
}

function p99(phase: Phase, kind: 'get' | 'put'): number {
  return median(phase.latencies.map((latencies) => quantile(latencies[kind], 0.99)))
}

function phaseRows(phase: Phase): Row[] {
  return (['get', 'put'] as const).map((kind) => ({
    contender: `berth, ${phase.name}`,
    work: kind.toUpperCase(),
    unit: 'ms at p99',
    values: phase.latencies.map((latencies) => quantile(latencies[kind], 0.99)),
    further: {
      'p50 ms': median(phase.latencies.map((latencies) => quantile(latencies[kind], 0.5))),
    },
    peakBytes: phase.peak,
  }))
}
