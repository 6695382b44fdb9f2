import type { Hit } from './judge-row.ts'
import type { StoredAdvisory } from './rows.ts'

/** An advisory that says that a package is affected, and the row of it that does. */
export type Statement = { readonly hit: Hit; readonly advisory: StoredAdvisory }
