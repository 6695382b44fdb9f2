import type { ClientAnswer } from '@berth/api/client.ts'
import {
  deleteInstanceTrustedIdentity,
  deleteTrustedIdentity,
  listInstanceTrustedIdentities,
  listTrustedIdentities,
} from '@berth/api/trusted-identities.ts'
import { Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconCertificate, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { trustText as text } from '../text/trust.ts'
import { Confirm } from '../ui/confirm.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { ForeignText } from '../ui/foreign-text.tsx'
import { PageLink } from '../ui/link.tsx'
import { notifyDone } from '../ui/notify.ts'
import { Section } from '../ui/page.tsx'
import { Empty } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { PublicKey, ShowKey } from './public-key.tsx'
import { IdentityForm } from './trust-form.tsx'
import { type Place, useTwin, useTwinAction } from './twin.ts'

const listing = { ofProject: listTrustedIdentities, ofInstance: listInstanceTrustedIdentities }
const deleting = { ofProject: deleteTrustedIdentity, ofInstance: deleteInstanceTrustedIdentity }

type Trusted = ClientAnswer<typeof listTrustedIdentities>['body']['items'][number]

/** Whose signatures count in a project, those of the projects above among them, or everywhere. */
export function TrustedIdentities({ project, mayManage }: { project: Place; mayManage: boolean }) {
  const read = useTwin(listing, project)
  const remove = useTwinAction(deleting, project)
  const [isAdding, { open, close }] = useDisclosure(false)
  const [removed, setRemoved] = useState<string>()
  const [shown, setShown] = useState<ShownKey>()
  const rows = read.data?.body.items ?? []
  const add = mayManage && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={open}>
      {text.add}
    </Button>
  )
  const actions: Column<Trusted> = {
    id: 'actions',
    title: text.actions,
    align: 'end',
    cell: ({ name, project: stands }) =>
      stands === (project ?? '') && (
        <Button
          size="compact-xs"
          variant="default"
          aria-label={text.removeOne(name)}
          onClick={() => setRemoved(name)}
        >
          {text.remove}
        </Button>
      ),
  }
  const columns = columnsFor(setShown)
  return (
    <Section title={text.identities} lead={text.identitiesLead} actions={rows.length > 0 && add}>
      <DataTable
        label={text.identities}
        columns={mayManage ? [...columns, actions] : columns}
        rows={rows}
        rowKey={(trusted) => `${trusted.project} ${trusted.name}`}
        isLoading={read.isLoading}
        error={read.error}
        onRetry={() => void read.refetch()}
        height="36rem"
        empty={
          <Empty title={text.empty} icon={IconCertificate} action={add}>
            {text.emptyLead}
          </Empty>
        }
      />
      <IdentityForm project={project} isOpen={isAdding} onClose={close} />
      <PublicKey shown={shown} onClose={() => setShown(undefined)} />
      <Confirm
        isOpen={removed !== undefined}
        title={text.removeTitle(removed ?? '')}
        typed={removed ?? ''}
        action={text.remove}
        onConfirm={async () => {
          if (removed === undefined) return
          await remove.run({ params: { name: removed } })
          notifyDone(text.removed(removed))
        }}
        onClose={() => setRemoved(undefined)}
      >
        {text.removeLead}
      </Confirm>
    </Section>
  )
}

type ShownKey = { readonly name: string; readonly publicKey: string }

function columnsFor(show: (key: ShownKey) => void): readonly Column<Trusted>[] {
  return [
    { id: 'name', title: text.name, cell: ({ name }) => name },
    { id: 'kind', title: text.kind, cell: ({ identity }) => text.kinds[identity.kind] },
    {
      id: 'who',
      title: text.who,
      width: '36%',
      cell: ({ name, identity }) =>
        identity.kind === 'key' ? (
          <ShowKey name={name} onClick={() => show({ name, publicKey: identity.publicKey })} />
        ) : (
          <ForeignText text={sayingOf(identity)} max={240} />
        ),
    },
    { id: 'stands', title: text.stands, cell: ({ project }) => <Stands project={project} /> },
    { id: 'by', title: text.by, cell: ({ createdBy }) => <bdi>{createdBy}</bdi> },
    { id: 'created', title: text.created, cell: ({ createdAt }) => <Ago at={createdAt} /> },
  ]
}

function sayingOf(identity: Exclude<Trusted['identity'], { kind: 'key' }>): string {
  if (identity.kind === 'keyless') return `${identity.subject} (${identity.issuer})`
  const authorities = text.certificateCount(identity.certificates.length)
  return `${identity.subject ?? text.anySubject} (${authorities})`
}

function Stands({ project }: { project: string }) {
  if (project === '') return text.instance
  return (
    <PageLink to="/projects/$project/trust" params={{ project }}>
      <bdi>{project}</bdi>
    </PageLink>
  )
}
