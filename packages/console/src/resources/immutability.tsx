import {
  deleteImmutabilityRule,
  deleteInstanceImmutabilityRule,
  listImmutabilityRules,
  listInstanceImmutabilityRules,
  orderImmutabilityRules,
  orderInstanceImmutabilityRules,
} from '@berth/api/immutability.ts'
import { ActionIcon, Button, Group } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconLock, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { isRefusal } from '../api/client.ts'
import { immutabilityText as text } from '../text/immutability.ts'
import { Badge } from '../ui/badge.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { ForeignText } from '../ui/foreign-text.tsx'
import { notifyDone, notifyFault } from '../ui/notify.ts'
import { Empty } from '../ui/states.tsx'
import { ImmutabilityForm, type Rule } from './immutability-form.tsx'
import { TestTag } from './immutability-test.tsx'
import { RowMenu } from './machine-cells.tsx'
import { type Place, useTwin, useTwinAction } from './twin.ts'

const listing = { ofProject: listImmutabilityRules, ofInstance: listInstanceImmutabilityRules }
const ordering = { ofProject: orderImmutabilityRules, ofInstance: orderInstanceImmutabilityRules }
const deleting = { ofProject: deleteImmutabilityRule, ofInstance: deleteInstanceImmutabilityRule }

type Row = { readonly rule: Rule; readonly place: number }
type Dialog = { readonly kind: 'form' | 'delete'; readonly rule?: Rule }

/** The rules of a project, or of the whole instance, in the order in which they are asked. */
export function ImmutabilityRules({ project, mayManage }: { project: Place; mayManage: boolean }) {
  const read = useTwin(listing, project)
  const order = useTwinAction(ordering, project)
  const remove = useTwinAction(deleting, project)
  const [dialog, setDialog] = useState<Dialog>()
  const rules = read.data?.body.items ?? []
  const close = () => setDialog(undefined)
  const move = async (from: number, to: number) => {
    const ids = rules.map(({ id }) => id)
    ids.splice(to, 0, ...ids.splice(from, 1))
    try {
      await order.run({ body: { rules: ids } })
      notifyDone(text.moved(to + 1))
    } catch (error) {
      notifyFault(error)
    }
  }
  const actions: Column<Row> = {
    id: 'actions',
    title: text.actions,
    align: 'end',
    cell: ({ rule, place }) => (
      <Group gap={4} justify="flex-end" wrap="nowrap">
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={text.up(place)}
          disabled={place === 1 || order.isPending}
          onClick={() => void move(place - 1, place - 2)}
        >
          <IconArrowUp size={16} aria-hidden />
        </ActionIcon>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={text.down(place)}
          disabled={place === rules.length || order.isPending}
          onClick={() => void move(place - 1, place)}
        >
          <IconArrowDown size={16} aria-hidden />
        </ActionIcon>
        <RowMenu
          name={text.place(place)}
          items={[
            { label: text.change, onClick: () => setDialog({ kind: 'form', rule }) },
            { label: text.delete, onClick: () => setDialog({ kind: 'delete', rule }) },
          ]}
        />
      </Group>
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
  const deleted = dialog?.kind === 'delete' ? dialog.rule : undefined
  return (
    <>
      {rules.length > 0 && <Group justify="flex-end">{create}</Group>}
      <DataTable
        label={text.title}
        columns={mayManage ? [...columns, actions] : columns}
        rows={rules.map((rule, index) => ({ rule, place: index + 1 }))}
        rowKey={({ rule }) => rule.id}
        isLoading={read.isLoading}
        error={read.error}
        onRetry={() => void read.refetch()}
        empty={
          <Empty title={text.empty} icon={IconLock} action={create}>
            {text.emptyLead}
          </Empty>
        }
      />
      {!isRefusal(read.error) && <TestTag project={project} />}
      <ImmutabilityForm
        key={dialog?.rule?.id}
        project={project}
        rule={dialog?.kind === 'form' ? dialog.rule : undefined}
        isOpen={dialog?.kind === 'form'}
        onClose={close}
      />
      <Confirm
        isOpen={deleted !== undefined}
        title={text.deleteTitle}
        action={text.delete}
        onConfirm={async () => {
          if (!deleted) return
          await remove.run({ params: { rule: deleted.id } })
          notifyDone(text.deleted)
        }}
        onClose={close}
      >
        {text.deleteLead(deleted?.repositories ?? '', deleted?.tags ?? '')}
      </Confirm>
    </>
  )
}

const columns: readonly Column<Row>[] = [
  { id: 'order', title: text.order, cell: ({ place }) => place },
  {
    id: 'effect',
    title: text.effect,
    cell: ({ rule }) => <Badge color="plain">{text.effects[rule.effect]}</Badge>,
  },
  {
    id: 'repositories',
    title: text.repositories,
    cell: ({ rule }) => (
      <span className="berth-mono">
        <ForeignText text={rule.repositories} max={120} />
      </span>
    ),
  },
  {
    id: 'tags',
    title: text.tags,
    cell: ({ rule }) => (
      <span className="berth-mono">
        <ForeignText text={rule.tags} max={120} />
      </span>
    ),
  },
]
