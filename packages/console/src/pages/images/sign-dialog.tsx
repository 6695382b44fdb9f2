import { ApiProblem } from '@berth/api/client.ts'
import { signManifest } from '@berth/api/signatures.ts'
import { listSigningKeys } from '@berth/api/signing-keys.ts'
import { Modal, NativeSelect, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { callApi } from '../../api/client.ts'
import { useApiAction } from '../../api/queries.ts'
import { imageText } from '../../text/images.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { FormEnd } from '../../ui/form-end.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { Show } from '../../ui/states.tsx'
import { nameOf, useImage } from './image-context.ts'

const text = imageText.sign

type Key = { readonly name: string; readonly project: string }

/** Signs what the reference leads to, whole: an index with all of its platforms. */
export function SignDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { repository, reference } = useImage()
  const keys = useQuery({
    queryKey: [listSigningKeys.topic, listSigningKeys.id, 'upwards', repository.project],
    queryFn: () => readKeys(repository.project),
    enabled: isOpen,
  })
  return (
    <Modal opened={isOpen} onClose={onClose} title={text.title}>
      <Stack>
        <Text size="sm">{text.what(nameOf(repository.name, reference))}</Text>
        <Show of={keys}>
          {(found) =>
            found.length === 0 ? (
              <Text size="sm">{text.noKeys}</Text>
            ) : (
              <SignForm keys={found} onClose={onClose} />
            )
          }
        </Show>
      </Stack>
    </Modal>
  )
}

function SignForm({ keys, onClose }: { keys: readonly Key[]; onClose: () => void }) {
  const { repository, top } = useImage()
  const sign = useApiAction(signManifest)
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: signManifest.body,
    initial: { key: keys[0]?.name ?? '' },
    send: async (body) => {
      const params = { repository: repository.name, reference: top.digest }
      await sign.mutateAsync({ params, body })
      notifyDone(text.done(body.key))
    },
    onDone: onClose,
  })
  return (
    <form onSubmit={onSubmit}>
      <Stack>
        <NativeSelect
          label={text.key}
          data={keys.map(({ name, project }) => ({
            value: name,
            label: text.keyOf(name, project),
          }))}
          data-autofocus
          {...form.getInputProps('key')}
        />
        <FormEnd fault={fault} action={text.action} isSending={isSending} onCancel={onClose} />
      </Stack>
    </form>
  )
}

/** Of the project and those above it; of two keys with one name the nearer signs. */
async function readKeys(project: string): Promise<Key[]> {
  const keys = new Map<string, Key>()
  const steps = project === '' ? [] : project.split('/')
  for (let length = steps.length; length > 0; length -= 1) {
    const name = steps.slice(0, length).join('/')
    for (const key of await keysOf(name)) {
      if (!keys.has(key)) keys.set(key, { name: key, project: name })
    }
  }
  return [...keys.values()]
}

/** None where there is no project of that name, or one that the caller may not read. */
async function keysOf(project: string): Promise<string[]> {
  try {
    const { body } = await callApi(listSigningKeys, { params: { project } })
    return body.items.filter(({ retiredAt }) => retiredAt === null).map(({ name }) => name)
  } catch (error) {
    if (error instanceof ApiProblem && (error.status === 404 || error.status === 403)) return []
    throw error
  }
}
