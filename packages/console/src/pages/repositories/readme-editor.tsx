import { ApiProblem } from '@berth/api/client.ts'
import { listRepositories, readRepository, updateRepository } from '@berth/api/repositories.ts'
import { Alert, Box, Button, Group, SegmentedControl, Stack, Text, Textarea } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useBlocker } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import type * as z from 'zod'
import { keyOf, useApiAction } from '../../api/queries.ts'
import { repositoryText } from '../../text/repositories.ts'
import { uiText } from '../../text/ui.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { notifyDone } from '../../ui/notify.ts'
import { Lines } from '../../ui/states.tsx'
import { formatCount } from '../../ui/units.ts'
import { useRepository } from './repository-context.ts'

const Markdown = lazy(() => import('../../ui/markdown.tsx'))
const text = repositoryText.about
const charactersMax = 65_536

/**
 * Writes the README. Saving is refused when somebody else saved since it was opened: then theirs is shown beside what was
 * typed, and saving again replaces it.
 */
export function ReadmeEditor({ onClose }: { onClose: () => void }) {
  const { repository } = useRepository()
  const [opened] = useState(repository)
  const queries = useQueryClient()
  const [mode, setMode] = useState('write')
  const [isDone, setDone] = useState(false)
  const update = useApiAction(updateRepository, { changes: [readRepository, listRepositories] })
  // Read anew after a refusal, or when somebody comes back to the page.
  const isChangedByOthers = !isDone && repository.version !== opened.version
  const send = async (body: z.input<typeof updateRepository.body>) => {
    const params = { repository: repository.name }
    // What was changed meanwhile stands beside what was typed: whoever saves then has seen it.
    const ifMatch = repository.version
    try {
      await update.mutateAsync({ params, body, ifMatch })
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 412) {
        await queries.invalidateQueries({ queryKey: keyOf(readRepository).slice(0, 2) })
      }
      throw error
    }
  }
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: updateRepository.body,
    initial: { readme: opened.readme ?? '' },
    toBody: ({ readme }) => ({ readme: readme === '' ? null : readme }),
    send,
    onDone: () => {
      setDone(true)
      notifyDone(text.saved)
      onClose()
    },
  })
  const { readme } = form.getValues()
  useBlocker({
    shouldBlockFn: () => !globalThis.confirm(text.leave),
    enableBeforeUnload: true,
    disabled: isDone || !form.isDirty(),
  })
  return (
    <form onSubmit={onSubmit}>
      <Stack gap="sm">
        <SegmentedControl
          aria-label={text.mode}
          value={mode}
          onChange={setMode}
          data={[
            { value: 'write', label: text.writeTab },
            { value: 'preview', label: text.previewTab },
          ]}
          style={{ alignSelf: 'flex-start' }}
        />
        {mode === 'write' ? (
          <Textarea
            label={text.field}
            autosize
            minRows={14}
            maxRows={40}
            maxLength={charactersMax}
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
            data-autofocus
            autoFocus
            {...form.getInputProps('readme')}
          />
        ) : (
          <Box mih={200}>
            <Suspense fallback={<Lines />}>
              <Markdown text={readme} />
            </Suspense>
          </Box>
        )}
        <Text size="xs" className="berth-quiet">
          {text.characters(formatCount(readme.length), formatCount(charactersMax))}
        </Text>
        {(fault !== undefined || isChangedByOthers) && (
          <Alert color="red" role="alert">
            {isChangedByOthers ? uiText.changedMeanwhile : fault}
          </Alert>
        )}
        {isChangedByOthers && (
          <Textarea
            label={text.theirs}
            value={repository.readme ?? text.theirsNone}
            readOnly
            autosize
            maxRows={14}
          />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {uiText.cancel}
          </Button>
          <Button type="submit" loading={isSending} {...(isChangedByOthers && { color: 'red.9' })}>
            {isChangedByOthers ? text.saveOver : uiText.save}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
