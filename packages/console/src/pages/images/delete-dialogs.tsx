import { listLayers } from '@berth/api/layers.ts'
import { deleteManifest } from '@berth/api/manifests.ts'
import { deleteTag } from '@berth/api/tags.ts'
import { List, Stack } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useApi, useApiAction } from '../../api/queries.ts'
import { imageText } from '../../text/images.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { formatBytes, formatCapped } from '../../ui/units.ts'
import { shortDigest, useImage } from './image-context.ts'

const text = imageText.deletion
const tagsShown = 10

type Props = { readonly isOpen: boolean; readonly onClose: () => void }

/** Only the name: the image stays. */
export function DeleteTag({ isOpen, onClose }: Props) {
  const { repository, reference } = useImage()
  const leave = useLeave()
  const remove = useApiAction(deleteTag, { changes: [] })
  return (
    <Confirm
      isOpen={isOpen}
      title={text.tagTitle(reference)}
      typed={reference}
      action={text.tagAction}
      onClose={onClose}
      onConfirm={async () => {
        await remove.mutateAsync({ params: { repository: repository.name, tag: reference } })
        notifyDone(text.tagDone(reference))
        await leave()
      }}
    >
      {text.tagLead}
    </Confirm>
  )
}

/** The manifest with all of its tags; says what goes with it. */
export function DeleteImage({ isOpen, onClose }: Props) {
  const { repository, top, reference } = useImage()
  const leave = useLeave()
  const remove = useApiAction(deleteManifest, { changes: [] })
  const typed = reference.includes(':') ? shortDigest(reference) : reference
  return (
    <Confirm
      isOpen={isOpen}
      title={text.imageTitle}
      typed={typed}
      action={text.imageAction}
      onClose={onClose}
      onConfirm={async () => {
        await remove.mutateAsync({ params: { repository: repository.name, digest: top.digest } })
        notifyDone(text.imageDone)
        await leave()
      }}
    >
      <Stack gap="xs">
        <span>{text.imageLead(shortDigest(top.digest))}</span>
        {top.tags.length > 0 && (
          <div>
            {text.tagsGo}
            <List size="sm">
              {top.tags.map((tag) => (
                <List.Item key={tag}>
                  <bdi>{tag}</bdi>
                </List.Item>
              ))}
            </List>
            {top.tags.length >= tagsShown && text.moreTags}
          </div>
        )}
        {top.referrers.count > 0 && <span>{text.referrersGo(formatCapped(top.referrers))}</span>}
        {top.kind === 'index' && <span>{text.childrenStay}</span>}
        {top.kind !== 'index' && isOpen && <Freed />}
      </Stack>
    </Confirm>
  )
}

/** What nothing else uses, as far as the caller may know. */
function Freed() {
  const { repository, top } = useImage()
  const { data } = useApi(listLayers, {
    params: { repository: repository.name, reference: top.digest },
  })
  if (!data) return null
  const own = new Map(
    data.body.items
      .filter(({ repositories, manifests }) => repositories.count <= 1 && manifests.count <= 1)
      .map(({ digest, size }) => [digest, size]),
  )
  const bytes = [...own.values()].reduce((sum, size) => sum + size, 0)
  return <span>{bytes === 0 ? text.freesNothing : text.frees(formatBytes(bytes))}</span>
}

/** To the repository, where nothing is known any more of what was there before. */
function useLeave(): () => Promise<void> {
  const { repository } = useImage()
  const navigate = useNavigate()
  const client = useQueryClient()
  return async () => {
    await navigate({
      to: '/repositories/$repository',
      params: { repository: repository.name },
    })
    await client.invalidateQueries()
  }
}
