import {
  deleteInstanceWorkloadRule,
  deleteWorkloadRule,
  listInstanceWorkloadRules,
  listWorkloadRules,
} from '@berth/api/workloads.ts'
import { Button, Group } from '@mantine/core'
import { IconKey, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { machineText } from '../text/machines.ts'
import { Confirm } from '../ui/confirm.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { ForeignText } from '../ui/foreign-text.tsx'
import { notifyDone } from '../ui/notify.ts'
import { Empty } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { MayDo, Patterns, RowMenu } from './machine-cells.tsx'
import { type Place, useTwinAction, useTwinPages } from './twin.ts'
import { conditionLines, WorkloadForm, type WorkloadRule } from './workload-form.tsx'

const text = machineText.workloads
const listing = { ofProject: listWorkloadRules, ofInstance: listInstanceWorkloadRules }
const deleting = { ofProject: deleteWorkloadRule, ofInstance: deleteInstanceWorkloadRule }

type Dialog = { readonly kind: 'form' | 'delete'; readonly rule?: WorkloadRule }

/** The rules by which tokens of other issuers count in a project, or on the whole instance. */
export function WorkloadRules({ project, mayManage }: { project: Place; mayManage: boolean }) {
  const rules = useTwinPages(listing, project)
  const remove = useTwinAction(deleting, project)
  const [dialog, setDialog] = useState<Dialog>()
  const close = () => setDialog(undefined)
  const menu: Column<WorkloadRule> = {
    id: 'actions',
    title: machineText.moreTitle,
    align: 'end',
    cell: (rule) => (
      <RowMenu
        name={rule.name}
        items={[
          { label: machineText.change, onClick: () => setDialog({ kind: 'form', rule }) },
          { label: machineText.delete, onClick: () => setDialog({ kind: 'delete', rule }) },
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
  const deleted = dialog?.kind === 'delete' ? dialog.rule : undefined
  return (
    <>
      {rules.items.length > 0 && <Group justify="flex-end">{create}</Group>}
      <DataTable
        label={text.title}
        columns={mayManage ? [...columns, menu] : columns}
        rows={rules.items}
        rowKey={({ id }) => id}
        isLoading={rules.isLoading}
        error={rules.error}
        onRetry={() => void rules.refetch()}
        more={rules.more}
        hasMore={rules.hasNextPage}
        empty={
          <Empty title={text.empty} icon={IconKey} action={create}>
            {text.emptyLead}
          </Empty>
        }
      />
      <WorkloadForm
        key={dialog?.rule?.id}
        project={project}
        rule={dialog?.kind === 'form' ? dialog.rule : undefined}
        isOpen={dialog?.kind === 'form'}
        onClose={close}
      />
      <Confirm
        isOpen={deleted !== undefined}
        title={text.deleteTitle(deleted?.name ?? '')}
        typed={deleted?.name ?? ''}
        action={machineText.delete}
        onConfirm={async () => {
          if (!deleted) return
          await remove.run({ params: { rule: deleted.id } })
          notifyDone(text.deleted(deleted.name))
        }}
        onClose={close}
      >
        {text.deleteLead}
      </Confirm>
    </>
  )
}

const columns: readonly Column<WorkloadRule>[] = [
  { id: 'name', title: machineText.name, cell: ({ name }) => name },
  {
    id: 'issuer',
    title: text.issuer,
    cell: ({ issuer }) => <ForeignText text={issuer} max={120} />,
  },
  {
    id: 'conditions',
    title: text.conditions,
    cell: ({ conditions }) => <Patterns patterns={conditionLines(conditions)} />,
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
  {
    id: 'lastUsed',
    title: machineText.lastUsed,
    cell: ({ lastUsedAt }) => <Ago at={lastUsedAt} never={machineText.neverUsed} />,
  },
  { id: 'created', title: machineText.created, cell: ({ createdAt }) => <Ago at={createdAt} /> },
]
