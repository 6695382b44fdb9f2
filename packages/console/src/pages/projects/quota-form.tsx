import type { ClientAnswer } from '@berth/api/client.ts'
import { listProjects, readProject } from '@berth/api/projects.ts'
import { readProjectUsage, setQuota } from '@berth/api/quotas.ts'
import { Alert, Button, Group, NumberInput, Stack } from '@mantine/core'
import { useApiAction } from '../../api/queries.ts'
import { projectText } from '../../text/projects.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { notifyDone } from '../../ui/notify.ts'
import { Section } from '../../ui/page.tsx'
import { formatBytes, formatCount } from '../../ui/units.ts'
import type { Project } from './project-context.ts'

const text = projectText.storage
const gigabyte = 1e9
type Amount = number | string

/** An empty field is no limit. */
export function QuotaForm({
  project: { name, settings },
  usage,
}: {
  project: Project
  usage: ClientAnswer<typeof readProjectUsage>['body']
}) {
  const action = useApiAction(setQuota, { changes: [readProjectUsage, readProject, listProjects] })
  const { quotaBytes, quotaRepositories } = settings
  const initial: { bytes: Amount; repositories: Amount } = {
    bytes: quotaBytes.own === null ? '' : quotaBytes.own / gigabyte,
    repositories: quotaRepositories.own ?? '',
  }
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: setQuota.body,
    initial,
    toBody: ({ bytes, repositories }) => ({
      bytes: bytes === '' ? null : Math.round(Number(bytes) * gigabyte),
      repositories: repositories === '' ? null : Number(repositories),
    }),
    send: async (body) => {
      await action.mutateAsync({ params: { project: name }, body })
      notifyDone(text.saved)
    },
  })
  return (
    <Section title={text.setQuota} lead={text.setQuotaLead}>
      <form onSubmit={onSubmit} noValidate>
        <Stack maw={640}>
          <Group grow align="flex-start">
            <NumberInput
              label={text.quotaBytes}
              description={text.quotaBytesHint(formatBytes(usage.bytes))}
              min={0}
              decimalScale={3}
              thousandSeparator=","
              {...form.getInputProps('bytes')}
            />
            <NumberInput
              label={projectText.repositories}
              description={text.quotaRepositoriesHint(formatCount(usage.repositories))}
              min={0}
              allowDecimal={false}
              thousandSeparator=","
              {...form.getInputProps('repositories')}
            />
          </Group>
          {fault !== undefined && (
            <Alert color="red" role="alert">
              {fault}
            </Alert>
          )}
          <Button type="submit" loading={isSending} style={{ alignSelf: 'flex-start' }}>
            {text.save}
          </Button>
        </Stack>
      </form>
    </Section>
  )
}
