import { join } from 'node:path'
import { type RequestRate, requestRate } from '../clients/wrk.ts'
import { loadTags, repositoryName, type StoreShape, storeShape, tagName } from '../load-store.ts'
import { peakBytes } from '../measure.ts'
import { startBerth } from '../peers/berth.ts'
import { median } from '../statistics.ts'
import { limitBar, type Context, type Row, type Scenario, type ScenarioResult } from './scenario.ts'

const connections = 4
const bars = [
  'ready in <= 1 s with 1,000,000 tags',
  'tags/list?n=100: p99 <= 1.5 x that of the small store',
  '_catalog?n=100: p99 <= 1.5 x that of the small store',
] as const

export const manyTags: Scenario = {
  name: 'many-tags',
  title: '1,000,000 tags in 100,000 repositories against 1,000 tags in 104',
  heavy: true,
  berthOnly: true,
  bars: [...bars],
  run,
}

type Store = {
  name: string
  shape: StoreShape
  directory: string
  ready: number[]
  tags: RequestRate[]
  catalog: RequestRate[]
  peak: number
}

async function run(context: Context): Promise<ScenarioResult> {
  const { workspace, settings } = context
  const scale = settings.quick ? 10 : 1
  const stores = [
    // So spread that both lists have whole pages in the small store too.
    newStore({ largeRepositories: 8, tagsInLarge: 113, smallRepositories: 96 }),
    newStore(storeShape(100_000 / scale, 1_000_000 / scale)),
  ]
  for (const store of stores) {
    store.directory = workspace.folder('tags')
    const started = performance.now()
    await loadTags(join(store.directory, 'data'), store.shape)
    context.log(`loaded ${store.name} in ${((performance.now() - started) / 1000).toFixed(0)} s`)
  }
  for (let round = 0; round <= settings.rounds; round++) {
    for (const store of stores) await measureStore(context, store, round > 0)
  }
  const [small, large] = stores
  if (small === undefined || large === undefined) throw new Error('There are two stores.')
  return {
    rows: stores.flatMap(storeRows),
    bars: [
      limitBar(bars[0], median(large.ready) / 1000, 1, 's'),
      limitBar(bars[1], medianP99(large.tags) / medianP99(small.tags), 1.5, 'x'),
      limitBar(bars[2], medianP99(large.catalog) / medianP99(small.catalog), 1.5, 'x'),
    ],
    notes: [
      `Pages of 100 from random places, ${connections} connections. Ready: from the start of the process to the first 200 of /readyz, ${settings.rounds} starts.`,
      ...(settings.quick ? ['A tenth of the tags and repositories (--quick).'] : []),
    ],
  }
}

async function measureStore(context: Context, store: Store, counts: boolean): Promise<void> {
  const berth = await startBerth(context.workspace, {}, store.directory)
  try {
    const tags = await pageRate(context, berth.url, () => tagPage(store.shape))
    const catalog = await pageRate(context, berth.url, () => catalogPage(store.shape))
    if (!counts) return
    store.ready.push(berth.readyMilliseconds)
    store.tags.push(tags)
    store.catalog.push(catalog)
    store.peak = Math.max(store.peak, peakBytes(berth.pid))
    context.log(
      `${store.name}: ready in ${berth.readyMilliseconds.toFixed(0)} ms, p99 ${tags.p99Milliseconds} and ${catalog.p99Milliseconds} ms`,
    )
  } finally {
    await berth.stop()
  }
}

/** A first second of other pages warms the server, which has only just started. */
async function pageRate(
  { workspace, settings }: Context,
  url: string,
  page: () => string,
): Promise<RequestRate> {
  const measure = (seconds: number) =>
    requestRate(workspace, {
      url,
      paths: Array.from({ length: 1000 }, page),
      headers: [],
      connections,
      threads: 1,
      seconds,
    })
  await measure(1)
  return measure(settings.seconds)
}

function newStore(shape: StoreShape): Store {
  const tags = shape.largeRepositories * shape.tagsInLarge + shape.smallRepositories
  const name = `${tags.toLocaleString('en-US')} tags`
  return { name, shape, directory: '', ready: [], tags: [], catalog: [], peak: 0 }
}

/** Starts at least 101 tags before the end, so that the page is whole. */
function tagPage(shape: StoreShape): string {
  const repository = repositoryName(shape, random(shape.largeRepositories))
  return `/v2/${repository}/tags/list?n=100&last=${tagName(random(shape.tagsInLarge - 101))}`
}

function catalogPage(shape: StoreShape): string {
  const repositories = shape.largeRepositories + shape.smallRepositories
  return `/v2/_catalog?n=100&last=${repositoryName(shape, random(repositories - 101))}`
}

function random(below: number): number {
  return Math.floor(Math.random() * below)
}

function medianP99(rates: RequestRate[]): number {
  return median(rates.map((rate) => rate.p99Milliseconds))
}

function storeRows(store: Store): Row[] {
  const pages = (work: string, rates: RequestRate[]): Row => ({
    contender: `berth, ${store.name}`,
    work,
    unit: 'requests/s',
    values: rates.map((rate) => rate.perSecond),
    further: {
      'p50 ms': median(rates.map((rate) => rate.p50Milliseconds)),
      'p99 ms': medianP99(rates),
    },
  })
  return [
    {
      contender: `berth, ${store.name}`,
      work: 'start',
      unit: 'ms',
      values: store.ready,
      peakBytes: store.peak,
    },
    pages('tags/list?n=100', store.tags),
    pages('_catalog?n=100', store.catalog),
  ]
}
