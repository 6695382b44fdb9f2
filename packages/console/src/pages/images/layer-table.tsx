import { Text } from '@mantine/core'
import { imageText } from '../../text/images.ts'
import { Digest } from '../../ui/copy.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Empty } from '../../ui/states.tsx'
import { formatBytes, formatCapped, formatShare } from '../../ui/units.ts'
import { useImage } from './image-context.ts'
import classes from './images.module.css'
import { Instruction } from './instruction.tsx'
import { ShareBar } from './share-bar.tsx'
import type { Layer, Step } from './steps.ts'

const text = imageText.layers

/** The steps of the build with the layers they made. `largest`: bytes of the largest layer. */
export function LayerTable({ steps, largest }: { steps: readonly Step[]; largest: number }) {
  const numbered = steps.map((step, index) => ({ ...step, number: index + 1 }))
  const columns: Column<(typeof numbered)[number]>[] = [
    {
      id: 'instruction',
      title: text.instruction,
      cell: ({ number, createdBy }) => (
        <div className={classes.numbered}>
          <span className="berth-quiet">{number}</span>
          <Instruction createdBy={createdBy} />
        </div>
      ),
    },
    {
      id: 'size',
      title: text.size,
      width: 150,
      align: 'end',
      cell: ({ layer }) =>
        layer ? (
          <Size layer={layer} largest={largest} />
        ) : (
          <span className="berth-quiet">{text.empty}</span>
        ),
    },
    {
      id: 'shared',
      title: text.shared,
      width: 160,
      cell: ({ layer }) => layer && <Shared layer={layer} />,
    },
    {
      id: 'digest',
      title: text.digest,
      width: 200,
      cell: ({ layer }) => layer && <Digest digest={layer.digest} />,
    },
    {
      id: 'files',
      title: text.files,
      width: 80,
      cell: ({ layer }) => layer?.isStored === true && <FilesLink layer={layer} />,
    },
  ]
  return (
    <div className={`${classes.fixed} ${classes.wide}`}>
      <DataTable
        label={text.title}
        columns={columns}
        rows={numbered}
        rowKey={({ key }) => key}
        empty={<Empty title={text.noneTitle}>{text.none}</Empty>}
        height="none"
      />
    </div>
  )
}

function Size({ layer: { size, isStored }, largest }: { layer: Layer; largest: number }) {
  const share = largest === 0 ? 0 : size / largest
  return (
    <div>
      {formatBytes(size)}
      {!isStored && (
        <Text size="xs" className="berth-quiet">
          {text.notStored}
        </Text>
      )}
      <ShareBar share={share} label={text.share(formatShare(share))} />
    </div>
  )
}

function Shared({ layer: { repositories, manifests } }: { layer: Layer }) {
  const isShared = repositories.count > 1
  if (!isShared) {
    return manifests.count > 1 ? (
      text.manifests(formatCapped(manifests))
    ) : (
      <span className="berth-quiet">{text.only}</span>
    )
  }
  return (
    <div>
      <div>{text.repositories(formatCapped(repositories))}</div>
      {manifests.count > 1 && (
        <Text size="xs" className="berth-quiet">
          {text.manifests(formatCapped(manifests))}
        </Text>
      )}
    </div>
  )
}

function FilesLink({ layer }: { layer: Layer }) {
  const { repository, reference, platform } = useImage()
  return (
    <PageLink
      to="/repositories/$repository/images/$reference/files"
      params={{ repository: repository.name, reference }}
      search={{ platform, layer: layer.digest }}
      aria-label={text.filesOf(layer.position)}
    >
      {text.files}
    </PageLink>
  )
}
