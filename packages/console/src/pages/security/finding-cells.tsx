import { Group } from '@mantine/core'
import { securityText as text } from '../../text/security.ts'
import { Badge } from '../../ui/badge.tsx'
import { ForeignText, visible } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Ago } from '../../ui/time.tsx'
import { type Scope, scopeSearch } from './scope.tsx'

export function VulnerabilityLink({
  vulnerability,
  scope,
  knownExploited,
}: {
  vulnerability: string
  scope: Scope
  /** The day; `null`: it is not known to be exploited. */
  knownExploited?: string | null
}) {
  return (
    <Group gap={6} wrap="wrap" display="inline-flex">
      <PageLink
        to="/security/vulnerabilities/$vulnerability"
        params={{ vulnerability }}
        search={scopeSearch(scope)}
      >
        <bdi>{visible(vulnerability)}</bdi>
      </PageLink>
      {typeof knownExploited === 'string' && (
        <Badge color="red" title={text.findings.isExploitedTitle(knownExploited)}>
          {text.findings.isExploited}
        </Badge>
      )}
    </Group>
  )
}

export function RepositoryLink({ repository }: { repository: string }) {
  return (
    <PageLink to="/repositories/$repository" params={{ repository }}>
      <bdi>{repository}</bdi>
    </PageLink>
  )
}

/** An image by its best tag, else by its digest. */
export function ImageLink({
  repository,
  digest,
  tags,
  isLong = false,
}: {
  repository: string
  digest: string
  tags: readonly string[]
  /** With the name of the repository. */
  isLong?: boolean
}) {
  const [tag] = tags
  const short = tag === undefined ? digest.slice(0, 19) : tag
  const separator = tag === undefined ? '@' : ':'
  return (
    <PageLink
      to="/repositories/$repository/images/$reference"
      params={{ repository, reference: digest }}
      title={digest}
    >
      <bdi>{isLong ? `${repository}${separator}${short}` : short}</bdi>
    </PageLink>
  )
}

/** The tags beside the first, which the link shows. */
export function MoreTags({ tags }: { tags: readonly string[] }) {
  return <ForeignText text={tags.join(', ')} max={120} />
}

export function Due({ due, isOverdue }: { due: string | null; isOverdue: boolean }) {
  if (due === null) return null
  return (
    <Group gap={6} wrap="wrap" display="inline-flex">
      {isOverdue && <Badge color="red">{text.findings.overdue}</Badge>}
      <Ago at={due} />
    </Group>
  )
}
