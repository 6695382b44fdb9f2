import type { readFindingsOverview } from '@berth/api/findings.ts'
import { Box, SimpleGrid, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type * as z from 'zod'
import { useMay } from '../../api/session.ts'
import { securityText } from '../../text/security.ts'
import { severityText } from '../../text/severity.ts'
import { PageLink } from '../../ui/link.tsx'
import { severities, SeverityBadge } from '../../ui/severity.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatCount } from '../../ui/units.ts'
import { type Scope, scopeSearch } from './scope.tsx'

type Overview = z.output<typeof readFindingsOverview.answer>
const text = securityText.overview

/** How many there are of each severity; each leads to them. */
export function SeverityTiles({ scope, counts }: { scope: Scope; counts: Overview['counts'] }) {
  return (
    <SimpleGrid cols={{ base: 2, xs: 3, md: 6 }} spacing="sm">
      {severities.map((severity) => (
        <Tile key={severity} label={<SeverityBadge severity={severity} />}>
          <PageLink
            to="/security/findings"
            search={{ ...scopeSearch(scope), severity }}
            aria-label={`${severityText[severity]}: ${formatCount(counts[severity])}`}
            inherit
          >
            {formatCount(counts[severity])}
          </PageLink>
        </Tile>
      ))}
    </SimpleGrid>
  )
}

/** What is late, and of what nothing is known. */
export function AttentionTiles({ scope, overview }: { scope: Scope; overview: Overview }) {
  const mayJobs = useMay('readSystem')
  const { due, images, scanned, waiting, failed, endOfLife, dataBuiltAt } = overview
  const search = scopeSearch(scope)
  return (
    <SimpleGrid cols={{ base: 2, xs: 3, md: 4, lg: 7 }} spacing="sm">
      <Tile label={text.overdue}>
        <PageLink to="/security/findings" search={{ ...search, due: 'overdue' }} inherit>
          {formatCount(due.overdue)}
        </PageLink>
      </Tile>
      <Tile label={text.soon}>
        <PageLink to="/security/findings" search={{ ...search, due: 'soon' }} inherit>
          {formatCount(due.soon)}
        </PageLink>
      </Tile>
      <Tile label={text.scanned}>{text.of(formatCount(scanned), formatCount(images))}</Tile>
      <Tile label={text.waiting}>{formatCount(waiting)}</Tile>
      <Tile label={text.failed}>
        {mayJobs && failed > 0 ? (
          <PageLink to="/administration/jobs" search={{ state: 'failed' }} inherit>
            {formatCount(failed)}
          </PageLink>
        ) : (
          formatCount(failed)
        )}
      </Tile>
      <Tile label={text.endOfLife}>{formatCount(endOfLife)}</Tile>
      <Tile label={text.advisories}>
        <PageLink to="/security/advisories" search={search} inherit>
          <Ago at={dataBuiltAt} never={text.noAdvisories} />
        </PageLink>
      </Tile>
    </SimpleGrid>
  )
}

function Tile({ label, children }: { label: ReactNode; children: ReactNode }) {
  return (
    <Box className="berth-panel" p="sm">
      <Text component="div" size="sm" className="berth-quiet">
        {label}
      </Text>
      <Text component="div" size="xl" fw={600} mt={4} style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Text>
    </Box>
  )
}
