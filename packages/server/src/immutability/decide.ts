import type { RepositoryName, TagName } from '@berth/oci/reference.ts'
import { LRUCache } from 'lru-cache'
import { type Glob, matches, parseGlob } from '../access/glob.ts'
import { levelsOf } from '../access/project-name.ts'
import type { Executor } from '../metadata/database.ts'
import { rulesOfProjects } from '../metadata/immutability-rules.ts'

/** The rule that decides about a tag, and the project in which it stands. */
export type DecidingRule = {
  readonly id: string
  readonly project: string
  readonly effect: 'immutable' | 'mutable'
  readonly repositories: string
  readonly tags: string
}

/** By their text, which never changes its meaning. */
const globs = new LRUCache<string, Glob>({ max: 2000 })

/** The first rule that matches, from the nearest project up; `undefined` when none does. One indexed read. */
export async function decide(
  db: Executor,
  repository: RepositoryName,
  tag: TagName,
): Promise<DecidingRule | undefined> {
  const rules = await rulesOfProjects(db, levelsOf(repository))
  const rule = rules.find(
    ({ repositories, tags }) =>
      matches(globOf(repositories), repository) && matches(globOf(tags), tag),
  )
  return (
    rule && {
      id: rule.id,
      project: rule.project,
      effect: rule.effect,
      repositories: rule.repositories,
      tags: rule.tags,
    }
  )
}

function globOf(text: string): Glob {
  let glob = globs.get(text)
  if (!glob) {
    glob = parseGlob(text)
    globs.set(text, glob)
  }
  return glob
}
