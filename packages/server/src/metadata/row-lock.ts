import { PostgresAdapter, type SelectQueryBuilder } from 'kysely'
import type { Executor } from './database.ts'

/**
 * Locks the rows a query reads until the transaction ends. SQLite has one writer at a time and needs none.
 * `keep` lets others read and lock likewise but not delete; `hold` lets them not change anything either; `change` is for
 * the one that will.
 */
export function lockRows<DB, TB extends keyof DB, O>(
  tx: Executor,
  query: SelectQueryBuilder<DB, TB, O>,
  purpose: 'keep' | 'hold' | 'change',
): SelectQueryBuilder<DB, TB, O> {
  if (!(tx.getExecutor().adapter instanceof PostgresAdapter)) return query
  switch (purpose) {
    case 'keep':
      return query.forKeyShare()
    case 'hold':
      return query.forShare()
    case 'change':
      return query.forUpdate()
  }
}
