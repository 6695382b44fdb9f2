import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openSqlite } from '../../packages/server/src/metadata/sqlite.ts'
import type { Caller } from '../../packages/server/src/access/caller.ts'
import { searchKind } from '../../packages/api/src/search.ts'
import { Search } from '../../packages/server/src/search/search.ts'
import { searchLoad } from '../load-search.ts'
import { median } from '../statistics.ts'
import { limitBar, type Context, type Row, type Scenario, type ScenarioResult } from './scenario.ts'

const bar = 'every search among 100,000 repositories and 1,000,000 tags: p99 <= 50 ms'

/** Beginnings, parts, one character, what is everywhere, what is nowhere. */
const searchedTexts = [
  'service-4711',
  'project-77/',
  'ice-999',
  'latest',
  'v1.2',
  '1.2.3',
  'build-3132',
  'ab3f',
  'service',
  'e',
  'sha256:1',
  'team-77',
  'org.example',
  'nothing-has-this',
] as const

export const search: Scenario = {
  name: 'search',
  title: 'Search among 1,000,000 tags in 100,000 repositories',
  heavy: true,
  berthOnly: true,
  bars: [bar],
  run,
}

async function run(context: Context): Promise<ScenarioResult> {
  const { workspace, settings } = context
  const repositories = settings.quick ? 10_000 : 100_000
  const file = join(workspace.folder('search'), 'metadata.sqlite')
  await load(file, repositories)
  const database = await openSqlite({ file })
  try {
    const service = new Search({ database })
    const callers = [
      ['one who sees everything', 'all'],
      ['a member of ten projects', Array.from({ length: 10 }, (_, index) => index + 2)],
      ['a member of 900 projects', Array.from({ length: 900 }, (_, index) => index + 2)],
    ] as const
    const rows: Row[] = []
    for (const [name, projects] of callers) {
      const times = await measureSearches(service, projects, settings.rounds * 20)
      rows.push({
        contender: 'berth',
        work: name,
        unit: 'ms',
        values: [median(times)],
        further: {
          'p99 ms': times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0,
        },
      })
    }
    const worst = Math.max(...rows.map((row) => row.further?.['p99 ms'] ?? 0))
    return {
      rows,
      bars: [limitBar(bar, worst, 50, 'ms')],
      notes: [
        `${searchedTexts.length} texts, all kinds at once, in the process itself on SQLite.`,
        ...(settings.quick ? ['A tenth of the repositories and tags (--quick).'] : []),
      ],
    }
  } finally {
    await database.close()
  }
}

async function load(file: string, repositories: number): Promise<void> {
  await openSqlite({ file }).then((migrated) => migrated.close())
  const connection = new DatabaseSync(file)
  try {
    for (const statement of searchLoad('sqlite', repositories)) connection.exec(statement)
  } finally {
    connection.close()
  }
}

/** Milliseconds of each search. */
async function measureSearches(
  service: Search,
  projects: 'all' | readonly number[],
  rounds: number,
): Promise<number[]> {
  const times: number[] = []
  const caller = {
    may: () => Promise.resolve(true),
    mayProject: () => Promise.resolve(true),
    readableProjects: () => Promise.resolve(projects),
  } as unknown as Caller
  for (let round = 0; round < rounds; round += 1) {
    for (const text of searchedTexts) {
      const started = performance.now()
      await service.search(caller, { text, kinds: searchKind.options, limit: 20 })
      times.push(performance.now() - started)
    }
  }
  return times
}
