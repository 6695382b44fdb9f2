import { readManifest } from '@berth/api/manifests.ts'
import { useMemo } from 'react'
import { useApi } from '../../api/queries.ts'
import { repositoryText } from '../../text/repositories.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { OutLink, Section } from '../../ui/page.tsx'
import { Lines, Show } from '../../ui/states.tsx'
import { useRepository } from './repository-context.ts'
import { useNewest } from './use-newest.ts'

const text = repositoryText.about

type Row = { readonly where: 'annotation' | 'label'; readonly key: string; readonly value: string }

/** What the image says of itself that was pushed last: its annotations, and the labels in its configuration. */
export function ImageLabels() {
  const { repository } = useRepository()
  const { newest, tag, top } = useNewest()
  // An index has no configuration: its first image speaks for all of them.
  const child =
    top.data?.body.kind === 'index'
      ? (tag?.scan?.digest ?? top.data.body.children[0]?.digest)
      : undefined
  const image = useApi(
    readManifest,
    { params: { repository: repository.name, reference: child ?? '' } },
    { isEnabled: child !== undefined },
  )
  const rows = useMemo(() => {
    const own = Object.entries(top.data?.body.annotations ?? {})
    const labels = Object.entries((image.data ?? top.data)?.body.image?.labels ?? {})
    return [
      ...own.map(([key, value]): Row => ({ where: 'annotation', key, value })),
      ...labels.map(([key, value]): Row => ({ where: 'label', key, value })),
    ]
  }, [top.data, image.data])
  return (
    <Show of={newest}>
      {() =>
        tag && (
          <Section title={text.labels} lead={text.labelsLead(tag.name)}>
            <Show of={top} skeleton={<Lines count={4} />}>
              {() => (
                <DataTable
                  label={text.labels}
                  columns={columns}
                  rows={rows}
                  rowKey={({ where, key }) => `${where} ${key}`}
                  isLoading={image.isLoading}
                  empty={text.noLabels}
                />
              )}
            </Show>
          </Section>
        )
      }
    </Show>
  )
}

const columns: readonly Column<Row>[] = [
  { id: 'key', title: text.key, width: '30%', cell: ({ key }) => <ForeignText text={key} /> },
  {
    id: 'value',
    title: text.value,
    cell: ({ value }) =>
      /^https?:\/\/[^\s\p{C}]+$/u.test(value) ? (
        <OutLink href={value}>{value}</OutLink>
      ) : (
        <ForeignText text={value} />
      ),
  },
  { id: 'where', title: text.where, cell: ({ where }) => text[where] },
]
