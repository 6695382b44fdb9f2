import { deleteRepository, listRepositories } from '@berth/api/repositories.ts'
import { Button, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { callApi } from '../../api/client.ts'
import { repositoryText } from '../../text/repositories.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { Section } from '../../ui/page.tsx'
import { formatCapped, formatCount } from '../../ui/units.ts'
import { useRepository } from './repository-context.ts'

const text = repositoryText.settings

/** Empties the repository, a part at a time when it is large. What fails on the way can be gone on with. */
export function DeleteRepository() {
  const { repository } = useRepository()
  const { name, tags, manifests } = repository
  const [isOpen, { open, close }] = useDisclosure(false)
  const [deleted, setDeleted] = useState<number>()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const empty = async () => {
    let count = deleted ?? 0
    setDeleted(count)
    for (;;) {
      const { body } = await callApi(deleteRepository, { params: { repository: name } })
      count += body.manifestsDeleted
      setDeleted(count)
      if (body.isComplete) break
    }
    notifyDone(text.removed(name))
    await navigate({ to: '/repositories' })
    await queries.invalidateQueries({ queryKey: [listRepositories.topic] })
  }
  return (
    <Section title={text.remove} lead={text.removeLead}>
      <Button color="red.9" onClick={open} style={{ alignSelf: 'flex-start' }}>
        {text.remove}
      </Button>
      <Confirm
        isOpen={isOpen}
        title={text.removeTitle(name)}
        typed={name}
        action={text.removeAction}
        onConfirm={empty}
        onClose={close}
      >
        <Stack gap="xs">
          <Text size="sm">
            {text.removeBody(
              repositoryText.tagCount(formatCapped(tags)),
              repositoryText.manifestCount(formatCapped(manifests)),
            )}
          </Text>
          {deleted !== undefined && deleted > 0 && (
            <Text size="sm" role="status">
              {text.removing(formatCount(deleted))}
            </Text>
          )}
        </Stack>
      </Confirm>
    </Section>
  )
}
