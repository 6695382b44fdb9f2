import type { ClientAnswer } from '@berth/api/client.ts'
import { testImmutabilityRules, testInstanceImmutabilityRules } from '@berth/api/immutability.ts'
import { Group, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { callApi } from '../api/client.ts'
import { immutabilityText as text } from '../text/immutability.ts'
import { Section } from '../ui/page.tsx'
import type { Place } from './twin.ts'

type Verdict = ClientAnswer<typeof testImmutabilityRules>['body']

/** Says while one types which rule decides about a tag. */
export function TestTag({ project }: { project: Place }) {
  const [repository, setRepository] = useState(project === undefined ? '' : `${project}/`)
  const [tag, setTag] = useState('')
  const [subject] = useDebouncedValue({ repository, tag }, 250)
  const given = testImmutabilityRules.body.safeParse(subject)
  const verdict = useQuery({
    // Read anew together with the rules.
    queryKey: [testImmutabilityRules.topic, testImmutabilityRules.id, project, subject],
    queryFn: async ({ signal }) => {
      const { body } =
        project === undefined
          ? await callApi(testInstanceImmutabilityRules, { body: subject, signal })
          : await callApi(testImmutabilityRules, { params: { project }, body: subject, signal })
      return { tag: subject.tag, verdict: body }
    },
    enabled: given.success,
    placeholderData: keepPreviousData,
  })
  const isTyped = subject.tag !== ''
  const fault = given.error?.issues[0]?.message ?? verdict.error?.message
  return (
    <Section title={text.test} lead={text.testLead}>
      <Group align="flex-start" gap="sm">
        <TextInput
          label={text.repository}
          value={repository}
          onChange={(event) => setRepository(event.currentTarget.value)}
          maxLength={255}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          w={{ base: '100%', xs: 320 }}
        />
        <TextInput
          label={text.tag}
          value={tag}
          onChange={(event) => setTag(event.currentTarget.value)}
          maxLength={128}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          w={{ base: '100%', xs: 240 }}
        />
      </Group>
      <Text size="sm" role="status">
        {isTyped && (fault ?? (verdict.data && sentenceOf(verdict.data)))}
      </Text>
    </Section>
  )
}

function sentenceOf({ tag, verdict }: { tag: string; verdict: Verdict }): string {
  const { rule, immutable } = verdict
  if (!rule) return text.testNone(tag)
  return text.testVerdict(tag, immutable, rule.tags, text.ofPlace(rule.project))
}
