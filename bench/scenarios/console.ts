import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { loadTags, repositoryName, type StoreShape } from '../load-store.ts'
import { startBerth } from '../peers/berth.ts'
import { median } from '../statistics.ts'
import { limitBar, type Context, type Scenario, type ScenarioResult } from './scenario.ts'

const scriptBar = 'first load: <= 350 kB of compressed JavaScript'
const paintBar = 'largest paint <= 1 s'
const interactionBar = 'interaction <= 100 ms'
const program = join(import.meta.dirname, '../../test/console/measure-pages.ts')

export const consolePages: Scenario = {
  name: 'console',
  title: 'The console before 100,000 repositories and a repository of 50,000 tags, in Chromium',
  heavy: true,
  berthOnly: true,
  bars: [scriptBar, paintBar, interactionBar],
  run,
}

type Figures = { name: string; paint: number[]; interaction: number[]; script: number[] }

async function run({ workspace, settings, log }: Context): Promise<ScenarioResult> {
  const scale = settings.quick ? 10 : 1
  const shape: StoreShape = {
    largeRepositories: 1,
    tagsInLarge: 50_000 / scale,
    smallRepositories: 100_000 / scale,
  }
  const directory = workspace.folder('console')
  await loadTags(join(directory, 'data'), shape)
  const berth = await startBerth(workspace, {}, directory)
  try {
    // A process of its own: what types of the browser it needs are no concern of the others.
    const args = [program, berth.url, repositoryName(shape, 0), String(settings.rounds)]
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 24 })
    const pages = JSON.parse(stdout) as Figures[]
    const worst = (of: (page: Figures) => number[]) =>
      Math.max(...pages.map((page) => median(of(page))))
    for (const page of pages) {
      log(
        `${page.name}: paint ${median(page.paint).toFixed(0)} ms, interaction ${median(page.interaction).toFixed(0)} ms`,
      )
    }
    return {
      rows: pages.map((page) => ({
        contender: 'berth',
        work: page.name,
        unit: 'ms until the largest paint',
        values: page.paint,
        further: {
          'interaction ms': median(page.interaction),
          'script kB': median(page.script),
        },
      })),
      bars: [
        limitBar(
          scriptBar,
          worst(({ script }) => script),
          350,
          'kB',
        ),
        limitBar(
          paintBar,
          worst(({ paint }) => paint),
          1000,
          'ms',
        ),
        limitBar(
          interactionBar,
          worst(({ interaction }) => interaction),
          100,
          'ms',
        ),
      ],
      notes: [
        'A new browser profile each time, nothing cached, 1440 x 900. Interaction: the longest from a key or a click until the next frame is painted, as the browser itself reports it (Event Timing).',
      ],
    }
  } finally {
    await berth.stop()
  }
}
