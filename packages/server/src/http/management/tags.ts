import { deleteTag, listTags, readTag } from '@berth/api/tags.ts'
import { parseRepositoryName, parseTagName } from '@berth/oci/reference.ts'
import { type Binding, bind } from './call.ts'
import { writePermit } from '../write-permit.ts'

const pulling = { on: 'repository', action: 'pull' } as const

/** The tags of a repository. */
export const tagRoutes: readonly Binding[] = [
  bind(listTags, pulling, async ({ tags }, { params, query }) => {
    const { sort, order, prefix, contains, after, limit } = query
    const repository = parseRepositoryName(params.repository)
    const page = { sort, order, prefix, contains, after, limit }
    return { body: await tags.listTags(repository, page) }
  }),
  bind(readTag, pulling, async ({ tags }, { params }) => ({
    body: await tags.getTag(parseRepositoryName(params.repository), parseTagName(params.tag)),
  })),
  bind(deleteTag, { on: 'repository', action: 'deleteTag' }, async ({ manifests }, call) => {
    const { repository, tag } = call.params
    await manifests.deleteManifest(
      parseRepositoryName(repository),
      { kind: 'tag', tag: parseTagName(tag) },
      writePermit(call.caller, call.context.requestId),
    )
    return { body: undefined }
  }),
]
