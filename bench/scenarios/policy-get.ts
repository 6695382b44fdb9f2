import { imageMediaType, pushImage, uniqueImage } from '../clients/image.ts'
import { RegistryConnection } from '../clients/registry.ts'
import { requestRate } from '../clients/wrk.ts'
import { administrator, startBerth } from '../peers/berth.ts'
import type { RunningContender } from '../peers/contender.ts'
import { measureRounds } from '../rounds.ts'
import { type Context, ratioBar, type Scenario, type ScenarioResult } from './scenario.ts'

const tags = Array.from({ length: 50 }, (_, number) => `v${number}`)
const bars = ['a policy takes less than a tenth: >= 0.9 x without'] as const
const repositories = { berth: 'gated/app', 'ungated-berth': 'free/app' } as const

const document = `apiVersion: berth/v1
rules:
  - { name: small, maximumSize: { size: 10GiB } }
  - { name: layers, maximumLayers: { layers: 100 } }
  - { name: releases, tags: ["v*"], maximumSize: { size: 1GiB } }
  - { name: signed, repositories: ["gated/signed/**"], signedBy: { identities: [release] } }
`

export const policyGet: Scenario = {
  name: 'policy-get',
  title: `GET of a manifest by tag (${tags.length} tags in turn), 32 connections, in a project with a policy of four rules (berth) and in one without (ungated-berth) of the same server`,
  heavy: false,
  berthOnly: true,
  bars: [...bars],
  run,
}

async function run(context: Context): Promise<ScenarioResult> {
  const { workspace, settings } = context
  const berth = await startBerth(workspace)
  try {
    await manage(berth, 'POST', '/projects', { name: 'gated' })
    await manage(berth, 'PUT', '/projects/gated/policy', { document })
    const both = (['berth', 'ungated-berth'] as const).map((name) => ({ ...berth, name }))
    for (const { name, url } of both) await pushTags(url, repositories[name])
    const rows = await measureRounds(context, both, {
      name: 'GET',
      unit: 'requests/s',
      run: async ({ url, name }) => {
        const rate = await requestRate(workspace, {
          url,
          paths: tags.map((tag) => `/v2/${repositoryOf(name)}/manifests/${tag}`),
          headers: [`Accept: ${imageMediaType}`],
          connections: 32,
          threads: 1,
          seconds: settings.seconds,
          token: undefined,
        })
        return {
          value: rate.perSecond,
          requests: rate.requests,
          further: { 'p50 ms': rate.p50Milliseconds, 'p99 ms': rate.p99Milliseconds },
        }
      },
    })
    return {
      rows,
      bars: [ratioBar(bars[0], rows, 0.9, ['ungated-berth'])],
      notes: [
        'Every verdict is found in the first round, which does not count, and kept from then on.',
      ],
    }
  } finally {
    await berth.stop()
  }
}

function repositoryOf(name: RunningContender['name']): string {
  return name === 'berth' ? repositories.berth : repositories['ungated-berth']
}

async function pushTags(url: string, repository: string): Promise<void> {
  const connection = new RegistryConnection(url, undefined)
  for (const tag of tags) {
    await pushImage(connection, repository, tag, uniqueImage({ layers: 1, layerBytes: 1024 }))
  }
  await connection.close()
}

async function manage(
  { url }: RunningContender,
  method: string,
  path: string,
  body: object,
): Promise<void> {
  const { name, password } = administrator
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  })
  if (!response.ok)
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
}
