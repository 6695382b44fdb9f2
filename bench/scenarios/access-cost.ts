import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { imageMediaType, pushImage, uniqueImage } from '../clients/image.ts'
import { type Credentials, fetchToken, RegistryConnection } from '../clients/registry.ts'
import { requestRate } from '../clients/wrk.ts'
import { type AccessShape, dataDirectoryOf, loadAccess } from '../load-access.ts'
import { administrator, startBerth } from '../peers/berth.ts'
import type { RunningContender } from '../peers/contender.ts'
import { measureRounds } from '../rounds.ts'
import { type Context, limitBar, ratioBar, type Scenario, type ScenarioResult } from './scenario.ts'

const project = 'measured'
const repository = `${project}/manifests`
const tags = Array.from({ length: 50 }, (_, number) => `v${number}`)
const reader: Credentials = { name: 'bench-reader', password: 'reader-of-the-benchmark' }
const closed = { BERTH_ACCESS__ANONYMOUS_ROLE: 'none' }
const large: AccessShape = { projects: 10_000, members: 100_000, groups: 1_000, users: 10_000 }
const small: AccessShape = { projects: 10, members: 100, groups: 10, users: 10 }
const bars = [
  '>= 0.9 x the Berth before projects and roles',
  '10,000 projects, 100,000 members, 1,000 groups: p99 <= 1.5 x',
] as const

export const accessCost: Scenario = {
  name: 'access-cost',
  title:
    'GET of a manifest by tag with the token of a member through a group, 32 connections; one row for the Berth of --earlier, with the token of an administrator',
  heavy: false,
  berthOnly: true,
  bars: [...bars],
  run,
}

type Measured = { contender: RunningContender; token: string }

async function run(context: Context): Promise<ScenarioResult> {
  const { workspace, settings } = context
  const measured: Measured[] = []
  try {
    if (settings.earlier !== undefined) {
      const contender = await startBerth(workspace, closed, undefined, settings.earlier)
      await pushTags(contender)
      const token = await fetchToken(contender.url, administrator, repository)
      measured.push({ contender, token })
    }
    measured.push(await startLoaded(context, small, 'berth'))
    measured.push(await startLoaded(context, large, 'large-berth'))
    const tokens = new Map(measured.map(({ contender, token }) => [contender.url, token]))
    const contenders = measured.map(({ contender }) => contender)
    const rows = await measureRounds(context, contenders, {
      name: 'GET',
      unit: 'requests/s',
      run: async ({ url }) => {
        const rate = await requestRate(workspace, {
          url,
          paths: tags.map((tag) => `/v2/${repository}/manifests/${tag}`),
          headers: [`Accept: ${imageMediaType}`],
          connections: 32,
          threads: 1,
          seconds: settings.seconds,
          token: tokens.get(url),
        })
        return {
          value: rate.perSecond,
          requests: rate.requests,
          further: { 'p50 ms': rate.p50Milliseconds, 'p99 ms': rate.p99Milliseconds },
        }
      },
    })
    const p99 = (name: string) =>
      rows.find((row) => row.contender === name)?.further?.['p99 ms'] ?? Number.NaN
    return {
      rows,
      bars: [
        ratioBar(bars[0], rows, 0.9, ['earlier-berth']),
        limitBar(bars[1], p99('large-berth') / p99('berth'), 1.5, 'x'),
      ],
      notes: [
        'large-berth has 10,000 projects, 100,000 members and 1,000 groups; berth a thousandth of them.',
        'The token is fetched before each contender is measured, and the same in all rounds.',
      ],
    }
  } finally {
    await Promise.all(measured.map(({ contender }) => contender.stop()))
  }
}

/** A server with these projects and people on it, and a token of the reader. */
async function startLoaded(
  context: Context,
  shape: AccessShape,
  name: RunningContender['name'],
): Promise<Measured> {
  const { workspace } = context
  const directory = workspace.folder('access')
  const first = await startBerth(workspace, closed, directory)
  await pushTags(first)
  await first.stop()
  addUser(dataDirectoryOf(directory))
  await loadAccess(dataDirectoryOf(directory), shape, { name: reader.name, project })
  const contender = { ...(await startBerth(workspace, closed, directory)), name }
  return { contender, token: await fetchToken(contender.url, reader, repository) }
}

function addUser(dataDirectory: string): void {
  const program = fileURLToPath(new URL('../../packages/cli/bin/berth', import.meta.url))
  execFileSync(program, ['user', 'add', reader.name, '--role', 'none', '--password-stdin'], {
    input: `${reader.password}\n`,
    env: { ...process.env, BERTH_DATA_DIRECTORY: dataDirectory },
  })
}

/** The first push creates the project, for an administrator pushes. */
async function pushTags({ url }: RunningContender): Promise<void> {
  const connection = new RegistryConnection(url, await fetchToken(url, administrator, repository))
  for (const tag of tags) {
    await pushImage(connection, repository, tag, uniqueImage({ layers: 1, layerBytes: 1024 }))
  }
  await connection.close()
}
