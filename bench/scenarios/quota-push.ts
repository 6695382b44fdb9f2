import { findPostgres, startPostgres } from '../../packages/server/src/testing/postgres-server.ts'
import { type Image, pushImage, uniqueImage } from '../clients/image.ts'
import { RegistryConnection } from '../clients/registry.ts'
import { type LockWaits, watchLockWaits } from '../lock-waits.ts'
import { administrator, startBerth } from '../peers/berth.ts'
import type { RunningContender } from '../peers/contender.ts'
import { measureRounds } from '../rounds.ts'
import { type Context, limitBar, type Scenario, type ScenarioResult } from './scenario.ts'

const clients = 32
const shape = { layers: 2, layerBytes: 16 * 1024 }
const bars = [
  'a quota is never exceeded by more than the requests in flight',
  'no lock wait over 50 ms',
] as const

export const quotaPush: Scenario = {
  name: 'quota-push',
  title: `${clients} clients push images of two 16 KiB layers into one project on PostgreSQL until its quota is full, while usage is folded`,
  heavy: false,
  berthOnly: true,
  bars: [...bars],
  run,
}

/** What one round showed. */
type Round = LockWaits & { readonly requestsBeyond: number }

async function run(context: Context): Promise<ScenarioResult> {
  if (findPostgres() === undefined) {
    const measured = 'PostgreSQL is not installed: apt-get install postgresql'
    return { rows: [], bars: bars.map((text) => ({ text, measured, met: undefined })), notes: [] }
  }
  const postgres = await startPostgres({ durable: true })
  try {
    const berth = await startBerth(context.workspace, {
      BERTH_METADATA__KIND: 'postgres',
      BERTH_METADATA__URL: postgres.url,
    })
    try {
      return await measure(context, berth, postgres.url)
    } finally {
      await berth.stop()
    }
  } finally {
    await postgres.stop()
  }
}

async function measure(
  context: Context,
  berth: RunningContender,
  databaseUrl: string,
): Promise<ScenarioResult> {
  const count = context.settings.quick ? 200 : 600
  const all: Round[] = []
  let fresh: Image[] = []
  const rows = await measureRounds(context, [berth], {
    name: 'push',
    unit: 'images/s',
    prepare: () => {
      fresh = Array.from({ length: count + clients }, () => uniqueImage(shape))
    },
    run: async () => {
      const project = `quota-${all.length}`
      const [first] = fresh
      if (first === undefined) throw new Error('There are no images to push.')
      // Falls into the middle of an image.
      const quota = Math.floor(sizeOf(first) * (count - 0.5))
      await manage(berth, 'POST', '/projects', { name: project })
      await manage(berth, 'PUT', `/projects/${project}/quota`, { bytes: quota, repositories: null })
      const watch = await watchLockWaits(databaseUrl)
      const started = performance.now()
      const pushed = await pushUntilFull(berth, project, fresh)
      const seconds = (performance.now() - started) / 1000
      const waits = await watch.stop()
      const { bytes } = (await manage(berth, 'GET', `/projects/${project}/usage`)) as Usage
      const requestsBeyond = Math.max(0, bytes - quota) / shape.layerBytes
      all.push({ ...waits, requestsBeyond })
      return {
        value: pushed / seconds,
        further: {
          'KiB beyond the quota': Math.max(0, bytes - quota) / 1024,
          'layers beyond the quota': requestsBeyond,
          'longest lock wait ms': waits.longestMilliseconds,
          'lock waits seen': waits.seen,
          'longest time between looks ms': waits.longestGapMilliseconds,
        },
      }
    },
  })
  const most = (figure: (round: Round) => number) => Math.max(...all.map(figure))
  const longestWait = most(({ longestMilliseconds }) => longestMilliseconds)
  const longestGap = most(({ longestGapMilliseconds }) => longestGapMilliseconds)
  return {
    rows,
    bars: [
      limitBar(
        bars[0],
        most(({ requestsBeyond }) => requestsBeyond),
        clients,
        `layers, ${clients} requests in flight`,
      ),
      {
        ...limitBar(bars[1], longestWait, 50, 'ms'),
        measured: `${longestWait.toFixed(0)} ms, never unwatched for more than ${longestGap.toFixed(0)} ms`,
      },
    ],
    notes: [
      `A new project with room for ${count} images each round; a client stops at its first refusal. The figures in the table are medians, the bars look at the worst of all rounds. PostgreSQL as it comes, on the same machine. Who waits for a lock is looked up every 5 ms; a wait counts until the next look.`,
    ],
  }
}

/** Each client pushes to a repository of its own until the quota refuses; returns how many images were stored. */
async function pushUntilFull(
  berth: RunningContender,
  project: string,
  images: Image[],
): Promise<number> {
  const queue = [...images]
  let pushed = 0
  let refused = 0
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const connection = new RegistryConnection(berth.url)
      try {
        for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
          await pushImage(connection, `${project}/client-${client}`, String(queue.length), next)
          pushed += 1
        }
      } catch (error) {
        if (!/answered 403: .*The quota of/.test(String(error))) throw error
        refused += 1
      } finally {
        await connection.close()
      }
    }),
  )
  if (refused === 0) throw new Error(`${pushed} images were pushed, and no quota refused one.`)
  return pushed
}

type Usage = { readonly bytes: number }

async function manage(
  { url }: RunningContender,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const { name, password } = administrator
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!answer.ok)
    throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`)
  return answer.json()
}

function sizeOf({ blobs, manifest }: Image): number {
  return blobs.reduce((sum, { bytes }) => sum + bytes.length, manifest.length)
}
