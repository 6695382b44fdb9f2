import type { ClientAnswer } from '@berth/api/client.ts'
import { testImmutabilityRules, testInstanceImmutabilityRules } from '@berth/api/immutability.ts'
import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { callApi } from '../../api/client.ts'
import { useMay } from '../../api/session.ts'
import { repositoryText } from '../../text/repositories.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { useRepository } from './repository-context.ts'

const text = repositoryText.settings

type Verdict = ClientAnswer<typeof testImmutabilityRules>['body']

/** Which rule decides about a tag, as the server would decide. */
export function TryTag() {
  const { repository } = useRepository()
  const { project } = repository
  const mayAskInstance = useMay('readSystem')
  const [tried, setTried] = useState<{ tag: string; verdict: Verdict }>()
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: testImmutabilityRules.body,
    initial: { tag: '' },
    toBody: ({ tag }) => ({ repository: repository.name, tag }),
    send: async (body) => {
      const { body: verdict } =
        project === ''
          ? await callApi(testInstanceImmutabilityRules, { body })
          : await callApi(testImmutabilityRules, { params: { project }, body })
      setTried({ tag: body.tag, verdict })
    },
  })
  if (project === '' && !mayAskInstance) return null
  return (
    <form onSubmit={onSubmit}>
      <Stack gap="xs">
        <Group align="flex-end" gap="sm">
          <TextInput
            label={text.tryTag}
            description={text.tryField}
            maxLength={128}
            spellCheck={false}
            autoComplete="off"
            w={{ base: '100%', xs: 320 }}
            {...form.getInputProps('tag')}
          />
          <Button type="submit" variant="default" loading={isSending}>
            {text.tryButton}
          </Button>
        </Group>
        <Text size="sm" role="status">
          {fault ?? (tried && sentenceOf(tried))}
        </Text>
      </Stack>
    </form>
  )
}

function sentenceOf({ tag, verdict }: { tag: string; verdict: Verdict }): string {
  const { rule, immutable } = verdict
  if (!rule) return text.tryNone(tag)
  return text.tryVerdict(tag, immutable, rule.tags, text.ofProject(rule.project))
}
