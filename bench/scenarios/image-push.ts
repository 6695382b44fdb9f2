import { type Image, pushImage, uniqueImage } from '../clients/image.ts'
import { RegistryConnection } from '../clients/registry.ts'
import type { RunningContender } from '../peers/contender.ts'
import { flushDisks, measureRounds } from '../rounds.ts'
import {
  chosen,
  ratioBar,
  type Context,
  type Scenario,
  type ScenarioResult,
  withRunning,
} from './scenario.ts'

const images = 50
const clients = 8
const shape = { layers: 4, layerBytes: 256 * 1024 }
const bars = [
  '>= the best of docker-registry, distribution and zot',
  '>= 2 x zot with commit: true',
] as const

export const imagePush: Scenario = {
  name: 'image-push',
  title: `${images} images of four 256 KiB layers from ${clients} clients, durable on Berth and on zot with commit: true`,
  heavy: false,
  berthOnly: false,
  bars: [...bars],
  run,
}

async function run(context: Context): Promise<ScenarioResult> {
  let fresh: Image[] = []
  let round = 0
  const contenders = chosen(
    context,
    'berth',
    'docker-registry',
    'distribution',
    'zot',
    'zot-commit',
  )
  const rows = await withRunning(context, contenders, (running) =>
    measureRounds(context, running, {
      name: 'push',
      unit: 'images/s',
      prepare: () => {
        fresh = Array.from({ length: images }, () => uniqueImage(shape))
        round += 1
      },
      run: async (contender) => {
        const started = performance.now()
        await pushAll(contender, fresh, `r${round}`)
        return {
          value: images / ((performance.now() - started) / 1000),
          bytes: images * shape.layers * shape.layerBytes,
        }
      },
      settle: flushDisks,
    }),
  )
  return {
    rows,
    bars: [
      ratioBar(bars[0], rows, 1, ['docker-registry', 'distribution', 'zot']),
      ratioBar(bars[1], rows, 2, ['zot-commit']),
    ],
    notes: [
      'Per blob HEAD, POST, PATCH, PUT and HEAD, then the manifest by tag; each client pushes to a repository of its own.',
    ],
  }
}

async function pushAll(contender: RunningContender, images: Image[], round: string): Promise<void> {
  const queue = [...images.entries()]
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const connection = new RegistryConnection(contender.url)
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        const [number, image] = next
        await pushImage(connection, `bench/client-${client}`, `${round}-${number}`, image)
      }
      await connection.close()
    }),
  )
}
