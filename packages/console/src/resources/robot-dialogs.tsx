import {
  deleteInstanceRobot,
  deleteRobot,
  rotateInstanceRobot,
  rotateRobot,
} from '@berth/api/robots.ts'
import { NativeSelect, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { registryHost } from '../api/address.ts'
import { machineText } from '../text/machines.ts'
import { Confirm } from '../ui/confirm.tsx'
import { CommandLine } from '../ui/copy.tsx'
import { notifyDone } from '../ui/notify.ts'
import { SecretOnce } from '../ui/secret-once.tsx'
import type { Created, Robot } from './robot-form.tsx'
import { type Place, useTwinAction } from './twin.ts'

const text = machineText.robots
const rotating = { ofProject: rotateRobot, ofInstance: rotateInstanceRobot }
const deleting = { ofProject: deleteRobot, ofInstance: deleteInstanceRobot }

type Props = {
  readonly project: Place
  readonly robot: Robot | undefined
  readonly onClose: () => void
}

/** Asks how long the secret before the new one stays good. */
export function RotateRobot({
  project,
  robot,
  onClose,
  onRotated,
}: Props & { onRotated: (created: Created) => void }) {
  const [overlap, setOverlap] = useState('0')
  const rotate = useTwinAction(rotating, project)
  return (
    <Confirm
      isOpen={robot !== undefined}
      title={text.rotateTitle(robot?.login ?? '')}
      action={text.rotate}
      onConfirm={async () => {
        if (!robot) return
        const { body } = await rotate.run({
          params: { robot: robot.id },
          body: { overlapSeconds: Number(overlap) },
        })
        onRotated(body)
      }}
      onClose={onClose}
    >
      <Stack gap="sm">
        <Text size="sm">{text.rotateLead}</Text>
        <NativeSelect
          label={text.rotateOverlap}
          data={Object.entries(text.overlaps).map(([value, label]) => ({ value, label }))}
          value={overlap}
          onChange={(event) => setOverlap(event.currentTarget.value)}
        />
      </Stack>
    </Confirm>
  )
}

export function DeleteRobot({ project, robot, onClose }: Props) {
  const remove = useTwinAction(deleting, project)
  const login = robot?.login ?? ''
  return (
    <Confirm
      isOpen={robot !== undefined}
      title={text.deleteTitle(login)}
      typed={login}
      action={machineText.delete}
      onConfirm={async () => {
        if (!robot) return
        await remove.run({ params: { robot: robot.id } })
        notifyDone(text.deleted(login))
      }}
      onClose={onClose}
    >
      {text.deleteLead}
    </Confirm>
  )
}

/** The secret, with the lines that use it. */
export function RobotSecret({
  created,
  onClose,
}: {
  created: Created | undefined
  onClose: () => void
}) {
  const login = created?.robot.login ?? ''
  const secret = created?.secret
  return (
    <SecretOnce
      title={text.secretTitle(login)}
      label={text.secret}
      secret={secret}
      onClose={onClose}
    >
      <CommandLine
        label={text.docker}
        command={`echo '${secret ?? ''}' | docker login ${registryHost} --username '${login}' --password-stdin`}
      />
      <CommandLine
        label={text.kubernetes}
        command={`kubectl create secret docker-registry berth --docker-server=${registryHost} --docker-username='${login}' --docker-password='${secret ?? ''}'`}
      />
    </SecretOnce>
  )
}
