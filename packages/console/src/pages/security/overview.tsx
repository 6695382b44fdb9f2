import { readFindingsOverview, readInstanceFindingsOverview } from '@berth/api/findings.ts'
import { Alert, SimpleGrid } from '@mantine/core'
import { askAhead } from '../../api/queries.ts'
import { may } from '../../api/session.ts'
import { AttentionTiles, SeverityTiles } from '../../resources/findings-tiles.tsx'
import { securityText } from '../../text/security.ts'
import { Section } from '../../ui/page.tsx'
import { Lines, Show } from '../../ui/states.tsx'
import { LateFindings } from './late-findings.tsx'
import { Upgrades, WorstImages } from './overview-tables.tsx'
import { type Scope, ScopedPage, scopeSearch, useScoped } from './scope.tsx'
import { Trend } from './trend.tsx'

const text = securityText.overview

/** @public `lazyPage` calls it. */
export function ask(): void {
  // Of a project, the page itself asks.
  if (!may('readPolicies') || new URLSearchParams(location.search).has('project')) return
  askAhead(readInstanceFindingsOverview, {})
}

export default function SecurityOverview() {
  return (
    <ScopedPage title={text.title} lead={text.lead}>
      {(scope) => <Overview key={scope} scope={scope} />}
    </ScopedPage>
  )
}

function Overview({ scope }: { scope: Scope }) {
  const overview = useScoped(
    scope,
    { project: readFindingsOverview, instance: readInstanceFindingsOverview },
    {},
    { refreshMs: 60_000 },
  )
  return (
    <>
      <Show of={overview} skeleton={<Lines count={5} />}>
        {({ body }) => (
          <>
            {body.isTruncated && <Alert color="yellow">{text.isTruncated}</Alert>}
            <Section title={text.counts}>
              <SeverityTiles search={scopeSearch(scope)} counts={body.counts} />
            </Section>
            <Section title={text.attention}>
              <AttentionTiles search={scopeSearch(scope)} overview={body} />
            </Section>
          </>
        )}
      </Show>
      <Trend scope={scope} />
      <LateFindings scope={scope} />
      {overview.data && (
        <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg" verticalSpacing="md">
          <WorstImages worst={overview.data.body.worst} />
          <Upgrades upgrades={overview.data.body.upgrades} scope={scope} />
        </SimpleGrid>
      )}
    </>
  )
}
