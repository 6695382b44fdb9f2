const now = "'2026-01-01T00:00:00.000Z'"
const shared = ['latest', 'stable', 'v1.2.3', 'v1.2.4', 'edge']

/**
 * Statements that fill a migrated database with what a search goes through: repositories of ten tags each, five of which
 * all share and five that only this one has, as builds leave them; the words of all of it; a label and an annotation
 * on every tenth. A hundred repositories are in each project.
 */
export function searchLoad(engine: 'sqlite' | 'postgres', repositories: number): string[] {
  const isPostgres = engine === 'postgres'
  const projects = Math.ceil(repositories / 100)
  const numbers = (count: number) => numbersTo(engine, count)
  const hash = (of: string) =>
    isPostgres ? `md5(cast(${of} as text))` : `lower(hex((${of}) * 2654435761 % 4294967291))`
  const project = `'project-' || (1 + n % ${projects})`
  return [
    `insert into projects (name, parent_id, created_at, updated_at, version)
      select 'project-' || n, 1, ${now}, ${now}, 1 from ${numbers(projects)}`,
    `insert into repositories (name, created_at, project_id)
      select ${project} || '/service-' || n || '-' || ${hash('n')}, ${now},
        (select id from projects where name = ${project})
      from ${numbers(repositories)}`,
    `insert into manifests (repository_id, digest, media_type, size, payload, created_at)
      select id, 'sha256:' || ${hash('id')} || ${hash('id + 1')},
        'application/vnd.oci.image.manifest.v1+json', 2, ${isPostgres ? "'{}'::bytea" : "x'7b7d'"}, ${now}
      from repositories`,
    ...Array.from({ length: 2 * shared.length }, (_, tag) => {
      const name = shared[tag]
      return `insert into tags (repository_id, name, manifest_digest, created_at, updated_at)
        select repository_id, ${
          name === undefined ? `'build-' || ${hash(`repository_id * 10 + ${tag}`)}` : `'${name}'`
        }, digest, ${now}, ${now} from manifests`
    }),
    ...(['project', 'repository', 'tag'] as const).map(
      (kind) => `insert into search_terms (kind, text, folded)
        select distinct '${kind}', name, lower(name) from ${tables[kind]} where name <> ''`,
    ),
    ...(['label', 'annotation'] as const).flatMap(propertyLoad),
    'analyze',
  ]
}

const tables = { project: 'projects', repository: 'repositories', tag: 'tags' } as const

function propertyLoad(kind: 'label' | 'annotation'): string[] {
  const text = `'org.example.team=${kind}-team-' || (repository_id % 1000)`
  return [
    `insert into search_terms (kind, text, folded)
      select distinct '${kind}', ${text}, ${text} from manifests where repository_id % 10 = 0`,
    `insert into search_occurrences (term_id, repository_id, digest)
      select search_terms.id, manifests.repository_id, manifests.digest
      from manifests join search_terms on kind = '${kind}' and text = ${text}
      where repository_id % 10 = 0`,
  ]
}

/** A table `numbers` whose `n` counts from 1 to `count`. */
export function numbersTo(engine: 'sqlite' | 'postgres', count: number): string {
  return engine === 'postgres'
    ? `generate_series(1, ${count}) as numbers(n)`
    : `(with recursive counted(n) as (select 1 union all select n + 1 from counted where n < ${count})
        select n from counted) as numbers`
}
