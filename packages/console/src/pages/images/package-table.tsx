import type { listImagePackages } from '@berth/api/scans.ts'
import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type * as z from 'zod'
import { imageSecurityText } from '../../text/image-security.ts'
import { Badge } from '../../ui/badge.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import classes from './images.module.css'
import { LayerLink } from './layer-link.tsx'
import { useLayersByDiffId } from './layer-positions.ts'

const text = imageSecurityText.packages

type Package = z.output<typeof listImagePackages.answer>['items'][number]
type Packages = {
  readonly items: readonly Package[]
  readonly isPending: boolean
  readonly error: Error | null
  readonly refetch: () => unknown
  readonly hasNextPage: boolean
  readonly more: () => void
}

/** The packages that the scan found. */
export function PackageTable({ packages, empty }: { packages: Packages; empty: ReactNode }) {
  const layers = useLayersByDiffId()
  const columns: Column<Package>[] = [
    { id: 'name', title: text.name, cell: (found) => <Name found={found} /> },
    {
      id: 'version',
      title: text.version,
      cell: ({ version }) => (
        <span className="berth-mono">
          <ForeignText text={version} max={100} />
        </span>
      ),
    },
    { id: 'kind', title: text.kind, width: 90, cell: ({ kind }) => kind },
    {
      id: 'licences',
      title: text.licences,
      cell: ({ licenses }) => <ForeignText text={licenses.join(', ')} max={80} />,
    },
    {
      id: 'layer',
      title: text.layer,
      width: 110,
      cell: ({ layer }) => {
        const found = layer === null ? undefined : layers.get(layer)
        return found && <LayerLink layer={found} />
      },
    },
    {
      id: 'path',
      title: text.path,
      cell: ({ path }) => (
        <span className="berth-mono">
          <ForeignText text={path} max={120} />
        </span>
      ),
    },
  ]
  return (
    <div className={`${classes.fixed} ${classes.wide}`}>
      <DataTable
        label={text.title}
        columns={columns}
        rows={packages.items}
        rowKey={({ purl, path, layer }) => `${purl} ${path} ${layer}`}
        isLoading={packages.isPending}
        error={packages.error}
        onRetry={() => void packages.refetch()}
        hasMore={packages.hasNextPage}
        more={packages.more}
        empty={empty}
      />
    </div>
  )
}

function Name({ found: { name, source, isThirdParty, kind } }: { found: Package }) {
  return (
    <div style={{ overflowWrap: 'anywhere' }}>
      <PageLink to="/security/packages" search={{ q: name, kind }}>
        <ForeignText text={name} max={200} />
      </PageLink>{' '}
      {isThirdParty && <Badge color="gray">{text.thirdParty}</Badge>}
      {source && source.name !== name && (
        <Text size="xs" className="berth-quiet">
          <ForeignText text={text.source(source.name)} max={120} />
        </Text>
      )}
    </div>
  )
}
