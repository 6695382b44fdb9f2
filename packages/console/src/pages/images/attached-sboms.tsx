import { listAttachedSboms, listSbomPackages } from '@berth/api/sboms.ts'
import { Button, Text } from '@mantine/core'
import { useApi, useApiPages } from '../../api/queries.ts'
import { imageSecurityText } from '../../text/image-security.ts'
import { Digest } from '../../ui/copy.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { useFilters } from '../../ui/filters.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Section } from '../../ui/page.tsx'
import { Empty, Show } from '../../ui/states.tsx'
import { formatBytes } from '../../ui/units.ts'
import { shortDigest, useImage } from './image-context.ts'

const text = imageSecurityText.packages
const pageSize = 100

/** Bills of materials that came with the image; one of them is opened by the address. */
export function AttachedSboms() {
  const { repository, image } = useImage()
  const [{ sbom }, setFilters] = useFilters()
  const attached = useApi(listAttachedSboms, {
    params: { repository: repository.name, reference: image.digest },
  })
  return (
    <Section title={text.attachedTitle} lead={text.attachedLead}>
      <Show of={attached}>
        {({ body: { items } }) => (
          <DataTable
            label={text.attachedTitle}
            rows={items}
            rowKey={({ manifest, blob }) => `${manifest} ${blob}`}
            empty={<Text size="sm">{text.attachedNone}</Text>}
            columns={[
              {
                id: 'document',
                title: text.document,
                cell: ({ blob }) => <Digest digest={blob} />,
              },
              { id: 'format', title: text.format, cell: ({ format }) => text.formats[format] },
              { id: 'how', title: text.howTitle, cell: ({ how }) => text.how[how] },
              {
                id: 'size',
                title: text.size,
                align: 'end',
                cell: ({ size }) => formatBytes(size),
              },
              {
                id: 'show',
                title: text.show,
                cell: ({ blob }) => (
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-expanded={sbom === blob}
                    onClick={() => setFilters({ sbom: sbom === blob ? undefined : blob })}
                  >
                    {sbom === blob ? text.hide : text.show}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Show>
      {sbom !== undefined && <SbomPackages digest={sbom} />}
    </Section>
  )
}

function SbomPackages({ digest }: { digest: string }) {
  const { repository } = useImage()
  const packages = useApiPages(listSbomPackages, {
    params: { repository: repository.name, digest },
    query: { limit: pageSize },
  })
  return (
    <DataTable
      label={text.packagesOf(shortDigest(digest))}
      rows={packages.items}
      rowKey={({ purl, name, version, kind }) => `${kind} ${name} ${version} ${purl}`}
      isLoading={packages.isPending}
      error={packages.error}
      onRetry={() => void packages.refetch()}
      hasMore={packages.hasNextPage}
      more={packages.more}
      empty={<Empty title={text.emptyTitle} />}
      columns={[
        { id: 'name', title: text.name, cell: ({ name }) => <ForeignText text={name} max={200} /> },
        {
          id: 'version',
          title: text.version,
          cell: ({ version }) => (
            <span className="berth-mono">
              <ForeignText text={version} max={100} />
            </span>
          ),
        },
        { id: 'kind', title: text.kind, cell: ({ kind }) => kind },
        {
          id: 'licences',
          title: text.licences,
          cell: ({ licenses }) => <ForeignText text={licenses.join(', ')} max={80} />,
        },
      ]}
    />
  )
}
