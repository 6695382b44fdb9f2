import { ApiProblem } from '@berth/api/client.ts'
import { testInstancePolicy, testPolicy } from '@berth/api/policies.ts'
import { Box, Button, Group, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import type * as z from 'zod'
import { callApi } from '../../api/client.ts'
import { policyText } from '../../text/policy.ts'
import { Badge } from '../../ui/badge.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Section } from '../../ui/page.tsx'
import { Fault, Lines } from '../../ui/states.tsx'
import { formatCount } from '../../ui/units.ts'
import { ImageLink } from './finding-cells.tsx'
import { type Scope, scoped } from './scope.tsx'

type Judged = z.output<typeof testPolicy.answer>['items'][number]
const text = policyText.preview
const pauseMs = 600
const imagesAtOnce = 100
const violationsShown = 3
/** Judges what is stored by a document that is not in force, soon after it was changed. */
export function usePolicyTrial(scope: Scope, document: string, isEnabled: boolean) {
  const [settled] = useDebouncedValue(document, pauseMs)
  const trial = useInfiniteQuery({
    queryKey: [testPolicy.topic, testPolicy.id, scope, settled],
    queryFn: async ({ pageParam, signal }) => {
      const body = {
        document: settled,
        limit: imagesAtOnce,
        ...(pageParam !== '' && { after: pageParam }),
      }
      const { route, request } = scoped(
        scope,
        { project: testPolicy, instance: testInstancePolicy },
        { body },
      )
      return (await callApi(route, { ...request, signal })).body
    },
    initialPageParam: '',
    getNextPageParam: ({ next }) => next ?? undefined,
    enabled: isEnabled,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  })
  return { ...trial, isBehind: settled !== document }
}

/** Which faults the server found in the document, of those that a trial met. */
export function faultsOfTrial(error: Error | null): readonly string[] {
  if (!(error instanceof ApiProblem) || error.status !== 400) return []
  return error.errors.length > 0 ? error.errors.map(({ message }) => message) : [error.message]
}

export function PolicyPreview({ trial }: { trial: ReturnType<typeof usePolicyTrial> }) {
  const { data, error, isFetching, isBehind, hasNextPage, fetchNextPage } = trial
  const items = data?.pages.flatMap((page) => page.items) ?? []
  const isFaulty = faultsOfTrial(error).length > 0
  const isStale = isFetching || isBehind
  return (
    <Section title={text.title} lead={text.lead}>
      {isFaulty ? (
        <Text className="berth-quiet">{text.broken}</Text>
      ) : error && data === undefined ? (
        <Fault error={error} onRetry={() => void trial.refetch()} />
      ) : data === undefined ? (
        <Lines count={5} />
      ) : (
        <Stack gap="sm" style={{ opacity: isStale ? 0.7 : 1 }} aria-busy={isStale}>
          <Summary items={items} hasMore={hasNextPage} isStale={isStale} />
          <Results items={items} />
          {hasNextPage && (
            <Button variant="default" loading={isFetching} onClick={() => void fetchNextPage()}>
              {text.more}
            </Button>
          )}
        </Stack>
      )}
    </Section>
  )
}

function Summary({
  items,
  hasMore,
  isStale,
}: {
  items: readonly Judged[]
  hasMore: boolean
  isStale: boolean
}) {
  const blocked = items.filter(({ tried }) => tried.decision === 'deny')
  const fresh = blocked.filter(({ now }) => now.decision !== 'deny').length
  const warned = items.filter(({ tried }) => tried.decision === 'warn').length
  const freed = items.filter((item) => isChanged(item) && item.now.decision === 'deny').length
  const looked = formatCount(items.length)
  const parts = [
    hasMore ? text.lookedMore(looked) : text.looked(looked),
    ...(blocked.length > 0 ? [text.blocked(formatCount(blocked.length), formatCount(fresh))] : []),
    ...(warned > 0 ? [text.warned(formatCount(warned))] : []),
    ...(freed > 0 ? [text.freed(formatCount(freed))] : []),
  ]
  const said =
    items.length === 0
      ? text.none
      : parts.length === 1
        ? `${parts[0]}. ${text.allPass}`
        : parts.join('. ')
  return (
    <Text role="status" fw={600} size="sm">
      {isStale ? text.waiting : said}
    </Text>
  )
}

function isChanged({ now, tried }: Judged): boolean {
  return now.decision !== tried.decision
}

const ranks = { deny: 0, warn: 1, allow: 2 } as const

/** Those that meet a rule or whose decision is another, what is new first. */
function Results({ items }: { items: readonly Judged[] }) {
  const shown = items
    .filter((item) => item.tried.decision !== 'allow' || isChanged(item))
    .toSorted(
      (left, right) =>
        Number(isChanged(right)) - Number(isChanged(left)) ||
        ranks[left.tried.decision] - ranks[right.tried.decision],
    )
  if (shown.length === 0) return null
  return (
    <Stack
      component="ul"
      gap="xs"
      p={0}
      m={0}
      aria-label={text.results}
      tabIndex={0}
      style={{ maxHeight: '32rem', overflow: 'auto' }}
    >
      {shown.map((item) => (
        <Result key={`${item.repository}@${item.digest}`} item={item} />
      ))}
    </Stack>
  )
}

function Result({ item }: { item: Judged }) {
  const { repository, digest, tags, now, tried } = item
  const rest = tried.violations.length - violationsShown + tried.moreViolations
  return (
    <Box component="li" className="berth-panel" p="sm" style={{ listStyle: 'none' }}>
      <Group gap="xs">
        <ImageLink repository={repository} digest={digest} tags={tags} isLong />
        <Badge color={tried.decision === 'deny' ? 'red' : 'plain'}>
          {text.decisions[tried.decision]}
        </Badge>
        {isChanged(item) && (
          <Text span size="xs" className="berth-quiet">
            {text.was(text.decisions[now.decision])}
          </Text>
        )}
      </Group>
      {tried.violations.slice(0, violationsShown).map((violation, index) => (
        <Box key={index} mt={4}>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            <strong>{violation.rule}</strong> <ForeignText text={violation.subject} max={160} />
          </Text>
          <Text size="xs" className="berth-quiet">
            <ForeignText text={text.found(violation.found, violation.wanted)} max={200} />
          </Text>
          {violation.fix !== null && (
            <Text size="xs" className="berth-quiet">
              <ForeignText text={text.fix(violation.fix)} max={200} />
            </Text>
          )}
        </Box>
      ))}
      {rest > 0 && (
        <Text size="xs" className="berth-quiet" mt={4}>
          {text.moreViolations(rest)}
        </Text>
      )}
    </Box>
  )
}
