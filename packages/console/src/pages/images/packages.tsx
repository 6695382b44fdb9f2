import { listImagePackages, packageKind } from '@berth/api/scans.ts'
import { Group, NativeSelect, Stack } from '@mantine/core'
import { useApiPages } from '../../api/queries.ts'
import { imageSecurityText } from '../../text/image-security.ts'
import { FilterField } from '../../ui/filter-field.tsx'
import { useFilters } from '../../ui/filters.ts'
import { Section } from '../../ui/page.tsx'
import { Empty, NothingFound } from '../../ui/states.tsx'
import { AttachedSboms } from './attached-sboms.tsx'
import { useImage } from './image-context.ts'
import { PackageTable } from './package-table.tsx'
import { PublishSbom } from './publish-sbom.tsx'
import { ScanState } from './scan-state.tsx'
import { useScan } from './scan.ts'

const text = imageSecurityText.packages
const pageSize = 100

/** What is inside the image, as the scan found it and as others say. */
export default function Packages() {
  const { image } = useImage()
  const { scan, data } = useScan()
  const isScanned = scan !== undefined && scan.cataloguedAt !== null
  return (
    <Stack gap="xl">
      <Stack gap="md">
        <ScanState />
        {isScanned && <FoundPackages />}
        {data && !isScanned && <Empty title={text.notScannedTitle}>{text.notScanned}</Empty>}
      </Stack>
      <AttachedSboms key={image.digest} />
    </Stack>
  )
}

function FoundPackages() {
  const { repository, image } = useImage()
  const [filters, setFilters] = useFilters()
  const name = filters.name ?? ''
  const kind = packageKind.safeParse(filters.kind).data
  const packages = useApiPages(
    listImagePackages,
    {
      params: { repository: repository.name, reference: image.digest },
      query: { limit: pageSize, ...(name !== '' && { name }), ...(kind && { kind }) },
    },
    { keepsPrevious: true },
  )
  const isFiltered = name !== '' || kind !== undefined
  return (
    <Section title={text.title} lead={text.lead} actions={<PublishSbom />}>
      <Group gap="sm" align="flex-end">
        <FilterField
          label={text.filter}
          value={name}
          onChange={(value) => setFilters({ name: value })}
        />
        <NativeSelect
          aria-label={text.kind}
          data={[{ value: '', label: text.allKinds }, ...packageKind.options]}
          value={kind ?? ''}
          onChange={({ currentTarget }) => setFilters({ kind: currentTarget.value })}
        />
      </Group>
      <PackageTable
        packages={packages}
        empty={
          isFiltered ? (
            <NothingFound onClear={() => setFilters({ name: undefined, kind: undefined })} />
          ) : (
            <Empty title={text.emptyTitle}>{text.empty}</Empty>
          )
        }
      />
    </Section>
  )
}
