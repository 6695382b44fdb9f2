import type { listTags } from '@berth/api/tags.ts'
import { ActionIcon, Badge, Checkbox, Group, Text, Tooltip } from '@mantine/core'
import {
  IconDownload,
  IconShieldCheck,
  IconShieldQuestion,
  IconShieldX,
  IconTrash,
} from '@tabler/icons-react'
import type { ItemOf } from '../../api/queries.ts'
import { artifactKindText } from '../../text/artifact-kinds.ts'
import { repositoryText } from '../../text/repositories.ts'
import type { Column } from '../../ui/data-table.tsx'
import { visible } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { artifactKind } from '../../ui/artifact-kind.ts'
import { Copy } from '../../ui/copy.tsx'
import { firstPullLine } from '../../ui/pull-lines.ts'
import { SeverityCounts } from '../../ui/severity.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatBytes } from '../../ui/units.ts'

const text = repositoryText.tag
const platformsShown = 3

export type Tag = ItemOf<typeof listTags>

type Doings = {
  readonly repository: string
  readonly selected: readonly string[]
  readonly onSelect: (tag: string) => void
  readonly onPull: (tag: string) => void
  /** Left out when it is not allowed. */
  readonly onDelete?: (tag: Tag) => void
}

export function tagColumns(doings: Doings): Column<Tag>[] {
  const { repository, selected, onSelect } = doings
  return [
    {
      id: 'name',
      title: text.name,
      sort: 'name',
      cell: ({ name }) => (
        <Group gap="xs" wrap="nowrap">
          <Checkbox
            size="xs"
            aria-label={text.select(name)}
            checked={selected.includes(name)}
            onChange={() => onSelect(name)}
          />
          <PageLink
            to="/repositories/$repository/images/$reference"
            params={{ repository, reference: name }}
            style={{ overflowWrap: 'anywhere' }}
          >
            {name}
          </PageLink>
        </Group>
      ),
    },
    { id: 'platforms', title: text.platforms, cell: (tag) => <Platforms tag={tag} /> },
    {
      id: 'digest',
      title: text.digest,
      cell: ({ digest }) => (
        <span className="berth-mono" title={digest}>
          {digest.slice(digest.indexOf(':') + 1).slice(0, 10)}
        </span>
      ),
    },
    {
      id: 'size',
      title: repositoryText.size,
      align: 'end',
      cell: ({ totalSize }) => formatBytes(totalSize),
    },
    {
      id: 'updated',
      title: text.updated,
      sort: 'updatedAt',
      first: 'descending',
      cell: ({ updatedAt }) => <Ago at={updatedAt} />,
    },
    {
      id: 'pulled',
      title: repositoryText.pulled,
      cell: ({ lastPulledAt }) => <Ago at={lastPulledAt} never={repositoryText.never} />,
    },
    { id: 'signature', title: text.signature, cell: (tag) => <Signature tag={tag} /> },
    { id: 'findings', title: text.findings, cell: (tag) => <Findings tag={tag} /> },
    { id: 'actions', title: text.actions, cell: (tag) => <Actions tag={tag} {...doings} /> },
  ]
}

function Platforms({ tag }: { tag: Tag }) {
  if (tag.platforms === null || tag.platforms.length === 0) {
    return tag.kind === 'artifact' ? (
      <>{artifactKindText[artifactKind(tag.artifactType)]}</>
    ) : (
      <>–</>
    )
  }
  const rest = tag.platforms.length - platformsShown
  return (
    <span title={visible(tag.platforms.join(', '))}>
      <bdi>{visible(tag.platforms.slice(0, platformsShown).join(', '))}</bdi>
      {rest > 0 && ` ${text.morePlatforms(rest)}`}
    </span>
  )
}

const said = repositoryText.signature

function Signature({ tag: { signatures } }: { tag: Tag }) {
  const { verified, refused } = signatures
  if (verified === 0 && refused === 0) {
    return (
      <Group gap={4} wrap="nowrap" className="berth-quiet">
        <IconShieldQuestion size={15} aria-hidden />
        {said.none}
      </Group>
    )
  }
  return (
    <Group gap={4}>
      {verified > 0 && (
        <Badge
          color="teal.9"
          radius="sm"
          tt="none"
          leftSection={<IconShieldCheck size={13} aria-hidden />}
          title={said.verifiedTitle(verified)}
        >
          {said.verified}
        </Badge>
      )}
      {refused > 0 && (
        <Badge
          color="red.9"
          radius="sm"
          tt="none"
          leftSection={<IconShieldX size={13} aria-hidden />}
          title={said.refusedTitle(refused)}
        >
          {said.refused}
        </Badge>
      )}
    </Group>
  )
}

function Findings({ tag: { scan } }: { tag: Tag }) {
  if (scan?.state === 'catalogued') return <SeverityCounts counts={scan.counts} />
  return (
    <Text span size="sm" className="berth-quiet">
      {repositoryText.scan[scan?.state ?? 'notApplicable']}
    </Text>
  )
}

function Actions({ tag, repository, onPull, onDelete }: { tag: Tag } & Doings) {
  const line = firstPullLine({ ...tag, repository, reference: tag.name })
  return (
    <Group gap={4} wrap="nowrap" display="inline-flex">
      {line && <Copy text={line.command} what={line.command} />}
      <Tooltip label={text.pull} withArrow>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={text.pullTag(tag.name)}
          onClick={() => onPull(tag.name)}
        >
          <IconDownload size={16} />
        </ActionIcon>
      </Tooltip>
      {onDelete && (
        <Tooltip label={text.remove} withArrow>
          <ActionIcon
            variant="subtle"
            color="red"
            aria-label={text.removeTag(tag.name)}
            onClick={() => onDelete(tag)}
          >
            <IconTrash size={16} />
          </ActionIcon>
        </Tooltip>
      )}
    </Group>
  )
}
