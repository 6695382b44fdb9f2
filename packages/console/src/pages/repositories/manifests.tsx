import { listManifests } from '@berth/api/manifests.ts'
import { Group, Stack, Text } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { useApiPages } from '../../api/queries.ts'
import { artifactKindText } from '../../text/artifact-kinds.ts'
import { repositoryText } from '../../text/repositories.ts'
import { artifactKind } from '../../ui/artifact-kind.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { IconButton } from '../../ui/icon-button.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Empty } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatBytes } from '../../ui/units.ts'
import { DeleteManifest } from './delete-manifest.tsx'
import { type ManifestRow, shortOf } from './manifest-row.ts'
import { useRepository } from './repository-context.ts'

const text = repositoryText.manifest

/** Everything in the repository, with tags or without, so that what is left over can be found and deleted. */
export default function RepositoryManifests() {
  const { repository, may } = useRepository()
  const [doomed, setDoomed] = useState<ManifestRow>()
  const list = useApiPages(listManifests, {
    params: { repository: repository.name },
    query: { limit: 200 },
  })
  const mayDelete = may('delete')
  const columns = useMemo(
    () => columnsOf(repository.name, mayDelete ? setDoomed : undefined),
    [repository.name, mayDelete],
  )
  return (
    <Stack gap="sm">
      <Text size="sm" className="berth-quiet">
        {text.lead}
      </Text>
      <DataTable
        label={repositoryText.tabs.manifests}
        columns={columns}
        rows={list.items}
        rowKey={({ digest }) => digest}
        isLoading={list.isLoading}
        error={list.error}
        onRetry={() => void list.refetch()}
        empty={<Empty title={text.emptyTitle}>{text.emptyLead}</Empty>}
        more={list.more}
        hasMore={list.hasNextPage}
      />
      <DeleteManifest manifest={doomed} onClose={() => setDoomed(undefined)} />
    </Stack>
  )
}

function columnsOf(
  repository: string,
  onDelete: ((manifest: ManifestRow) => void) | undefined,
): Column<ManifestRow>[] {
  const columns: Column<ManifestRow>[] = [
    {
      id: 'digest',
      title: text.digest,
      cell: ({ digest }) => <ImageByDigest repository={repository} digest={digest} />,
    },
    {
      id: 'kind',
      title: text.kind,
      width: '26%',
      cell: (manifest) => <Kind manifest={manifest} />,
    },
    {
      id: 'tags',
      title: text.tags,
      cell: ({ tags }) =>
        tags.length === 0 ? (
          <span className="berth-quiet">{text.untagged}</span>
        ) : (
          <Group gap={8} display="inline-flex">
            {tags.map((tag) => (
              <PageLink
                key={tag}
                to="/repositories/$repository/images/$reference"
                params={{ repository, reference: tag }}
                style={{ overflowWrap: 'anywhere' }}
              >
                {tag}
              </PageLink>
            ))}
          </Group>
        ),
    },
    { id: 'size', title: text.size, align: 'end', cell: ({ size }) => formatBytes(size) },
    {
      id: 'subject',
      title: text.subject,
      cell: ({ subject }) =>
        subject !== null && <ImageByDigest repository={repository} digest={subject} />,
    },
    { id: 'created', title: text.created, cell: ({ createdAt }) => <Ago at={createdAt} /> },
  ]
  if (!onDelete) return columns
  const remove: Column<ManifestRow> = {
    id: 'actions',
    title: text.actions,
    cell: (manifest) => (
      <IconButton
        label={text.removeOne(shortOf(manifest.digest))}
        hint={text.remove}
        color="red"
        onClick={() => onDelete(manifest)}
      >
        <IconTrash size={16} />
      </IconButton>
    ),
  }
  return [...columns, remove]
}

function ImageByDigest({ repository, digest }: { repository: string; digest: string }) {
  return (
    <PageLink
      to="/repositories/$repository/images/$reference"
      params={{ repository, reference: digest }}
      className="berth-mono"
      title={digest}
    >
      {shortOf(digest)}
    </PageLink>
  )
}

/** In a word; under it the type, where the word does not say it all. */
function Kind({ manifest: { mediaType, artifactType } }: { manifest: ManifestRow }) {
  const ofManifest = artifactKind(mediaType)
  const kind =
    ofManifest === 'index' || artifactType === null ? ofManifest : artifactKind(artifactType)
  // A manifest without a type of its own is one of an image.
  const shown = artifactType === null && kind === 'artifact' ? 'image' : kind
  const isPlain = shown === 'image' || shown === 'index' || artifactType === null
  return (
    <>
      {artifactKindText[shown]}
      {!isPlain && (
        <Text size="xs" className="berth-quiet">
          <ForeignText text={artifactType} max={80} />
        </Text>
      )}
    </>
  )
}
