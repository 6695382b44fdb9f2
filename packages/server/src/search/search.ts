import type { searchKind } from '@berth/api/search.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import type { output } from 'zod'
import type { Caller } from '../access/caller.ts'
import type { Database, Executor } from '../metadata/database.ts'
import { hasTrigrams } from '../metadata/search-trigrams.ts'
import {
  type FoundName,
  type SearchNeedle,
  type SearchScope,
  findDigests,
  findProjectNames,
  findProperties,
  findRepositoryNames,
  findTagNames,
  hasTrigram,
  readScope,
} from '../metadata/search.ts'
import { type ContentHit, ContentSearch, type ImageCount } from './contents.ts'
import { fold } from './fold.ts'

export type SearchKind = output<typeof searchKind>

/** What stands in images, and not for a repository. */
type ContentKind = 'package' | 'vulnerability'

type NameKind = Exclude<SearchKind, ContentKind>

export type SearchHit = {
  kind: SearchKind
  /** `exact`, or where in the word it was found. */
  match: 'exact' | 'prefix' | 'part'
  /** The word that was found; a label or annotation as `key=value`. */
  text: string
  project: string
  repository: string | null
  /** Of the manifest that has the tag, label or annotation. */
  digest: string | null
  package: ContentHit['package']
  vulnerability: string | null
  images: ImageCount | null
}

/** Looked up for each kind before those are left out that the caller may not pull. */
const candidatesMax = 500
const rank = { exact: 0, prefix: 1, part: 2 } as const

/** What the caller may see, by the beginning or a part of a word. */
export class Search {
  readonly #database: Database
  #hasTrigrams = false

  constructor(parts: { database: Database }) {
    this.#database = parts.database
  }

  /**
   * At most `limit` hits of each kind: the word itself first, then words that begin with it, then others. Parts of words
   * are found from three characters on, digests from four on by their beginning. The work is bounded: of a word that
   * stands in very many places not every place is looked at.
   */
  async search(
    caller: Caller,
    query: { text: string; kinds: readonly SearchKind[]; limit: number },
  ): Promise<SearchHit[]> {
    const text = fold(query.text)
    const projects = await caller.readableProjects()
    if (text === '' || projects.length === 0) return []
    const scope = await readScope(this.#database.read, projects)
    const sight = new Sight(caller)
    const canFindParts = hasTrigram(this.#database.read, text) && (await this.#canFindParts())
    const hits: SearchHit[] = []
    const contents = new ContentSearch({ db: this.#database.read, caller, scope })
    for (const kind of query.kinds) {
      if (kind === 'package' || kind === 'vulnerability') {
        hits.push(...(await findContents(contents, kind, text, { ...query, canFindParts })))
        continue
      }
      const found = await this.#findKind(kind, text, {
        scope,
        sight,
        limit: query.limit,
        canFindParts,
      })
      hits.push(...found)
    }
    return hits.toSorted((a, b) => rank[a.match] - rank[b.match])
  }

  /** Asked until it is so: the extension of PostgreSQL may come later. */
  async #canFindParts(): Promise<boolean> {
    this.#hasTrigrams ||= await hasTrigrams(this.#database.read)
    return this.#hasTrigrams
  }

  async #findKind(
    kind: NameKind,
    text: string,
    how: { scope: SearchScope; sight: Sight; limit: number; canFindParts: boolean },
  ): Promise<SearchHit[]> {
    const hits: SearchHit[] = []
    for (const match of how.canFindParts && kind !== 'digest'
      ? (['prefix', 'part'] as const)
      : (['prefix'] as const)) {
      const found = await find(this.#database.read, kind, { text, match }, how.scope)
      for (const name of found) {
        if (hits.length >= how.limit) return hits
        if (await how.sight.isVisible(kind, name)) hits.push(toHit(kind, name, text, match))
      }
    }
    return hits
  }
}

async function findContents(
  contents: ContentSearch,
  kind: ContentKind,
  text: string,
  { limit, canFindParts }: { limit: number; canFindParts: boolean },
): Promise<SearchHit[]> {
  const toContentHit =
    (match: 'prefix' | 'part') =>
    (hit: ContentHit): SearchHit => ({
      ...hit,
      kind,
      match: fold(hit.text) === text ? 'exact' : match,
      project: '',
      repository: null,
      digest: null,
    })
  if (kind === 'vulnerability') {
    return (await contents.vulnerabilities(text, limit)).map(toContentHit('prefix'))
  }
  const hits = (await contents.packages(text, 'prefix', limit)).map(toContentHit('prefix'))
  if (!canFindParts || hits.length >= limit) return hits
  const parts = await contents.packages(text, 'part', limit - hits.length)
  return [...hits, ...parts.map(toContentHit('part'))]
}

/** What the caller may see, each repository asked for once. */
class Sight {
  readonly #caller: Caller
  readonly #known = new Map<string, boolean>()

  constructor(caller: Caller) {
    this.#caller = caller
  }

  async isVisible(kind: NameKind, name: FoundName): Promise<boolean> {
    const key = kind === 'project' ? `project ${name.project}` : name.repository
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const visible = await (kind === 'project'
      ? this.#caller.mayProject('readProject', name.project)
      : this.#caller.may('pull', name.repository as RepositoryName))
    this.#known.set(key, visible)
    return visible
  }
}

async function find(
  db: Executor,
  kind: NameKind,
  needle: SearchNeedle,
  scope: SearchScope,
): Promise<FoundName[]> {
  switch (kind) {
    case 'project':
      return findProjectNames(db, needle, scope, candidatesMax)
    case 'repository':
      return findRepositoryNames(db, needle, scope, candidatesMax)
    case 'tag':
      return findTagNames(db, needle, scope, candidatesMax)
    case 'digest': {
      const found: FoundName[] = []
      for (const prefix of digestPrefixes(needle.text)) {
        found.push(...(await findDigests(db, prefix, scope, candidatesMax)))
      }
      return found
    }
    case 'label':
    case 'annotation':
      return findProperties(db, kind, needle, scope, candidatesMax)
  }
}

/** People copy a digest with or without its algorithm. */
function digestPrefixes(text: string): string[] {
  if (/^sha(?:256|512):[0-9a-f]{4,128}$/.test(text)) return [text]
  return /^[0-9a-f]{4,128}$/.test(text) ? [`sha256:${text}`, `sha512:${text}`] : []
}

function toHit(kind: NameKind, name: FoundName, text: string, match: 'prefix' | 'part'): SearchHit {
  const isWhole = fold(name.text) === text || (kind === 'digest' && name.text.endsWith(`:${text}`))
  return {
    kind,
    match: isWhole ? 'exact' : match,
    text: name.text,
    project: name.project,
    repository: kind === 'project' ? null : name.repository,
    digest: name.digest,
    package: null,
    vulnerability: null,
    images: null,
  }
}
