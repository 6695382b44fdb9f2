import { search, searchKind } from '@berth/api/search.ts'
import type { PackageKind } from '@berth/scanner/package.ts'
import { type Binding, bind } from './call.ts'

/** Search over what the caller may see. */
export const searchRoutes: readonly Binding[] = [
  bind(search, { on: 'anyone' }, async (door, { query, caller }) => {
    const kinds = query.kind ? [...new Set(query.kind)] : searchKind.options
    const items = await door.search.search(caller, { text: query.q, kinds, limit: query.limit })
    return {
      body: {
        items: items.map(({ package: found, ...hit }) => ({
          ...hit,
          package: found && { kind: found.kind as PackageKind, name: found.name },
        })),
      },
    }
  }),
]
