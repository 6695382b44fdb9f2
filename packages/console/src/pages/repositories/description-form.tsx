import { ApiProblem } from '@berth/api/client.ts'
import { listRepositories, readRepository, updateRepository } from '@berth/api/repositories.ts'
import { Alert, Button, Group, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import type * as z from 'zod'
import { keyOf, useApiAction } from '../../api/queries.ts'
import { repositoryText } from '../../text/repositories.ts'
import { uiText } from '../../text/ui.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { notifyDone } from '../../ui/notify.ts'
import { Section } from '../../ui/page.tsx'
import { useRepository } from './repository-context.ts'

const text = repositoryText.settings
const charactersMax = 500

/** The one line that stands in lists. */
export function DescriptionForm() {
  const { repository } = useRepository()
  const queries = useQueryClient()
  const update = useApiAction(updateRepository, { changes: [readRepository, listRepositories] })
  const send = async (body: z.input<typeof updateRepository.body>) => {
    const params = { repository: repository.name }
    try {
      await update.mutateAsync({ params, body, ifMatch: repository.version })
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 412) {
        // What is new stands in the head of the page then.
        await queries.invalidateQueries({ queryKey: keyOf(readRepository).slice(0, 2) })
      }
      throw error
    }
  }
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: updateRepository.body,
    initial: { description: repository.description },
    send,
    onDone: () => notifyDone(text.saved),
  })
  return (
    <Section title={text.descriptionTitle} lead={text.descriptionLead}>
      <form onSubmit={onSubmit}>
        <Group align="flex-start" gap="sm">
          <TextInput
            aria-label={text.descriptionField}
            maxLength={charactersMax}
            flex="1 1 20rem"
            maw={720}
            {...form.getInputProps('description')}
          />
          <Button type="submit" loading={isSending}>
            {uiText.save}
          </Button>
        </Group>
        {fault !== undefined && (
          <Alert color="red" role="alert" mt="sm">
            {fault}
          </Alert>
        )}
      </form>
    </Section>
  )
}
