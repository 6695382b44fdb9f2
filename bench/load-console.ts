import { numbersTo } from './load-search.ts'

const images = 3000
const packages = 5000
const packagesEach = 40
const days = 90
const ranks = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const
/** Coprime to the number of packages; as many as an image has do not come round. */
const stride = 121

/** How many findings `securityLoad` tracks. */
export const findingCount = images * packagesEach

/**
 * Statements that add to what `searchLoad` left what the pages show beside names: images with packages and findings, due
 * dates, the figures of repositories and projects, and their history.
 */
export function securityLoad(engine: 'sqlite' | 'postgres'): string[] {
  const now = new Date().toISOString()
  const moment = `'${now}'`
  const numbers = (count: number) => numbersTo(engine, count)
  const daysFrom = (days: string) =>
    engine === 'postgres'
      ? `to_char(now() + (${days}) * interval '1 day', 'YYYY-MM-DD')`
      : `date('now', (${days}) || ' days')`
  const severity = (of: string) =>
    `case ${of} % 6 ${ranks.map((name, rank) => `when ${rank} then '${name}'`).join(' ')} end`
  const counted = ranks.map((name) => `sum(case when severity = '${name}' then 1 else 0 end)`)
  const sums = (of: string) => ranks.map((name) => `coalesce(sum(${of}.${name}), 0)`).join(', ')
  const chosen = `(select id, digest, row_number() over (order by id) as n from (
    select repositories.id, manifests.digest from repositories
    join manifests on manifests.repository_id = repositories.id
    where repositories.name like 'project-%' order by repositories.id limit ${images}) as first_ones) as chosen`
  return [
    `insert into packages (key, kind, release, name, artifact, version, source_name, source_version,
        is_third_party, modularity, data_revision)
      select 'key-' || n, 'deb', 'debian/12', 'library-' || n, '', '1.' || n, '', '', 0, '', 1
      from ${numbers(packages)}`,
    `insert into package_findings (package_id, vulnerability, severity, score, fix_state, fixed_version,
        fix_available_at, finding)
      select id, 'CVE-2026-' || (10000 + id % 3000), ${severity('id')}, 98 - 15 * (id % 6), 'fixed',
        '1.' || (id + 1), ${moment}, '{}' from packages`,
    `insert into vulnerability_names (folded, name, vulnerability)
      select distinct lower(vulnerability), vulnerability, vulnerability from package_findings`,
    `insert into search_terms (kind, text, folded) select distinct 'package', name, name from packages`,
    `insert into images (digest, state, platform, catalogue_version, catalogued_at, matched_at, data_revision)
      select digest, 'catalogued', 'linux/amd64', 1000, ${moment}, ${moment}, 1 from ${chosen}`,
    `insert into image_packages (image_digest, package_id)
      select chosen.digest, 1 + (chosen.n * 7 + numbers.n * ${stride}) % ${packages}
      from ${chosen} cross join ${numbers(packagesEach)}`,
    `insert into tracked_findings (repository_id, package_name, vulnerability, severity, score, first_seen_at,
        fix_available_at, last_seen_at, due_at)
      select chosen.id, 'deb:' || packages.name, vulnerability, severity, score, ${moment}, ${moment}, ${moment},
        case when packages.id % 3 = 0 then ${daysFrom('packages.id % 60 - 20')} || 'T00:00:00.000Z' end
      from ${chosen} join image_packages on image_packages.image_digest = chosen.digest
      join packages on packages.id = image_packages.package_id
      join package_findings on package_findings.package_id = packages.id`,
    `insert into finding_counts (repository_id, ${ranks.join(', ')})
      select repository_id, ${counted.join(', ')} from tracked_findings group by repository_id`,
    `update images set fixable = ${packagesEach}, packages = ${packagesEach},
      ${ranks.map((name) => `${name} = counts.${name}`).join(', ')}, worst_score = 98
      from ${chosen}, finding_counts as counts
      where chosen.digest = images.digest and counts.repository_id = chosen.id`,
    `update repositories set size = 1000000 + (id * 7919) % 900000000, tag_count = tag_count + 10,
      pushed_at = ${daysFrom('-(id % 700)')} || 'T00:00:00.000Z'`,
    `insert into usage_totals (project_id, bytes, repositories)
      select project_id, sum(size), count(*) from repositories where project_id <> 1 group by project_id`,
    `update usage_totals set bytes = (select sum(size) from repositories),
      repositories = (select count(*) from repositories) where project_id = 1`,
    `insert into project_figures (project_id, unique_bytes, shared_bytes, measured_at, ${ranks.join(', ')})
      select repositories.project_id, sum(size), 0, ${moment}, ${sums('finding_counts')}
      from repositories left join finding_counts on finding_counts.repository_id = repositories.id
      group by repositories.project_id`,
    `insert into instance_trends (day, ${ranks.join(', ')}, opened, closed)
      select ${daysFrom(`n - ${days}`)}, ${ranks.map((_, rank) => `${20_000 - rank} + n`).join(', ')}, 40, 30
      from ${numbers(days)}`,
    'analyze',
  ]
}
