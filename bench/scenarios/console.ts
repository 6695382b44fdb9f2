import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { openSqlite } from '../../packages/server/src/metadata/sqlite.ts'
import { pushImage, uniqueImage } from '../clients/image.ts'
import { fetchToken, RegistryConnection } from '../clients/registry.ts'
import { findingCount, securityLoad } from '../load-console.ts'
import { searchLoad } from '../load-search.ts'
import { databaseFile, loadTags, repositoryName, type StoreShape } from '../load-store.ts'
import { administrator, startBerth } from '../peers/berth.ts'
import { median } from '../statistics.ts'
import { limitBar, type Context, type Row, type Scenario, type ScenarioResult } from './scenario.ts'

const scriptBar = 'first load: <= 350 kB of compressed JavaScript'
const paintBar = 'largest paint <= 1 s'
const interactionBar = 'interaction <= 100 ms'
const program = join(import.meta.dirname, '../../test/console/measure-pages.ts')
const image = { repository: 'project-1/measured', tag: '1.0.0' }

export const consolePages: Scenario = {
  name: 'console',
  title: 'The console before 100,000 repositories and a repository of 50,000 tags, in Chromium',
  heavy: true,
  berthOnly: true,
  bars: [scriptBar, paintBar, interactionBar],
  run,
}

/** As `measure-pages.ts` tells them: a value a round. */
type Figures = {
  name: string
  paint: number[]
  complete: number[]
  script: number[]
  requests: number[]
  frame: number[]
  steps: { name: string; interaction: number[]; result: number[] }[]
}

async function run({ workspace, settings, log }: Context): Promise<ScenarioResult> {
  const scale = settings.quick ? 10 : 1
  const shape = { largeRepositories: 1, tagsInLarge: 50_000 / scale, smallRepositories: 0 }
  const pages = await workspace.inMemory(async () => {
    const directory = workspace.folder('console')
    log('filling the store')
    await fill(join(directory, 'data'), shape, 100_000 / scale)
    const berth = await startBerth(workspace, { BERTH_ACCESS__ANONYMOUS_ROLE: 'none' }, directory)
    try {
      await pushMeasured(berth.url)
      const given = JSON.stringify({
        ...administrator,
        url: berth.url,
        rounds: settings.rounds,
        large: repositoryName(shape, 0),
        image,
      })
      // A process of its own: what types of the browser it needs are no concern of the others.
      const { stdout } = await promisify(execFile)(process.execPath, [program, given], {
        maxBuffer: 1 << 24,
      }).catch((cause: Error & { stderr?: string }) => {
        const fault = /^\S*Error: .*$/m.exec(cause.stderr ?? '')?.[0]
        throw new Error(`measure-pages.ts: ${fault ?? cause.message}`, { cause })
      })
      return JSON.parse(stdout) as Figures[]
    } finally {
      await berth.stop()
    }
  })
  return resultOf(pages, settings.quick)
}

function resultOf(pages: Figures[], isQuick: boolean): ScenarioResult {
  const steps = pages.flatMap((page) => page.steps)
  const worst = (values: number[][]) => Math.max(...values.map((each) => median(each)))
  return {
    rows: pages.flatMap(rowsOf),
    bars: [
      limitBar(scriptBar, worst(pages.map((page) => page.script)), 350, 'kB'),
      limitBar(paintBar, worst(pages.map((page) => page.paint)), 1000, 'ms'),
      limitBar(interactionBar, worst(steps.map((step) => step.interaction)), 100, 'ms'),
    ],
    notes: [
      `100,000 repositories in 1,000 projects, 1,050,000 tags, ${findingCount.toLocaleString('en')} findings in 3,000 images. The administrator is signed in; a new browser profile each time, so that nothing is cached, in a window that is open and at rest, 1440 x 900. The store lies in memory.`,
      'Largest paint: as the browser tells it, of loads that no inspector looks on at. All there: nothing is loading any more. Interaction: the longest from a key or a click until the next paint, as the browser tells it (Event Timing). Result: from the last key or click until what was asked for is on the screen, with the pause of 120 to 200 ms in which a filter waits for more keys. Longest frame: while the wheel turns over a table that reads on.',
      ...(isQuick ? ['A tenth of the repositories and tags (--quick).'] : []),
    ],
  }
}

function rowsOf(page: Figures): Row[] {
  const first: Row = {
    contender: 'berth',
    work: page.name,
    unit: 'ms until the largest paint',
    values: page.paint,
    further: {
      'all there ms': median(page.complete),
      'script kB': median(page.script),
      requests: median(page.requests),
      ...(page.frame.length > 0 && { 'longest frame ms': median(page.frame) }),
    },
  }
  const steps = page.steps.map((step) => ({
    contender: 'berth',
    work: `${page.name}: ${step.name}`,
    unit: 'ms until the result',
    values: step.result,
    further: { 'interaction ms': median(step.interaction) },
  }))
  return [first, ...steps]
}

async function fill(data: string, shape: StoreShape, repositories: number): Promise<void> {
  mkdirSync(data, { recursive: true })
  const file = databaseFile(data)
  await openSqlite({ file }).then((migrated) => migrated.close())
  const connection = new DatabaseSync(file)
  try {
    connection.exec('pragma synchronous = off; pragma cache_size = -1000000')
    for (const statement of [...searchLoad('sqlite', repositories), ...securityLoad('sqlite')]) {
      connection.exec(statement)
    }
  } finally {
    connection.close()
  }
  await loadTags(data, shape)
}

async function pushMeasured(url: string): Promise<void> {
  const token = await fetchToken(url, administrator, image.repository)
  const connection = new RegistryConnection(url, token)
  try {
    const pushed = uniqueImage({ layers: 12, layerBytes: 100_000 })
    await pushImage(connection, image.repository, image.tag, pushed)
  } finally {
    await connection.close()
  }
}
