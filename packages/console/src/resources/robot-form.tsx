import {
  createInstanceRobot,
  createRobot,
  updateInstanceRobot,
  updateRobot,
} from '@berth/api/robots.ts'
import type { ClientAnswer } from '@berth/api/client.ts'
import { Modal, NativeSelect, Stack, TextInput } from '@mantine/core'
import { machineText } from '../text/machines.ts'
import { uiText } from '../text/ui.ts'
import { useApiForm } from '../ui/api-form.ts'
import { FormEnd } from '../ui/form-end.tsx'
import { notifyDone } from '../ui/notify.ts'
import { linesOf } from '../ui/text-lines.ts'
import { type Action, MachineFields } from './machine-fields.tsx'
import { type Place, useTwinAction } from './twin.ts'

const text = machineText.robots
export type Created = ClientAnswer<typeof createRobot>['body']
export type Robot = Created['robot']

const creating = { ofProject: createRobot, ofInstance: createInstanceRobot }
const updating = { ofProject: updateRobot, ofInstance: updateInstanceRobot }
const dayMs = 86_400_000

type End = keyof typeof text.endChoices
type Props = {
  readonly project: Place
  /** The one that is changed; `undefined`: a new one. */
  readonly robot: Robot | undefined
  readonly onClose: () => void
  readonly onCreated: (created: Created) => void
}

/** The dialog in which a robot is made or changed. */
export function RobotForm({ isOpen, ...props }: Props & { isOpen: boolean }) {
  return (
    <Modal
      opened={isOpen}
      onClose={props.onClose}
      title={props.robot ? text.changeTitle(props.robot.login) : text.create}
      size="lg"
      closeOnClickOutside={false}
    >
      <Fields {...props} />
    </Modal>
  )
}

function Fields({ project, robot, onClose, onCreated }: Props) {
  const create = useTwinAction(creating, project)
  const update = useTwinAction(updating, project)
  const initial = {
    name: robot?.login.split('+').at(-1) ?? '',
    description: robot?.description ?? '',
    actions: robot?.actions ?? (['pull'] as Action[]),
    repositories: robot?.repositories.join('\n') ?? patternOf(project),
    allowedAddresses: robot?.allowedAddresses?.join('\n') ?? '',
    expiresAt: (robot ? 'keep' : '90') as End,
  }
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: createRobot.body,
    initial,
    toBody: ({ allowedAddresses, repositories, expiresAt, ...rest }) => {
      const addresses = linesOf(allowedAddresses)
      return {
        ...rest,
        repositories: linesOf(repositories),
        allowedAddresses: addresses.length === 0 ? null : addresses,
        ...(expiresAt !== 'keep' && { expiresAt: endOf(expiresAt) }),
      }
    },
    send: async (body) => {
      if (!robot) {
        onCreated((await create.run({ body })).body)
        return
      }
      const { name: _, ...changes } = body
      await update.run({ params: { robot: robot.id }, body: changes })
      notifyDone(text.changed(robot.login))
      onClose()
    },
  })
  const ends = Object.entries(text.endChoices).filter(([value]) => robot || value !== 'keep')
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack>
        {!robot && (
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
        <TextInput label={machineText.description} {...form.getInputProps('description')} />
        <MachineFields form={form} />
        <NativeSelect
          label={text.end}
          description={form.values.expiresAt === 'never' ? text.neverWarning : undefined}
          data={ends.map(([value, label]) => ({ value, label }))}
          {...form.getInputProps('expiresAt')}
        />
        <FormEnd
          fault={fault}
          action={robot ? uiText.save : text.create}
          isSending={isSending}
          onCancel={onClose}
        />
      </Stack>
    </form>
  )
}

/** What a new one reaches: everything in its project. */
export function patternOf(project: Place): string {
  return project === undefined ? '**' : `${project}/**`
}

function endOf(end: Exclude<End, 'keep'>): string | null {
  return end === 'never' ? null : new Date(Date.now() + Number(end) * dayMs).toISOString()
}
