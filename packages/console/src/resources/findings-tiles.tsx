import type { readFindingsOverview } from '@berth/api/findings.ts'
import { Box, SimpleGrid, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type * as z from 'zod'
import { useMay } from '../api/session.ts'
import { securityText } from '../text/security.ts'
import { severityText } from '../text/severity.ts'
import { PageLink } from '../ui/link.tsx'
import { severities, SeverityBadge } from '../ui/severity.tsx'
import { Ago } from '../ui/time.tsx'
import { formatCount } from '../ui/units.ts'

type Overview = z.output<typeof readFindingsOverview.answer>
/** For the address of the findings that are counted. */
type Search = { readonly project?: string }
const text = securityText.overview
const oldMs = 7 * 86_400_000

/** How many there are of each severity; each leads to them. */
export function SeverityTiles({ search, counts }: { search: Search; counts: Overview['counts'] }) {
  return (
    <SimpleGrid cols={{ base: 2, xs: 3, md: 6 }} spacing="sm">
      {severities.map((severity) => (
        <Tile key={severity} label={<SeverityBadge severity={severity} />}>
          {counts[severity] === 0 ? (
            <Zero />
          ) : (
            <PageLink
              to="/security/findings"
              search={{ ...search, severity }}
              aria-label={`${severityText[severity]}: ${formatCount(counts[severity])}`}
            >
              {formatCount(counts[severity])}
            </PageLink>
          )}
        </Tile>
      ))}
    </SimpleGrid>
  )
}

/** What is late, and of what nothing is known. */
export function AttentionTiles({ search, overview }: { search: Search; overview: Overview }) {
  const { due, images, scanned, waiting, failed, endOfLife, dataBuiltAt } = overview
  const isOld = dataBuiltAt !== null && Date.now() - Date.parse(dataBuiltAt) > oldMs
  return (
    <SimpleGrid cols={{ base: 2, xs: 3, md: 5 }} spacing="sm">
      {(['overdue', 'soon'] as const).map((each) => (
        <Tile
          key={each}
          label={text[each]}
          {...(due[each] > 0 && each === 'overdue' && { hint: text.overdueHint, isBad: true })}
        >
          {due[each] === 0 ? (
            <Zero />
          ) : (
            <PageLink
              to="/security/findings"
              search={{ ...search, due: each }}
              aria-label={`${text[each]}: ${formatCount(due[each])}`}
            >
              {formatCount(due[each])}
            </PageLink>
          )}
        </Tile>
      ))}
      <Tile
        label={text.scanned}
        hint={<Unscanned waiting={waiting} failed={failed} />}
        isBad={failed > 0}
      >
        {text.of(formatCount(scanned), formatCount(images))}
      </Tile>
      <Tile label={text.endOfLife} {...(endOfLife > 0 && { hint: text.endOfLifeHint })}>
        {endOfLife === 0 ? <Zero /> : formatCount(endOfLife)}
      </Tile>
      <Tile label={text.advisories} {...(isOld && { hint: text.advisoriesOld, isBad: true })}>
        <PageLink to="/security/advisories" search={search}>
          <Ago at={dataBuiltAt} never={text.noAdvisories} />
        </PageLink>
      </Tile>
    </SimpleGrid>
  )
}

function Unscanned({ waiting, failed }: { waiting: number; failed: number }) {
  const mayJobs = useMay('readSystem')
  if (waiting + failed === 0) return text.allScanned
  const words = text.unscanned(formatCount(waiting), formatCount(failed))
  if (!mayJobs || failed === 0) return words
  return (
    <PageLink to="/administration/jobs" search={{ state: 'failed' }}>
      {words}
    </PageLink>
  )
}

/** Nothing to look at: no colour, no link. */
function Zero() {
  return (
    <Text span inherit className="berth-quiet">
      0
    </Text>
  )
}

function Tile({
  label,
  hint,
  isBad = false,
  children,
}: {
  label: ReactNode
  hint?: ReactNode
  isBad?: boolean
  children: ReactNode
}) {
  return (
    <Box className="berth-panel" p="sm">
      <Text component="div" size="sm" className="berth-quiet">
        {label}
      </Text>
      <Text component="div" size="xl" fw={600} mt={2} style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Text>
      {hint !== undefined && (
        <Text
          component="div"
          size="xs"
          {...(isBad ? { c: 'var(--mantine-color-error)' } : { className: 'berth-quiet' })}
        >
          {hint}
        </Text>
      )}
    </Box>
  )
}
