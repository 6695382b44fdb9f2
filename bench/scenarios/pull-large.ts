import { join } from 'node:path'
import { download } from '../clients/curl.ts'
import { flushDisks, measureRounds } from '../rounds.ts'
import { writeUniqueFile } from '../unique-data.ts'
import {
  chosen,
  ratioBar,
  type Context,
  type Scenario,
  type ScenarioResult,
  withRunning,
} from './scenario.ts'

const clients = 4
const repository = 'bench/large'
const bars = [
  '>= 1.2 x the best of docker-registry, distribution and zot',
  '>= 0.9 x nginx',
] as const

export const pullLarge: Scenario = {
  name: 'pull-large',
  title: `One 1 GiB blob, ${clients} clients at once`,
  heavy: false,
  berthOnly: false,
  bars: [...bars],
  run,
}

async function run(context: Context): Promise<ScenarioResult> {
  const size = context.settings.largeBytes
  const file = join(context.workspace.memoryDirectory, 'large')
  const digest = writeUniqueFile(file, size)
  const rows = await withRunning(
    context,
    chosen(context, 'berth', 'docker-registry', 'distribution', 'zot', 'nginx'),
    async (running) => {
      for (const contender of running) await contender.storeBlob(repository, digest, file)
      flushDisks()
      return measureRounds(context, running, {
        name: 'pull',
        unit: 'GB/s',
        run: async (contender) => {
          const url = contender.url + contender.blobPath(repository, digest)
          const started = performance.now()
          await Promise.all(Array.from({ length: clients }, () => download(url, size)))
          const seconds = (performance.now() - started) / 1000
          return { value: (clients * size) / seconds / 1e9, bytes: clients * size }
        },
      })
    },
  )
  return {
    rows,
    bars: [
      ratioBar(bars[0], rows, 1.2, ['docker-registry', 'distribution', 'zot']),
      ratioBar(bars[1], rows, 0.9, ['nginx']),
    ],
    notes: [
      'The blob is in the page cache. Each client is a curl process that throws the bytes away.',
    ],
  }
}
