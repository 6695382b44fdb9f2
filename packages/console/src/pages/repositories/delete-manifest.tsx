import { listManifests, deleteManifest } from '@berth/api/manifests.ts'
import { readReclaimable } from '@berth/api/quotas.ts'
import { listRepositories, readRepository } from '@berth/api/repositories.ts'
import { listTags } from '@berth/api/tags.ts'
import { Stack, Text } from '@mantine/core'
import { useApi, useApiAction } from '../../api/queries.ts'
import { repositoryText } from '../../text/repositories.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { Lines } from '../../ui/states.tsx'
import { formatBytes, formatCount } from '../../ui/units.ts'
import { type ManifestRow, shortOf } from './manifest-row.ts'
import { useRepository } from './repository-context.ts'
import { useLast } from './use-last.ts'

const text = repositoryText.manifest

/** Asks before a manifest goes with its tags, and says what that frees. */
export function DeleteManifest({
  manifest: asked,
  onClose,
}: {
  manifest: ManifestRow | undefined
  onClose: () => void
}) {
  const { repository } = useRepository()
  const changes = [listManifests, listTags, readRepository, listRepositories]
  const remove = useApiAction(deleteManifest, { changes })
  // There before it opens, so that it knows where the focus goes back to.
  const { digest = '', tags = [] } = useLast(asked) ?? {}
  return (
    <Confirm
      isOpen={asked !== undefined}
      title={text.removeTitle}
      typed={shortOf(digest)}
      action={text.remove}
      onConfirm={async () => {
        await remove.mutateAsync({ params: { repository: repository.name, digest } })
        notifyDone(text.removed)
      }}
      onClose={onClose}
    >
      <Stack gap="xs">
        <Text size="sm" className="berth-mono" style={{ overflowWrap: 'anywhere' }}>
          {digest}
        </Text>
        <Text size="sm">{text.removeLead}</Text>
        {tags.length > 0 && <Text size="sm">{text.removeTags(tags.join(', '))}</Text>}
        <Frees digest={digest} isAsked={asked !== undefined} />
      </Stack>
    </Confirm>
  )
}

function Frees({ digest, isAsked }: { digest: string; isAsked: boolean }) {
  const { repository } = useRepository()
  const { data, error } = useApi(
    readReclaimable,
    { params: { repository: repository.name, reference: digest } },
    { isEnabled: isAsked },
  )
  // What it frees is worth knowing, and no reason not to delete it.
  if (error) return null
  if (!data) return <Lines count={1} />
  const { bytes, blobs, manifests, manifestBytes, complete } = data.body
  const freed = bytes + manifestBytes
  return (
    <Text size="sm">
      {freed === 0
        ? text.freesNothing
        : text.frees(formatBytes(freed), formatCount(blobs), formatCount(manifests))}
      {!complete && ` ${text.freesPart}`}
    </Text>
  )
}
