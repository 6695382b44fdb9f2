import { Stack, Text } from '@mantine/core'
import { repositoryText } from '../../text/repositories.ts'
import { Digest } from '../../ui/copy.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatBytes } from '../../ui/units.ts'
import type { ComparedImage, Pair } from './compared.ts'
import { useRepository } from './repository-context.ts'

const text = repositoryText.compare

/** The two images in a row each, with how much one is larger. */
export function CompareOverview({ before, after }: Pair) {
  const difference = after.manifest.totalSize - before.manifest.totalSize
  return (
    <Stack gap="xs">
      <DataTable
        label={text.sides}
        columns={columns}
        rows={[before, after]}
        rowKey={({ reference }) => reference}
        empty={null}
      />
      <Text size="sm">
        {text.sizes(nameOf(after), formatBytes(Math.abs(difference)), Math.sign(difference))}
      </Text>
    </Stack>
  )
}

function nameOf({ reference }: ComparedImage): string {
  return reference.includes(':') ? reference.slice(0, 19) : reference
}

function ImageLink({ image }: { image: ComparedImage }) {
  const { repository } = useRepository()
  return (
    <PageLink
      to="/repositories/$repository/images/$reference"
      params={{ repository: repository.name, reference: image.reference }}
      style={{ overflowWrap: 'anywhere' }}
    >
      {nameOf(image)}
    </PageLink>
  )
}

const columns: readonly Column<ComparedImage>[] = [
  { id: 'image', title: text.image, cell: (image) => <ImageLink image={image} /> },
  {
    id: 'digest',
    title: text.digest,
    cell: ({ manifest }) => <Digest digest={manifest.digest} />,
  },
  { id: 'pushed', title: text.pushed, cell: ({ manifest }) => <Ago at={manifest.createdAt} /> },
  {
    id: 'layers',
    title: text.layerCount,
    align: 'end',
    cell: ({ layers }) => layers.items.length,
  },
  {
    id: 'size',
    title: text.total,
    align: 'end',
    cell: ({ manifest }) => formatBytes(manifest.totalSize),
  },
]
