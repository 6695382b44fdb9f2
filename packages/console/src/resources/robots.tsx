import {
  listInstanceRobots,
  listRobots,
  updateInstanceRobot,
  updateRobot,
} from '@berth/api/robots.ts'
import { Button, Group, Text } from '@mantine/core'
import { IconPlus, IconRobot } from '@tabler/icons-react'
import { useState } from 'react'
import { machineText } from '../text/machines.ts'
import { Badge } from '../ui/badge.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { ForeignText } from '../ui/foreign-text.tsx'
import { notifyDone, notifyFault } from '../ui/notify.ts'
import { Empty } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { MayDo, Patterns, RowMenu } from './machine-cells.tsx'
import { DeleteRobot, RobotSecret, RotateRobot } from './robot-dialogs.tsx'
import { type Created, type Robot, RobotForm } from './robot-form.tsx'
import { type Place, useTwinAction, useTwinPages } from './twin.ts'

const text = machineText.robots
const listing = { ofProject: listRobots, ofInstance: listInstanceRobots }
const updating = { ofProject: updateRobot, ofInstance: updateInstanceRobot }

type Dialog = { readonly kind: 'form' | 'rotate' | 'delete'; readonly robot?: Robot }

/** The robots of a project, or of the whole instance. */
export function Robots({ project, mayManage }: { project: Place; mayManage: boolean }) {
  const robots = useTwinPages(listing, project)
  const update = useTwinAction(updating, project)
  const [dialog, setDialog] = useState<Dialog>()
  const [created, setCreated] = useState<Created>()
  const close = () => setDialog(undefined)
  const setDisabled = async ({ id, login, disabledAt }: Robot) => {
    try {
      await update.run({ params: { robot: id }, body: { disabled: disabledAt === null } })
      notifyDone(disabledAt === null ? text.wasDisabled(login) : text.wasEnabled(login))
    } catch (error) {
      notifyFault(error)
    }
  }
  const menu: Column<Robot> = {
    id: 'actions',
    title: machineText.moreTitle,
    align: 'end',
    cell: (robot) => (
      <RowMenu
        name={robot.login}
        items={[
          { label: machineText.change, onClick: () => setDialog({ kind: 'form', robot }) },
          { label: text.rotate, onClick: () => setDialog({ kind: 'rotate', robot }) },
          {
            label: robot.disabledAt === null ? text.disable : text.enable,
            onClick: () => void setDisabled(robot),
          },
          { label: machineText.delete, onClick: () => setDialog({ kind: 'delete', robot }) },
        ]}
      />
    ),
  }
  const create = mayManage && (
    <Button
      leftSection={<IconPlus size={16} aria-hidden />}
      onClick={() => setDialog({ kind: 'form' })}
    >
      {text.create}
    </Button>
  )
  const chosen = (kind: Dialog['kind']) => (dialog?.kind === kind ? dialog.robot : undefined)
  return (
    <>
      {robots.items.length > 0 && <Group justify="flex-end">{create}</Group>}
      <DataTable
        label={text.title}
        columns={mayManage ? [...columns, menu] : columns}
        rows={robots.items}
        rowKey={({ id }) => id}
        isLoading={robots.isLoading}
        error={robots.error}
        onRetry={() => void robots.refetch()}
        more={robots.more}
        hasMore={robots.hasNextPage}
        empty={
          <Empty title={text.empty} icon={IconRobot} action={create}>
            {text.emptyLead}
          </Empty>
        }
      />
      <RobotForm
        key={dialog?.robot?.id}
        project={project}
        robot={chosen('form')}
        isOpen={dialog?.kind === 'form'}
        onClose={close}
        onCreated={(answer) => {
          close()
          setCreated(answer)
        }}
      />
      <RotateRobot
        project={project}
        robot={chosen('rotate')}
        onClose={close}
        onRotated={setCreated}
      />
      <DeleteRobot project={project} robot={chosen('delete')} onClose={close} />
      <RobotSecret created={created} onClose={() => setCreated(undefined)} />
    </>
  )
}

const columns: readonly Column<Robot>[] = [
  {
    id: 'login',
    title: text.login,
    cell: ({ login, description }) => (
      <>
        <span className="berth-mono">{login}</span>
        {description !== '' && (
          <Text size="xs" className="berth-quiet" component="div">
            <ForeignText text={description} max={120} />
          </Text>
        )}
      </>
    ),
  },
  { id: 'may', title: machineText.may, cell: ({ actions }) => <MayDo actions={actions} /> },
  {
    id: 'where',
    title: machineText.where,
    cell: ({ repositories }) => <Patterns patterns={repositories} />,
  },
  {
    id: 'from',
    title: machineText.from,
    cell: ({ allowedAddresses }) => allowedAddresses && <Patterns patterns={allowedAddresses} />,
  },
  { id: 'state', title: text.state, cell: (robot) => <State robot={robot} /> },
  {
    id: 'ends',
    title: text.ends,
    cell: ({ expiresAt }) => <Ago at={expiresAt} never={text.noEnd} />,
  },
  {
    id: 'lastUsed',
    title: machineText.lastUsed,
    cell: ({ lastUsedAt }) => <Ago at={lastUsedAt} never={machineText.neverUsed} />,
  },
  { id: 'created', title: machineText.created, cell: ({ createdAt }) => <Ago at={createdAt} /> },
]

function State({ robot: { disabledAt, expiresAt, previousExpiresAt } }: { robot: Robot }) {
  const isEnded = expiresAt !== null && Date.parse(expiresAt) <= Date.now()
  if (disabledAt !== null || isEnded) {
    return <Badge color="gray">{disabledAt === null ? text.expired : text.disabled}</Badge>
  }
  const isOverlapping = previousExpiresAt !== null && Date.parse(previousExpiresAt) > Date.now()
  return (
    <>
      {text.active}
      {isOverlapping && (
        <Text size="xs" className="berth-quiet" component="div">
          {text.overlap} <Ago at={previousExpiresAt} />
        </Text>
      )}
    </>
  )
}
