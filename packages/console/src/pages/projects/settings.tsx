import { updateProject } from '@berth/api/projects.ts'
import { Alert, Button, Stack, Textarea, TextInput } from '@mantine/core'
import { useApiAction } from '../../api/queries.ts'
import { projectText } from '../../text/projects.ts'
import { uiText } from '../../text/ui.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { notifyDone } from '../../ui/notify.ts'
import { Section } from '../../ui/page.tsx'
import { linesOf } from '../../ui/text-lines.ts'
import { DeleteProject } from './delete-project.tsx'
import { type Project, useProject } from './project-context.ts'
import { type VisibilityChoice, VisibilityField } from './visibility-field.tsx'

const text = projectText.settings

/** What the project says of itself, and its end. */
export default function ProjectSettings() {
  const { project, may } = useProject()
  return (
    <Stack gap="xl">
      {may('updateProject') && <SettingsForm key={project.version} project={project} />}
      {may('deleteProject') && <DeleteProject project={project} />}
    </Stack>
  )
}

type Values = { description: string; visibility: VisibilityChoice; allowedAddresses: string }

function SettingsForm({ project }: { project: Project }) {
  const { name, description, settings, version } = project
  const { visibility, allowedAddresses } = settings
  const update = useApiAction(updateProject)
  const initial: Values = {
    description,
    visibility: visibility.own ?? 'inherit',
    allowedAddresses: allowedAddresses.own?.join('\n') ?? '',
  }
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: updateProject.body,
    initial,
    toBody: (values) => {
      const addresses = linesOf(values.allowedAddresses)
      return {
        description: values.description,
        visibility: values.visibility === 'inherit' ? null : values.visibility,
        allowedAddresses: addresses.length === 0 ? null : addresses,
      }
    },
    send: async (body) => {
      await update.mutateAsync({ params: { project: name }, body, ifMatch: version })
      notifyDone(text.saved)
    },
  })
  return (
    <Section title={text.title}>
      <form onSubmit={onSubmit} noValidate>
        <Stack maw={640}>
          <TextInput
            label={projectText.description}
            description={text.descriptionHint}
            {...form.getInputProps('description')}
          />
          <VisibilityField
            value={form.values.visibility}
            onChange={(value) => form.setFieldValue('visibility', value)}
            error={form.errors['visibility']}
            {...(visibility.own === null && {
              above: projectText.visibilityShort[visibility.effective ?? 'private'],
            })}
          />
          <Textarea
            label={text.addresses}
            description={text.addressesHint(addressesAbove(project))}
            autosize
            minRows={2}
            maxRows={10}
            spellCheck={false}
            autoCapitalize="none"
            {...form.getInputProps('allowedAddresses')}
          />
          {form.values.allowedAddresses.trim() !== '' && (
            <Alert color="yellow">{text.lockOut}</Alert>
          )}
          {fault !== undefined && (
            <Alert color="red" role="alert">
              {fault}
            </Alert>
          )}
          <Button type="submit" loading={isSending} style={{ alignSelf: 'flex-start' }}>
            {uiText.save}
          </Button>
        </Stack>
      </form>
    </Section>
  )
}

/** What holds when the project itself says nothing, as far as it can be told. */
function addressesAbove({ settings: { allowedAddresses } }: Project): string {
  const { own, effective, from } = allowedAddresses
  if (own !== null) return text.asTheOneAbove
  if (effective === null) return text.fromEverywhere
  return text.fromAbove(effective.join(', '), from === '' ? text.instance : (from ?? ''))
}
