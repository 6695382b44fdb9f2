import type { ClientAnswer } from '@berth/api/client.ts'
import {
  createInstanceWorkloadRule,
  createWorkloadRule,
  listWorkloadIssuers,
  updateInstanceWorkloadRule,
  updateWorkloadRule,
} from '@berth/api/workloads.ts'
import { Alert, Autocomplete, Modal, Stack, Textarea, TextInput } from '@mantine/core'
import { useApi } from '../api/queries.ts'
import { machineText } from '../text/machines.ts'
import { uiText } from '../text/ui.ts'
import { useApiForm } from '../ui/api-form.ts'
import { FormEnd } from '../ui/form-end.tsx'
import { notifyDone } from '../ui/notify.ts'
import { linesOf } from '../ui/text-lines.ts'
import { type Action, MachineFields } from './machine-fields.tsx'
import { patternOf } from './robot-form.tsx'
import { type Place, useTwinAction } from './twin.ts'

const text = machineText.workloads
const creating = { ofProject: createWorkloadRule, ofInstance: createInstanceWorkloadRule }
const updating = { ofProject: updateWorkloadRule, ofInstance: updateInstanceWorkloadRule }

export type WorkloadRule = ClientAnswer<typeof createWorkloadRule>['body']
type Props = {
  readonly project: Place
  /** The one that is changed; `undefined`: a new one. */
  readonly rule: WorkloadRule | undefined
  readonly onClose: () => void
}

/** The dialog in which a rule is made or changed. */
export function WorkloadForm({ isOpen, ...props }: Props & { isOpen: boolean }) {
  return (
    <Modal
      opened={isOpen}
      onClose={props.onClose}
      title={props.rule ? text.changeTitle(props.rule.name) : text.create}
      size="lg"
      closeOnClickOutside={false}
    >
      <Fields {...props} />
    </Modal>
  )
}

function Fields({ project, rule, onClose }: Props) {
  const create = useTwinAction(creating, project)
  const update = useTwinAction(updating, project)
  // The issuers are those of the settings, wherever a rule stands; only a project tells them.
  const issuers = useApi(
    listWorkloadIssuers,
    { params: { project: project ?? '-' } },
    { isEnabled: project !== undefined },
  )
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: createWorkloadRule.body,
    initial: {
      name: rule?.name ?? '',
      issuer: rule?.issuer ?? '',
      conditions: linesOfConditions(rule?.conditions ?? {}),
      actions: rule?.actions ?? (['pull'] as Action[]),
      repositories: rule?.repositories.join('\n') ?? patternOf(project),
      allowedAddresses: rule?.allowedAddresses?.join('\n') ?? '',
    },
    toBody: ({ conditions, repositories, allowedAddresses, ...rest }) => {
      const addresses = linesOf(allowedAddresses)
      return {
        ...rest,
        conditions: conditionsOf(conditions),
        repositories: linesOf(repositories),
        allowedAddresses: addresses.length === 0 ? null : addresses,
      }
    },
    send: async (body) => {
      const { name, ...changes } = body
      if (rule) await update.run({ params: { rule: rule.id }, body: changes })
      else await create.run({ body })
      notifyDone(text.saved(name))
      onClose()
    },
  })
  const known = issuers.data?.body.items ?? []
  const bad = linesOf(form.values.conditions).find((line) => !isCondition(line))
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack>
        {issuers.data && known.length === 0 && <Alert color="yellow">{text.noIssuers}</Alert>}
        {!rule && (
          <TextInput
            label={machineText.name}
            description={machineText.nameHint}
            required
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={64}
            data-autofocus
            {...form.getInputProps('name')}
          />
        )}
        <Autocomplete
          label={text.issuer}
          description={text.issuerHint}
          required
          data={known}
          maxLength={512}
          {...form.getInputProps('issuer')}
        />
        <Textarea
          label={text.conditions}
          description={text.conditionsHint}
          required
          autosize
          minRows={2}
          maxRows={8}
          spellCheck={false}
          autoCapitalize="none"
          {...form.getInputProps('conditions')}
          error={bad === undefined ? form.errors['conditions'] : text.badCondition(bad)}
        />
        <MachineFields form={form} />
        <FormEnd
          fault={fault}
          action={rule ? uiText.save : text.create}
          isSending={isSending}
          onCancel={onClose}
        />
      </Stack>
    </form>
  )
}

function isCondition(line: string): boolean {
  return /^[^=\s][^=]*=\s*\S/.test(line)
}

/** Claims with their patterns; a line that is none becomes a claim without a pattern, which the schema refuses. */
function conditionsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    linesOf(text).map((line) => {
      const [claim = '', ...pattern] = line.split('=')
      return [claim.trim(), pattern.join('=').trim()]
    }),
  )
}

function linesOfConditions(conditions: Readonly<Record<string, string>>): string {
  return conditionLines(conditions).join('\n')
}

export function conditionLines(conditions: Readonly<Record<string, string>>): string[] {
  return Object.entries(conditions).map(([claim, pattern]) => `${claim} = ${pattern}`)
}
