import { readEffectivePolicy } from '@berth/api/policies.ts'
import { listRepositories } from '@berth/api/repositories.ts'
import { Box, Group, Stack, Text } from '@mantine/core'
import { useApi } from '../../api/queries.ts'
import { policyText } from '../../text/policy.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { Lines } from '../../ui/states.tsx'
import { RuleBadges } from '../../resources/rule-summary.tsx'
import { summaryOf } from '../../resources/rule-words.ts'
import { type Scope, scopeName, scopeSearch } from './scope.tsx'

const text = policyText.inherited

/** The rules of projects above, which hold for a repository of this project as well. */
export function InheritedRules({ scope }: { scope: Scope }) {
  const repositories = useApi(listRepositories, { query: { project: scope, limit: 1 } })
  const [first] = repositories.data?.body.items ?? []
  const effective = useApi(
    readEffectivePolicy,
    { params: { repository: first?.name ?? '-' } },
    { isEnabled: first !== undefined },
  )
  const above = effective.data?.body.rules.filter(({ project }) => isAbove(project, scope))
  const isUnknown = repositories.data !== undefined && first === undefined
  const isOver = repositories.error !== null || effective.error !== null
  return (
    <Section title={text.title} lead={text.lead}>
      {above?.length === 0 ? (
        <Text className="berth-quiet">{text.none}</Text>
      ) : above ? (
        <Stack component="ul" gap="xs" p={0} m={0}>
          {above.map(({ project, rule }) => (
            <Box
              key={`${project} ${rule.name}`}
              component="li"
              className="berth-panel"
              p="sm"
              style={{ listStyle: 'none' }}
            >
              <Group gap="xs">
                <Text fw={600} size="sm">
                  <ForeignText text={rule.name} max={64} />
                </Text>
                <RuleBadges rule={rule} />
                <Text size="sm" className="berth-quiet">
                  {text.from(scopeName(project))}
                </Text>
                <PageLink
                  to="/security/policy"
                  search={scopeSearch(project)}
                  isSmall
                  aria-label={`${text.open}: ${scopeName(project)}, ${rule.name}`}
                >
                  {text.open}
                </PageLink>
              </Group>
              <Text size="sm" className="berth-quiet" style={{ overflowWrap: 'anywhere' }}>
                {summaryOf(rule)}
              </Text>
            </Box>
          ))}
        </Stack>
      ) : isUnknown || isOver ? (
        <Text className="berth-quiet">{text.unknown}</Text>
      ) : (
        <Lines count={2} />
      )}
    </Section>
  )
}

function isAbove(project: string, scope: Scope): boolean {
  return project === '' || scope.startsWith(`${project}/`)
}
