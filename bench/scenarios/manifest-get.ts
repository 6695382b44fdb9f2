import { administrator, startBerth } from '../peers/berth.ts'
import type { Contender, RunningContender } from '../peers/contender.ts'
import { fetchToken, RegistryConnection } from '../clients/registry.ts'
import { requestRate } from '../clients/wrk.ts'
import { imageMediaType, pushImage, uniqueImage } from '../clients/image.ts'
import { measureRounds } from '../rounds.ts'
import {
  chosen,
  limitBar,
  ratioBar,
  type Context,
  type Scenario,
  type ScenarioResult,
  withRunning,
} from './scenario.ts'

const repository = 'bench/manifests'
const tags = Array.from({ length: 50 }, (_, number) => `v${number}`)
const bars = ['>= 20 x docker-registry', '>= 3 x zot', 'p99 <= 5 ms'] as const

export const manifestGet: Scenario = {
  name: 'manifest-get',
  title: `GET of a manifest by tag (${tags.length} tags in turn), 32 connections, Berth with a bearer token`,
  heavy: false,
  berthOnly: false,
  bars: [...bars],
  run,
}

async function run(context: Context): Promise<ScenarioResult> {
  const { workspace, settings } = context
  const contenders = chosen(context, 'berth', 'docker-registry', 'distribution', 'zot').map(
    (contender): Contender =>
      contender.name === 'berth' ? { ...contender, start: startClosedBerth } : contender,
  )
  const rows = await withRunning(context, contenders, async (running) => {
    for (const contender of running) await pushTags(contender)
    return measureRounds(context, running, {
      name: 'GET',
      unit: 'requests/s',
      run: async (contender) => {
        const rate = await requestRate(workspace, {
          url: contender.url,
          paths: tags.map((tag) => `/v2/${repository}/manifests/${tag}`),
          headers: [`Accept: ${imageMediaType}`],
          connections: 32,
          threads: 1,
          seconds: settings.seconds,
          token: await tokenFor(contender),
        })
        return {
          value: rate.perSecond,
          requests: rate.requests,
          further: { 'p50 ms': rate.p50Milliseconds, 'p99 ms': rate.p99Milliseconds },
        }
      },
    })
  })
  const p99 = rows.find((row) => row.contender === 'berth')?.further?.['p99 ms']
  return {
    rows,
    bars: [
      ratioBar(bars[0], rows, 20, ['docker-registry']),
      ratioBar(bars[1], rows, 3, ['zot']),
      limitBar(bars[2], p99, 5, 'ms'),
    ],
    notes: [
      'docker-registry, distribution and zot run without authentication, which spares them the token check.',
    ],
  }
}

function startClosedBerth(workspace: Context['workspace']): Promise<RunningContender> {
  return startBerth(workspace, { BERTH_ACCESS__ANONYMOUS_ROLE: 'none' })
}

async function tokenFor(contender: RunningContender): Promise<string | undefined> {
  return contender.name === 'berth'
    ? fetchToken(contender.url, administrator, repository)
    : undefined
}

async function pushTags(contender: RunningContender): Promise<void> {
  const connection = new RegistryConnection(contender.url, await tokenFor(contender))
  for (const tag of tags) {
    await pushImage(connection, repository, tag, uniqueImage({ layers: 1, layerBytes: 1024 }))
  }
  await connection.close()
}
