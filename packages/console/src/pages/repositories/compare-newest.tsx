import { listTags } from '@berth/api/tags.ts'
import { useApi } from '../../api/queries.ts'
import { repositoryText } from '../../text/repositories.ts'
import { ButtonLink } from '../../ui/link.tsx'
import { useRepository } from './repository-context.ts'

const text = repositoryText.compare

/** Most people want to know what the newest version changed. Nothing where there is no other image. */
export function CompareNewest() {
  const { repository } = useRepository()
  const { data } = useApi(listTags, {
    params: { repository: repository.name },
    query: { sort: 'version', limit: 20 },
  })
  const tags = data?.body.items ?? []
  const to = tags[0]
  const from = tags.find(({ digest, kind }) => digest !== to?.digest && kind === to?.kind)
  if (!to || !from || (to.kind !== 'image' && to.kind !== 'index')) return null
  return (
    <ButtonLink
      to="/repositories/$repository/compare"
      params={{ repository: repository.name }}
      search={{ from: from.name, to: to.name } as never}
      variant="default"
    >
      <bdi>{text.newest(from.name, to.name)}</bdi>
    </ButtonLink>
  )
}
