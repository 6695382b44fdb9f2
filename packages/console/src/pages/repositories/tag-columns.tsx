import type { listTags } from '@berth/api/tags.ts'
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
import { Badge } from '../../ui/badge.tsx'
import { Copy } from '../../ui/copy.tsx'
import { IconButton } from '../../ui/icon-button.tsx'
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
        <span className="berth-inline" data-wide>
          <input
            type="checkbox"
            className="berth-check"
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
        </span>
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
      <span className="berth-inline berth-quiet">
        <IconShieldQuestion size={15} aria-hidden />
        {said.none}
      </span>
    )
  }
  return (
    <span className="berth-inline">
      {verified > 0 && (
        <Badge color="teal" title={said.verifiedTitle(verified)}>
          <IconShieldCheck size={13} aria-hidden />
          {said.verified}
        </Badge>
      )}
      {refused > 0 && (
        <Badge color="red" title={said.refusedTitle(refused)}>
          <IconShieldX size={13} aria-hidden />
          {said.refused}
        </Badge>
      )}
    </span>
  )
}

function Findings({ tag: { scan } }: { tag: Tag }) {
  if (scan?.state === 'catalogued') return <SeverityCounts counts={scan.counts} />
  return <span className="berth-quiet">{repositoryText.scan[scan?.state ?? 'notApplicable']}</span>
}

function Actions({ tag, repository, onPull, onDelete }: { tag: Tag } & Doings) {
  const line = firstPullLine({ ...tag, repository, reference: tag.name })
  return (
    <span className="berth-inline">
      {line && <Copy text={line.command} what={line.command} />}
      <IconButton label={text.pullTag(tag.name)} hint={text.pull} onClick={() => onPull(tag.name)}>
        <IconDownload size={16} />
      </IconButton>
      {onDelete && (
        <IconButton
          label={text.removeTag(tag.name)}
          hint={text.remove}
          color="red"
          onClick={() => onDelete(tag)}
        >
          <IconTrash size={16} />
        </IconButton>
      )}
    </span>
  )
}
