import type { PackageKind } from '@berth/scanner/package.ts'
import { schemeOf } from '@berth/scanner/versions/compare.ts'
import type { Caller } from '../access/caller.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { packagesNamed } from '../metadata/packages.ts'
import { collectHolders } from './package-holders.ts'

export type PackageHit = {
  kind: PackageKind
  name: string
  version: string
  isUndetermined: boolean
  repository: string
  digest: string
  platform: string | null
  tags: string[]
}

type Place = { package: number; digest: string; repository: string }

/** Packages and places looked at for one page; after that a page is short, and the next goes on. */
const looksMax = 1000
const packagesAtOnce = 100
const beginning = '-'

/** Which images contain a package, of those that the caller may pull. */
export class PackageSearch {
  readonly #database: Database

  constructor(parts: { database: Database }) {
    this.#database = parts.database
  }

  /** Throws `requestInvalid` for versions that cannot be read and a foreign `after`. */
  async search(
    caller: Caller,
    query: {
      name: string
      kind: PackageKind | undefined
      version: string | undefined
      after: string | undefined
      limit: number
    },
  ): Promise<{ items: PackageHit[]; next: string | null }> {
    // Loaded when somebody searches: the server starts faster without.
    const grammar = await import('@berth/scanner/search/package-query.ts')
    const constraints = readConstraints(grammar, query.version)
    const items: PackageHit[] = []
    let place: Place | undefined = query.after === undefined ? undefined : readPlace(query.after)
    let looks = 0
    for (;;) {
      const packages = await packagesNamed(this.#database.read, {
        name: query.name,
        kind: query.kind,
        after: place?.package ?? 0,
        limit: packagesAtOnce,
      })
      for (const one of packages) {
        looks += 1
        const matches = grammar.matchesConstraints(
          schemeOf(one.kind as PackageKind),
          one.version,
          constraints,
        )
        if (matches !== false) {
          const from = place?.package === one.id ? place : { digest: '', repository: '' }
          const found = await collectHolders(this.#database.read, caller, {
            package: one.id,
            from,
            limit: query.limit - items.length,
            looks: looksMax - looks,
          })
          const isUndetermined = matches === undefined
          for (const { repository, digest, platform, tags } of found.items) {
            const { name, version } = one
            const kind = one.kind as PackageKind
            items.push({ kind, name, version, isUndetermined, repository, digest, platform, tags })
          }
          looks += found.looks
          if (found.next) return { items, next: toCursor({ package: one.id, ...found.next }) }
        }
        place = { package: one.id + 1, digest: '', repository: '' }
        if (looks >= looksMax) return { items, next: toCursor(place) }
      }
      if (packages.length < packagesAtOnce) return { items, next: null }
    }
  }
}

type Grammar = typeof import('@berth/scanner/search/package-query.ts')

function readConstraints(
  { InvalidPackageQuery, parsePackageQuery }: Grammar,
  text: string | undefined,
): ReturnType<Grammar['parsePackageQuery']>['constraints'] {
  if (text === undefined) return []
  try {
    return parsePackageQuery(`name${text}`).constraints
  } catch (error) {
    if (!(error instanceof InvalidPackageQuery)) throw error
    throw new BerthError('requestInvalid', `version: ${error.message}.`, {
      details: [
        {
          in: 'query',
          path: 'version',
          rule: 'range',
          message: error.message,
          accepted: 'ranges such as <2.17 or >=1.0,<1.5',
        },
      ],
    })
  }
}

function toCursor(place: Place): string {
  return writeCursor(
    String(place.package),
    place.digest || beginning,
    place.repository || beginning,
  )
}

function readPlace(cursor: string): Place {
  const [id, digest = '', repository = ''] = readCursor(cursor, 3)
  const value = (text: string) => (text === beginning ? '' : text)
  return { package: Number(id) || 0, digest: value(digest), repository: value(repository) }
}
