import { readReclaimable } from '@berth/api/quotas.ts'
import { listRepositories, readRepository } from '@berth/api/repositories.ts'
import { deleteTag, listTags } from '@berth/api/tags.ts'
import { Stack, Text } from '@mantine/core'
import { useApi, useApiAction } from '../../api/queries.ts'
import { repositoryText } from '../../text/repositories.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { formatBytes } from '../../ui/units.ts'
import { useRepository } from './repository-context.ts'
import type { Tag } from './tag-columns.tsx'
import { useLast } from './use-last.ts'

const text = repositoryText.tag

/** Asks before a tag goes, and says what that frees. A tag that a rule keeps is refused here, with the rule. */
export function DeleteTag({
  tag: asked,
  onClose,
  onDeleted,
}: {
  tag: Tag | undefined
  onClose: () => void
  onDeleted: (tag: string) => void
}) {
  const { repository } = useRepository()
  const remove = useApiAction(deleteTag, { changes: [listTags, readRepository, listRepositories] })
  // There before it opens, so that it knows where the focus goes back to.
  const name = useLast(asked)?.name ?? ''
  return (
    <Confirm
      isOpen={asked !== undefined}
      title={text.removeTitle(name)}
      typed={name}
      action={text.remove}
      onConfirm={async () => {
        await remove.mutateAsync({ params: { repository: repository.name, tag: name } })
        onDeleted(name)
        notifyDone(text.removed(name))
      }}
      onClose={onClose}
    >
      <Stack gap="xs">
        <Text size="sm">{text.removeLead}</Text>
        <Frees name={name} isAsked={asked !== undefined} />
      </Stack>
    </Confirm>
  )
}

function Frees({ name, isAsked }: { name: string; isAsked: boolean }) {
  const { repository, may } = useRepository()
  const { data } = useApi(
    readReclaimable,
    { params: { repository: repository.name, reference: name } },
    { isEnabled: isAsked && may('delete') },
  )
  if (!data) return null
  const { bytes, manifestBytes } = data.body
  const freed = bytes + manifestBytes
  return (
    <Text size="sm">
      {freed > 0 ? text.removeFrees(formatBytes(freed)) : text.removeFreesNothing}
    </Text>
  )
}
