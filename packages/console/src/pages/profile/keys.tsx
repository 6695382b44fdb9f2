import { createOwnKey, listOwnKeys, revokeOwnKey } from '@berth/api/api-keys.ts'
import { Button, Stack, Text } from '@mantine/core'
import { IconKey, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import type * as z from 'zod'
import { registryHost } from '../../api/address.ts'
import { type ItemOf, useApiAction, useApiPages } from '../../api/queries.ts'
import { keysText as text } from '../../text/profile.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { CommandLine } from '../../ui/copy.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { Section } from '../../ui/page.tsx'
import { SecretOnce } from '../../ui/secret-once.tsx'
import { Empty } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { KeyForm } from './key-form.tsx'

type Key = ItemOf<typeof listOwnKeys>
type Created = z.output<typeof createOwnKey.answer>

/** The keys of whoever looks: to make one, to see where they reach, and to revoke them. */
export default function Keys() {
  const keys = useApiPages(listOwnKeys, {})
  const revoke = useApiAction(revokeOwnKey)
  const [isCreating, setCreating] = useState(false)
  const [created, setCreated] = useState<Created>()
  const [revoked, setRevoked] = useState<Key>()
  const createButton = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      {text.create}
    </Button>
  )
  return (
    <Section title={text.title} lead={text.lead} actions={keys.items.length > 0 && createButton}>
      <DataTable
        label={text.title}
        columns={columnsWith(setRevoked)}
        rows={keys.items}
        rowKey={({ id }) => id}
        isLoading={keys.isPending}
        error={keys.error}
        onRetry={() => void keys.refetch()}
        more={keys.more}
        hasMore={keys.hasNextPage}
        empty={
          <Empty title={text.empty} icon={IconKey} action={createButton}>
            {text.emptyLead}
          </Empty>
        }
      />
      <KeyForm
        isOpen={isCreating}
        onClose={() => setCreating(false)}
        onCreated={(answer) => {
          setCreating(false)
          setCreated(answer)
        }}
      />
      <SecretOnce
        title={text.secretTitle(created?.key.name ?? '')}
        label={text.secret}
        secret={created?.secret}
        onClose={() => setCreated(undefined)}
      >
        <CommandLine
          label={text.login}
          command={`docker login ${registryHost} --username ${created?.key.userName ?? ''}`}
        />
      </SecretOnce>
      <Confirm
        isOpen={revoked !== undefined}
        title={text.revokeTitle}
        action={text.revoke}
        onConfirm={async () => {
          if (!revoked) return
          await revoke.mutateAsync({ params: { key: revoked.id } })
          notifyDone(text.revoked(revoked.name))
        }}
        onClose={() => setRevoked(undefined)}
      >
        {text.revokeLead(revoked?.name ?? '')}
      </Confirm>
    </Section>
  )
}

function columnsWith(onRevoke: (key: Key) => void): readonly Column<Key>[] {
  return [
    { id: 'name', title: text.name, cell: ({ name }) => <bdi>{name}</bdi> },
    {
      id: 'may',
      title: text.may,
      cell: ({ actions }) =>
        actions === null
          ? text.everything
          : actions.map((action) => text.actions[action]).join(', '),
    },
    {
      id: 'where',
      title: text.where,
      cell: ({ repositories }) =>
        repositories === null ? (
          text.everywhere
        ) : (
          <Stack gap={0}>
            {repositories.map((pattern) => (
              <bdi key={pattern} className="berth-mono">
                {pattern}
              </bdi>
            ))}
          </Stack>
        ),
    },
    {
      id: 'ends',
      title: text.ends,
      cell: ({ expiresAt }) =>
        expiresAt !== null && Date.parse(expiresAt) < Date.now() ? (
          <Text size="sm" fw={600}>
            {text.ended} <Ago at={expiresAt} />
          </Text>
        ) : (
          <Ago at={expiresAt} never={text.noEnd} />
        ),
    },
    {
      id: 'lastUsed',
      title: text.lastUsed,
      cell: ({ lastUsedAt }) => <Ago at={lastUsedAt} never={text.neverUsed} />,
    },
    { id: 'created', title: text.created, cell: ({ createdAt }) => <Ago at={createdAt} /> },
    {
      id: 'revoke',
      title: text.revoke,
      align: 'end',
      cell: (key) => (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={text.revokeKey(key.name)}
          onClick={() => onRevoke(key)}
        >
          {text.revoke}
        </Button>
      ),
    },
  ]
}
