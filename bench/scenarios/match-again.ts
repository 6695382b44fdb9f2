import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { buildAdvisories } from '../../packages/scanner/src/advisories/builder.ts'
import { importOsv } from '../../packages/scanner/src/advisories/import-osv.ts'
import { JobQueue } from '../../packages/server/src/jobs/queue.ts'
import { createLogger } from '../../packages/server/src/log.ts'
import { openSqlite } from '../../packages/server/src/metadata/sqlite.ts'
import { Advisories } from '../../packages/server/src/scan/advisories.ts'
import { Matching } from '../../packages/server/src/scan/matching.ts'
import { ScanOrders } from '../../packages/server/src/scan/orders.ts'
import { limitBar, type Context, type Scenario, type ScenarioResult } from './scenario.ts'

const bar = '10,000 images of 300 packages compared with new advisories: at most 60 s'
const packagesEach = 300
const distinct = 50_000
/** Coprime to the number of packages, and 300 of them do not come round: no image has a package twice. */
const stride = 163
const moment = "'2026-01-01T00:00:00.000Z'"

const newAdvisory = {
  id: 'BENCH-2026-1',
  modified: '2026-11-01T00:00:00Z',
  summary: 'Of a package that nobody has.',
  affected: [
    {
      package: { ecosystem: 'PyPI', name: 'of-nobody' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }],
    },
  ],
}

/** Real advisories of OSV, as zip files. */
const data = process.env['BERTH_ADVISORY_DATA'] ?? join(import.meta.dirname, '../../../shared/data')

export const matchAgain: Scenario = {
  name: 'match-again',
  title: 'Every image is compared with new advisories',
  heavy: true,
  berthOnly: true,
  bars: [bar],
  run: matchAgainOn,
}

async function matchAgainOn({ workspace, settings, log }: Context): Promise<ScenarioResult> {
  const sources = ['Debian', 'PyPI', 'Go'].map((name) => join(data, 'osv', `${name}.zip`))
  if (!sources.every((file) => existsSync(file))) {
    return {
      rows: [],
      bars: [limitBar(bar, undefined, 60, 's')],
      notes: [`no advisories in ${data}`],
    }
  }
  const images = settings.quick ? 1000 : 10_000
  const folder = workspace.folder('match-again')
  const advisoryFile = join(folder, 'advisories.db')
  log('building advisories')
  await buildAdvisories(
    advisoryFile,
    sources.map((path) => importOsv({ path })),
  )
  const file = join(folder, 'metadata.sqlite')
  await (await openSqlite({ file })).close()
  log(`loading ${images * packagesEach} packages in ${images} images`)
  fill(file, advisoryFile, images)

  const database = await openSqlite({ file })
  const now = Date.now
  const queue = new JobQueue({ database, now })
  const orders = new ScanOrders({ queue, isEnabled: true, now })
  const logger = createLogger({ level: 'silent', format: 'json' })
  const advisories = new Advisories({ folder, database, queue, logger, now })
  try {
    const matching = new Matching({ database, advisories, orders, now })
    const first = await timed(matching, images)
    log(`for the first time: ${first.seconds.toFixed(1)} s`)
    // New data, of which little is new, as on every day.
    const news = join(folder, 'BENCH-2026-1.json')
    await writeFile(news, JSON.stringify(newAdvisory))
    await buildAdvisories(advisoryFile, [importOsv({ path: news, source: 'bench' })])
    const again = await timed(matching, images)
    const { count } = await database.read
      .selectFrom('package_findings')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    return {
      rows: [
        {
          contender: 'berth',
          work: 'compare 10,000 images again',
          unit: 's',
          values: [again.seconds],
          further: {
            'the first time, s': first.seconds,
            'processor s': again.processor,
            'processor s the first time': first.processor,
          },
        },
      ],
      bars: [limitBar(bar, again.seconds, 60, 's')],
      notes: [
        ...(settings.quick ? ['A tenth of the images (--quick).'] : []),
        `${distinct.toLocaleString('en')} distinct packages, ${count.toLocaleString('en')} findings of them`,
      ],
    }
  } finally {
    await advisories.close()
    await database.close()
  }
}

async function timed(
  matching: Matching,
  images: number,
): Promise<{ seconds: number; processor: number }> {
  const started = performance.now()
  const before = process.cpuUsage()
  const done = await matching.run({
    signal: new AbortController().signal,
    onProgress: () => undefined,
  })
  if (done.images !== images || done.packages !== distinct) {
    throw new Error(`${done.images} images and ${done.packages} packages were compared`)
  }
  const { user, system } = process.cpuUsage(before)
  return { seconds: (performance.now() - started) / 1000, processor: (user + system) / 1e6 }
}

/** Half of the packages are such as the advisories speak of, half are not. */
function fill(file: string, advisoryFile: string, images: number): void {
  const database = new DatabaseSync(file)
  try {
    database.exec('pragma synchronous = off; pragma cache_size = -1000000')
    database.exec(`attach '${advisoryFile.replaceAll("'", "''")}' as advisories`)
    const counted = (count: number) =>
      `(with recursive counted(n) as (select 0 union all select n + 1 from counted where n < ${count - 1}) select n from counted)`
    database.exec(`
      begin;
      drop index image_packages_by_package;
      create temp table known as
        select row_number() over () - 1 as n, ecosystem, release, name from
          (select distinct ecosystem, release, name from advisories.affected
           where ecosystem in ('pypi', 'golang') or (ecosystem = 'debian' and release in ('11', '12')));
      create temp table drawn as select n, (n * 7919) % (select count(*) from known) as k,
        n % 2 as is_known from ${counted(distinct)};
      insert into packages (id, key, kind, release, name, artifact, version, source_name, source_version,
          is_third_party, modularity, data_revision)
        select drawn.n + 1, 'key-' || drawn.n,
          case known.ecosystem when 'debian' then 'deb' else known.ecosystem end,
          case known.ecosystem when 'debian' then 'debian/' || known.release else '' end,
          known.name || case is_known when 1 then '' else '-of-nobody' end, '',
          case known.ecosystem when 'golang' then 'v' else '' end
            || (1 + drawn.n % 5) || '.' || (drawn.n % 7) || '.' || (drawn.n % 11),
          '', '', 0, '', 0
        from drawn join known on known.n = drawn.k;
      insert into images (digest, state, catalogue_version, catalogued_at, packages)
        select 'sha256:' || printf('%064x', n), 'catalogued', 1, ${moment}, ${packagesEach}
        from ${counted(images)};
      insert into image_packages (image_digest, package_id)
        select 'sha256:' || printf('%064x', image.n), 1 + (image.n * 31 + package.n * ${stride}) % ${distinct}
        from ${counted(images)} as image, ${counted(packagesEach)} as package;
      create index image_packages_by_package on image_packages (package_id, image_digest);
      commit;
      analyze`)
  } finally {
    database.close()
  }
}
