import { Table } from '@mantine/core'
import { repositoryText } from '../../text/repositories.ts'
import { Digest } from '../../ui/copy.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatBytes } from '../../ui/units.ts'
import type { ComparedImage, Pair } from './compared.ts'
import { useRepository } from './repository-context.ts'

const text = repositoryText.compare

/** The two images in a row each, with how much one is larger. */
export function CompareOverview({ before, after }: Pair) {
  const difference = after.manifest.totalSize - before.manifest.totalSize
  const size = formatBytes(Math.abs(difference))
  return (
    <Table.ScrollContainer minWidth={560} className="berth-panel">
      <Table aria-label={text.sides} verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{text.image}</Table.Th>
            <Table.Th>{text.digest}</Table.Th>
            <Table.Th>{text.pushed}</Table.Th>
            <Table.Th ta="end">{text.layerCount}</Table.Th>
            <Table.Th ta="end">{text.total}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <Side image={before} />
          <Side image={after} />
          <Table.Tr>
            <Table.Th scope="row" colSpan={4}>
              {text.difference}
            </Table.Th>
            <Table.Td ta="end">
              {difference === 0 ? text.equal : difference > 0 ? text.more(size) : text.less(size)}
            </Table.Td>
          </Table.Tr>
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function Side({ image: { reference, manifest, layers } }: { image: ComparedImage }) {
  const { repository } = useRepository()
  return (
    <Table.Tr>
      <Table.Th scope="row">
        <PageLink
          to="/repositories/$repository/images/$reference"
          params={{ repository: repository.name, reference }}
          style={{ overflowWrap: 'anywhere' }}
        >
          {reference.includes(':') ? reference.slice(0, 19) : reference}
        </PageLink>
      </Table.Th>
      <Table.Td>
        <Digest digest={manifest.digest} />
      </Table.Td>
      <Table.Td>
        <Ago at={manifest.createdAt} />
      </Table.Td>
      <Table.Td ta="end">{layers.items.length}</Table.Td>
      <Table.Td ta="end">{formatBytes(manifest.totalSize)}</Table.Td>
    </Table.Tr>
  )
}
