import { PostgresAdapter } from 'kysely'
import { type Executor, type Transaction, inPortions } from './database.ts'
import { lockRows } from './row-lock.ts'
import type { SearchTermKind } from './schema.ts'

export type Term = { id: number; text: string }

const trimmedAtOnce = 500

/**
 * The ids of these words, which are added where they are new; each is held against `deleteUnusedTerms` until the
 * transaction ends. `fold` says how a word is compared.
 */
export async function ensureTerms(
  tx: Transaction,
  kind: SearchTermKind,
  texts: readonly string[],
  fold: (text: string) => string,
): Promise<Term[]> {
  const terms: Term[] = []
  // In one order, so that two that add the same words cannot hold each other up.
  await inPortions([...new Set(texts)].toSorted(), async (portion) => {
    let missing = portion
    // A second turn finds what was added; a third is needed only when a word was just thrown out in between.
    while (missing.length > 0) {
      const found = await lockRows(
        tx,
        tx
          .selectFrom('search_terms')
          .select(['id', 'text'])
          .where('kind', '=', kind)
          .where('text', 'in', missing),
        'keep',
      ).execute()
      terms.push(...found)
      const known = new Set(found.map((term) => term.text))
      missing = missing.filter((text) => !known.has(text))
      if (missing.length === 0) return
      await tx
        .insertInto('search_terms')
        .values(missing.map((text) => ({ kind, text, folded: fold(text) })))
        .onConflict((conflict) => conflict.columns(['kind', 'text']).doNothing())
        .execute()
    }
  })
  return terms
}

export async function deleteTerm(
  tx: Transaction,
  kind: SearchTermKind,
  text: string,
): Promise<void> {
  await tx.deleteFrom('search_terms').where('kind', '=', kind).where('text', '=', text).execute()
}

/** Notes where words stand. Twice is as once. */
export async function insertOccurrences(
  tx: Transaction,
  terms: readonly Term[],
  manifest: { repositoryId: number; digest: string },
): Promise<void> {
  await inPortions(terms, (portion) =>
    tx
      .insertInto('search_occurrences')
      .values(
        portion.map((term) => ({
          term_id: term.id,
          repository_id: manifest.repositoryId,
          digest: manifest.digest,
        })),
      )
      .onConflict((conflict) =>
        conflict.columns(['term_id', 'repository_id', 'digest']).doNothing(),
      )
      .execute(),
  )
}

/** The next ids of words after `after`, a few at a time. */
export async function nextTerms(db: Executor, after: number): Promise<number[]> {
  const rows = await db
    .selectFrom('search_terms')
    .select('id')
    .where('id', '>', after)
    .orderBy('id')
    .limit(trimmedAtOnce)
    .execute()
  return rows.map((row) => row.id)
}

/** Those of `ids` whose word nothing has any more. */
export async function unusedTerms(db: Executor, ids: readonly number[]): Promise<number[]> {
  if (ids.length === 0) return []
  const rows = await db
    .selectFrom('search_terms as term')
    .select('term.id')
    .where('term.id', 'in', ids)
    .where(({ eb, exists, not, or, selectFrom }) =>
      not(
        or([
          exists(
            selectFrom('search_occurrences')
              .select('search_occurrences.term_id')
              .whereRef('search_occurrences.term_id', '=', 'term.id'),
          ),
          eb('term.kind', '=', 'tag').and(
            exists(selectFrom('tags').select('tags.name').whereRef('tags.name', '=', 'term.text')),
          ),
          eb('term.kind', '=', 'repository').and(
            exists(
              selectFrom('repositories')
                .select('repositories.id')
                .whereRef('repositories.name', '=', 'term.text'),
            ),
          ),
          eb('term.kind', '=', 'package').and(
            exists(
              selectFrom('packages')
                .select('packages.id')
                .whereRef('packages.name', '=', 'term.text'),
            ),
          ),
          eb('term.kind', '=', 'project').and(
            exists(
              selectFrom('projects')
                .select('projects.id')
                .whereRef('projects.name', '=', 'term.text'),
            ),
          ),
        ]),
      ),
    )
    .execute()
  return rows.map((row) => row.id)
}

/**
 * Removes those of `ids` that are still unused; how many. A word that a push is about to use is passed over: whoever
 * adds a tag or a label holds its word first.
 */
export async function deleteUnusedTerms(tx: Transaction, ids: readonly number[]): Promise<number> {
  if (ids.length === 0) return 0
  const query = tx.selectFrom('search_terms').select('id').where('id', 'in', ids)
  const locked = await (tx.getExecutor().adapter instanceof PostgresAdapter
    ? query.forUpdate().skipLocked()
    : query
  ).execute()
  // Only now that nobody can begin to use them does the answer hold.
  const unused = await unusedTerms(
    tx,
    locked.map((row) => row.id),
  )
  if (unused.length > 0) await tx.deleteFrom('search_terms').where('id', 'in', unused).execute()
  return unused.length
}
