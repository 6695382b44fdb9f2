import { explainAccess } from '@berth/api/members.ts'
import type { ClientAnswer } from '@berth/api/client.ts'
import { Button, Group, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { callApi } from '../../api/client.ts'
import { peopleText } from '../../text/people.ts'
import { projectText } from '../../text/projects.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { Section } from '../../ui/page.tsx'
import { useProject } from './project-context.ts'

const text = projectText.members
type Explanation = ClientAnswer<typeof explainAccess>['body']
const asked = explainAccess.params.pick({ user: true })

/** Which role one user has after all, and why. */
export function ExplainAccess() {
  const { project } = useProject()
  const [answer, setAnswer] = useState<Explanation>()
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: asked,
    initial: { user: '' },
    send: async ({ user }) => {
      const params = { project: project.name, user }
      setAnswer((await callApi(explainAccess, { params })).body)
    },
  })
  return (
    <Section title={text.explain} lead={text.explainLead}>
      <form onSubmit={onSubmit} noValidate>
        <Group align="flex-start" gap="xs">
          <TextInput
            label={text.explainName}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            w={{ base: '100%', xs: 320 }}
            {...form.getInputProps('user')}
          />
          <Button type="submit" variant="default" loading={isSending} mt={25}>
            {text.explainButton}
          </Button>
        </Group>
      </form>
      <Text size="sm" role="status">
        {fault ?? (answer && sentenceOf(answer))}
      </Text>
    </Section>
  )
}

function sentenceOf({ user, role, origin, disabled }: Explanation): string {
  const said = text.explained(user, nameOf(role), originOf(origin))
  return disabled ? `${said} ${text.disabled}` : said
}

function nameOf(role: Explanation['role']): string {
  return role === 'auditor' ? peopleText.roles.auditor : text.roles[role]
}

function originOf(origin: Explanation['origin']): string {
  switch (origin.kind) {
    case 'member':
      return text.byMember(placeOf(origin.project))
    case 'group':
      return text.byGroup(origin.group, placeOf(origin.project))
    case 'instance':
      return origin.group === null ? text.byInstance : text.byInstanceGroup(origin.group)
  }
}

function placeOf(project: string): string {
  return project === '' ? text.instance : project
}
