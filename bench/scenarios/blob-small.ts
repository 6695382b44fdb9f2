import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { requestRate } from '../clients/wrk.ts'
import { flushDisks, measureRounds } from '../rounds.ts'
import { uniqueBlob } from '../unique-data.ts'
import {
  chosen,
  ratioBar,
  type Context,
  type Scenario,
  type ScenarioResult,
  withRunning,
} from './scenario.ts'

const repository = 'bench/small'
const blobBytes = 64 * 1024
const bars = ['>= 0.6 x nginx'] as const

export const blobSmall: Scenario = {
  name: 'blob-small',
  title: 'GET of a 64 KiB blob (64 blobs in turn), 32 connections',
  heavy: false,
  berthOnly: false,
  bars: [...bars],
  run,
}

async function run(context: Context): Promise<ScenarioResult> {
  const { workspace, settings } = context
  const blobs = Array.from({ length: 64 }, () => uniqueBlob(blobBytes))
  const file = join(workspace.memoryDirectory, 'small')
  const rows = await withRunning(
    context,
    chosen(context, 'berth', 'docker-registry', 'distribution', 'zot', 'nginx'),
    async (running) => {
      for (const { digest, bytes } of blobs) {
        writeFileSync(file, bytes)
        for (const contender of running) await contender.storeBlob(repository, digest, file)
      }
      flushDisks()
      return measureRounds(context, running, {
        name: 'GET',
        unit: 'requests/s',
        run: async (contender) => {
          const rate = await requestRate(workspace, {
            url: contender.url,
            paths: blobs.map(({ digest }) => contender.blobPath(repository, digest)),
            headers: [],
            connections: 32,
            threads: 1,
            seconds: settings.seconds,
          })
          return {
            value: rate.perSecond,
            requests: rate.requests,
            bytes: rate.requests * blobBytes,
            further: { 'p50 ms': rate.p50Milliseconds, 'p99 ms': rate.p99Milliseconds },
          }
        },
      })
    },
  )
  return { rows, bars: [ratioBar(bars[0], rows, 0.6, ['nginx'])], notes: [] }
}
