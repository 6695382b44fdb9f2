import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { buildAdvisories } from '../../packages/scanner/src/advisories/builder.ts'
import {
  openAdvisories,
  type AdvisoryDatabase,
  type MatchTarget,
} from '../../packages/scanner/src/advisories/database.ts'
import { importOsv } from '../../packages/scanner/src/advisories/import-osv.ts'
import { limitBar, type Context, type Row, type Scenario, type ScenarioResult } from './scenario.ts'

const bar = '3,000,000 packages of 50,000 different ones matched in one process: at most 60 s'
const distinct = 50_000
const packages = 3_000_000

/** Real advisories of OSV, as zip files. */
const data = process.env['BERTH_ADVISORY_DATA'] ?? join(import.meta.dirname, '../../../shared/data')

/** The matcher by itself, without a server and its database around it: `match-again` has those. */
export const matchPackages: Scenario = {
  name: 'match-packages',
  title: 'Packages are matched with advisories',
  heavy: true,
  berthOnly: true,
  bars: [bar],
  run,
}

async function run({ workspace, settings, log }: Context): Promise<ScenarioResult> {
  const paths = ['Debian', 'PyPI', 'Go'].map((name) => join(data, 'osv', `${name}.zip`))
  if (!paths.every((path) => existsSync(path))) {
    const bars = [limitBar(bar, undefined, 60, 's')]
    return { rows: [], bars, notes: [`no advisories in ${data}`] }
  }
  const file = join(workspace.folder('match-packages'), 'advisories.db')
  log('building advisories')
  await buildAdvisories(
    file,
    paths.map((path) => importOsv({ path })),
  )
  const targets = draw(file)
  const lookUps: number[] = []
  const whole: number[] = []
  let findings = 0
  for (let round = 0; round < settings.rounds; round += 1) {
    const database = openAdvisories(file)
    try {
      const first = time(() => countFindings(database, targets, distinct))
      findings = first.findings
      lookUps.push((first.ms * 1000) / distinct)
      const rest = time(() => countFindings(database, targets, packages - distinct))
      whole.push((first.ms + rest.ms) / 1000)
      log(`round ${round + 1}: ${lookUps.at(-1)?.toFixed(1)} us, ${whole.at(-1)?.toFixed(1)} s`)
    } finally {
      database.close()
    }
  }
  const rows: Row[] = [
    { contender: 'berth', work: 'a package never seen before', unit: 'us', values: lookUps },
    { contender: 'berth', work: `${packages} packages`, unit: 's', values: whole },
  ]
  const slowest = Math.max(...lookUps)
  return {
    rows,
    bars: [limitBar(bar, Math.max(...whole), 60, 's')],
    notes: [
      `Half of the ${distinct} are such as advisories speak of; they have ${findings} findings.`,
      `Each looked up anew, ${packages} would take ${((slowest * packages) / 1_000_000).toFixed(0)} s (calculated, not run).`,
    ],
  }
}

/** Of what advisories name and, as often, of what none names, in versions of all sizes. */
function draw(file: string): MatchTarget[] {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    const known = database
      .prepare(
        `SELECT DISTINCT ecosystem, release, name FROM affected
         WHERE ecosystem IN ('pypi', 'golang') OR (ecosystem = 'debian' AND release IN ('10', '11'))`,
      )
      .all()
    return Array.from({ length: distinct }, (_, index): MatchTarget => {
      const row = known[(index * 7919) % known.length]
      const name = `${String(row?.['name'])}${index % 2 === 0 ? '' : '-of-nobody'}`
      const version = `${1 + (index % 5)}.${index % 7}.${index % 11}`
      if (row?.['ecosystem'] === 'debian') {
        const release = String(row['release'])
        return {
          package: { kind: 'deb', name, version },
          distribution: { id: 'debian', release, idLike: [] },
        }
      }
      return { package: { kind: row?.['ecosystem'] === 'pypi' ? 'pypi' : 'golang', name, version } }
    })
  } finally {
    database.close()
  }
}

/** `count` packages: every one of `targets` in turn, as often as it takes. */
function countFindings(
  database: AdvisoryDatabase,
  targets: readonly MatchTarget[],
  count: number,
): number {
  let findings = 0
  for (let index = 0; index < count; index += 1) {
    const target = targets[index % targets.length]
    if (target !== undefined) findings += database.match(target).length
  }
  return findings
}

function time(work: () => number): { ms: number; findings: number } {
  const started = performance.now()
  const findings = work()
  return { ms: performance.now() - started, findings }
}
