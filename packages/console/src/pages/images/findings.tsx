import { listFindings } from '@berth/api/findings.ts'
import { Stack } from '@mantine/core'
import { useApiPages } from '../../api/queries.ts'
import { imageSecurityText } from '../../text/image-security.ts'
import { useFilters } from '../../ui/filters.ts'
import { Section } from '../../ui/page.tsx'
import { Empty, NothingFound } from '../../ui/states.tsx'
import { ExternalScans } from './external-scans.tsx'
import { FindingDrawer } from './finding-drawer.tsx'
import { FindingFilters, findingQuery, noFindingFilters } from './finding-filters.tsx'
import { FindingTable } from './finding-table.tsx'
import { useImage, useMayHere } from './image-context.ts'
import { ScanState } from './scan-state.tsx'
import { type ImageScan, useScan } from './scan.ts'

const text = imageSecurityText.findings
const pageSize = 100

/** What is wrong with what is inside the image. */
export default function Findings() {
  const { scan, data } = useScan()
  const mayPush = useMayHere('push')
  const isJudged = scan !== undefined && scan.cataloguedAt !== null
  return (
    <Stack gap="xl">
      <Stack gap="md">
        <ScanState />
        {isJudged && <FoundFindings scan={scan} />}
        {data && !isJudged && (
          <Empty title={text.notScannedTitle}>
            {text.notScanned} {!mayPush && text.reader}
          </Empty>
        )}
      </Stack>
      <ExternalScans />
      <FindingDrawer />
    </Stack>
  )
}

function FoundFindings({ scan }: { scan: ImageScan }) {
  const { repository, image } = useImage()
  const [filters, setFilters] = useFilters()
  const query = findingQuery(filters)
  const findings = useApiPages(
    listFindings,
    {
      params: { repository: repository.name, reference: image.digest },
      query: { limit: pageSize, ...query },
    },
    { keepsPrevious: true },
  )
  const isFiltered = Object.keys(query).length > 0
  return (
    <Section title={text.title}>
      <FindingFilters />
      <FindingTable
        findings={findings}
        empty={
          isFiltered ? (
            <NothingFound onClear={() => setFilters(noFindingFilters)} />
          ) : (
            <Empty title={text.emptyTitle}>{emptyWords(scan)}</Empty>
          )
        }
      />
    </Section>
  )
}

/** No findings is good news only of what was looked at, with something to compare with. */
function emptyWords({ dataRevision, notCoveredCount }: ImageScan): string {
  if (dataRevision === 0) return imageSecurityText.scan.noData
  return notCoveredCount > 0 ? text.emptyNotCovered : text.empty
}
