import { deleteScanner, listScanners, testScanner } from '@berth/api/scanners.ts'
import { Button, Group } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMemo, useState } from 'react'
import { type ItemOf, useApi, useApiAction } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { systemText } from '../../text/system.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { notifyDone, notifyFault } from '../../ui/notify.ts'
import { Page } from '../../ui/page.tsx'
import { Empty } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { RegisterScanner } from './register-scanner.tsx'

const text = systemText.scanners
type Scanner = ItemOf<typeof listScanners>

export default function Scanners() {
  const mayManage = useMay('manageSystem')
  const [isOpen, { open, close }] = useDisclosure(false)
  const [asked, setAsked] = useState<string>()
  const scanners = useApi(listScanners, {})
  const remove = useApiAction(deleteScanner)
  const columns = useMemo<Column<Scanner>[]>(
    () => [
      { id: 'name', title: text.name, cell: ({ name }) => name },
      { id: 'kind', title: text.kind, cell: ({ kind }) => text.kinds[kind] },
      {
        id: 'address',
        title: text.address,
        cell: ({ address }) => address !== null && <ForeignText text={address} max={120} />,
      },
      {
        id: 'authorization',
        title: text.authorization,
        cell: ({ authorization }) => text.authorizations[authorization],
      },
      { id: 'since', title: text.since, cell: ({ createdAt }) => <Ago at={createdAt} /> },
      {
        id: 'actions',
        title: text.actions,
        align: 'end',
        cell: ({ name, kind }) =>
          mayManage && (
            <Group gap={4} justify="flex-end">
              <Test name={name} />
              {kind === 'harbor' && (
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-label={`${text.remove}: ${name}`}
                  onClick={() => setAsked(name)}
                >
                  {text.remove}
                </Button>
              )}
            </Group>
          ),
      },
    ],
    [mayManage],
  )
  return (
    <Page
      title={text.title}
      lead={text.lead}
      actions={mayManage && <Button onClick={open}>{text.register}</Button>}
    >
      <DataTable
        label={text.title}
        columns={columns}
        rows={scanners.data?.body.items ?? []}
        rowKey={({ name }) => name}
        isLoading={scanners.isLoading}
        error={scanners.error}
        onRetry={() => void scanners.refetch()}
        empty={<Empty>{text.empty}</Empty>}
      />
      <RegisterScanner isOpen={isOpen} onClose={close} />
      <Confirm
        isOpen={asked !== undefined}
        title={text.removeTitle(asked ?? '')}
        typed={asked}
        action={text.remove}
        onConfirm={async () => {
          await remove.mutateAsync({ params: { name: asked ?? '' } })
          notifyDone(text.removed(asked ?? ''))
        }}
        onClose={() => setAsked(undefined)}
      >
        {text.removeLead}
      </Confirm>
    </Page>
  )
}

function Test({ name }: { name: string }) {
  const test = useApiAction(testScanner, { changes: [] })
  const ask = async () => {
    try {
      const { body } = await test.mutateAsync({ params: { name } })
      notifyDone(text.answered(`${body.vendor} ${body.product} ${body.version}`))
    } catch (error) {
      notifyFault(error)
    }
  }
  return (
    <Button
      size="compact-xs"
      variant="default"
      loading={test.isPending}
      aria-label={`${text.test}: ${name}`}
      onClick={() => void ask()}
    >
      {text.test}
    </Button>
  )
}
