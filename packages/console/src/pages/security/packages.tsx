import { ApiProblem } from '@berth/api/client.ts'
import { packageKind, searchPackages } from '@berth/api/scans.ts'
import { Button, Group, Select, Text, TextInput } from '@mantine/core'
import { IconPackages, IconSearch } from '@tabler/icons-react'
import { type SyntheticEvent, useEffect, useState } from 'react'
import { type ItemOf, useApiPages } from '../../api/queries.ts'
import { securityText } from '../../text/security.ts'
import { Badge } from '../../ui/badge.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { useFilters } from '../../ui/filters.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Page, Section } from '../../ui/page.tsx'
import { Empty } from '../../ui/states.tsx'
import { ImageLink, MoreTags, RepositoryLink } from './finding-cells.tsx'
import { readPackageQuery } from './package-query.ts'

type Hit = ItemOf<typeof searchPackages>
const text = securityText.packages
const { columns: heads } = securityText
const examples = ['log4j-core<2.17', 'openssl>=3.0.0,<3.0.7', 'zlib1g', '@babel/core!=7.26.0']

const columns: readonly Column<Hit>[] = [
  {
    id: 'repository',
    title: heads.repository,
    cell: ({ repository }) => <RepositoryLink repository={repository} />,
  },
  { id: 'image', title: heads.image, cell: (hit) => <ImageLink {...hit} /> },
  { id: 'tags', title: heads.tags, cell: ({ tags }) => <MoreTags tags={tags} /> },
  {
    id: 'platform',
    title: heads.platform,
    cell: ({ platform }) => platform !== null && <ForeignText text={platform} max={60} />,
  },
  {
    id: 'package',
    title: heads.package,
    cell: ({ kind, name }) => <ForeignText text={`${kind}:${name}`} max={100} />,
  },
  {
    id: 'version',
    title: heads.version,
    cell: ({ version, isUndetermined }) => (
      <>
        <ForeignText text={version} max={80} />{' '}
        {isUndetermined && <Badge color="plain">{text.undetermined}</Badge>}
      </>
    ),
  },
]

/** Finds packages in all images that whoever sits there may pull. */
export default function Packages() {
  const [filters, setFilters] = useFilters()
  const written = filters.q ?? ''
  const kind = packageKind.safeParse(filters.kind).data
  const query = readPackageQuery(written)
  const isAsked = written !== '' && 'name' in query
  const hits = useApiPages(
    searchPackages,
    {
      query: {
        name: 'name' in query ? query.name.slice(0, 255) : '-',
        ...('name' in query && query.version !== undefined && { version: query.version }),
        ...(kind !== undefined && { kind }),
      },
    },
    { isEnabled: isAsked },
  )
  const refusal = hits.error instanceof ApiProblem && hits.error.status === 400
  const fault =
    written !== '' && 'fault' in query
      ? text.faultAt(query.column, query.fault)
      : refusal
        ? (hits.error?.message ?? '')
        : undefined
  return (
    <Page title={text.title} lead={text.lead}>
      <SearchForm
        written={written}
        kind={kind}
        fault={fault}
        onSearch={(q) => setFilters({ q })}
        onKind={(picked) => setFilters({ kind: picked })}
      />
      {!isAsked || refusal ? (
        <Empty title={text.emptyTitle} icon={IconPackages}>
          {text.emptyLead}
        </Empty>
      ) : (
        <Section title={text.results}>
          <DataTable
            label={text.results}
            columns={columns}
            rows={hits.items}
            rowKey={({ repository, digest, kind: of, name, version }) =>
              `${repository}@${digest} ${of}:${name}@${version}`
            }
            isLoading={hits.isLoading}
            error={hits.error}
            onRetry={() => void hits.refetch()}
            more={hits.more}
            hasMore={hits.hasNextPage}
            empty={<Empty title={text.nothing}>{text.nothingLead}</Empty>}
          />
        </Section>
      )}
    </Page>
  )
}

function SearchForm({
  written,
  kind,
  fault,
  onSearch,
  onKind,
}: {
  written: string
  kind: string | undefined
  fault: string | undefined
  onSearch: (text: string) => void
  onKind: (kind: string | undefined) => void
}) {
  const [typed, setTyped] = useState(written)
  useEffect(() => setTyped(written), [written])
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    onSearch(typed.trim())
  }
  return (
    <form onSubmit={submit} role="search" aria-label={text.title}>
      <Group gap="xs" align="flex-start">
        <TextInput
          label={text.search}
          placeholder={text.placeholder}
          value={typed}
          maxLength={450}
          onChange={(event) => setTyped(event.currentTarget.value)}
          error={typed === written && fault}
          spellCheck={false}
          autoCapitalize="off"
          flex="1 1 20rem"
          maw={560}
        />
        <Select
          label={text.kind}
          placeholder={securityText.any}
          data={packageKind.options}
          value={kind ?? null}
          onChange={(picked) => onKind(picked ?? undefined)}
          clearable
          w={130}
        />
        <Button type="submit" leftSection={<IconSearch size={16} aria-hidden />} mt={25}>
          {text.go}
        </Button>
      </Group>
      <Text size="sm" className="berth-quiet" mt={4}>
        {text.hint}
      </Text>
      <Group gap="xs" mt={4}>
        <Text size="sm" className="berth-quiet">
          {text.examples}
        </Text>
        {examples.map((example) => (
          <PageLink key={example} to="/security/packages" search={{ q: example }} isSmall>
            <span className="berth-mono">{example}</span>
          </PageLink>
        ))}
      </Group>
    </form>
  )
}
