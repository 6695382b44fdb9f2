import type { listManifests } from '@berth/api/manifests.ts'
import type { ItemOf } from '../../api/queries.ts'

export type ManifestRow = ItemOf<typeof listManifests>

/** What tells a digest apart, and what is typed to delete a manifest. */
export function shortOf(digest: string): string {
  const [algorithm = '', hex = ''] = digest.split(':')
  return `${algorithm}:${hex.slice(0, 12)}`
}
