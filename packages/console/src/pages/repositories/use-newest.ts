import { readManifest } from '@berth/api/manifests.ts'
import { listTags } from '@berth/api/tags.ts'
import { useApi } from '../../api/queries.ts'
import { useRepository } from './repository-context.ts'

/** The tag that was pushed last, and the manifest it points at. */
export function useNewest() {
  const { repository } = useRepository()
  const newest = useApi(listTags, {
    params: { repository: repository.name },
    query: { sort: 'updatedAt', limit: 1 },
  })
  const tag = newest.data?.body.items[0]
  const top = useApi(
    readManifest,
    { params: { repository: repository.name, reference: tag?.digest ?? '' } },
    { isEnabled: tag !== undefined },
  )
  return { newest, tag, top }
}
