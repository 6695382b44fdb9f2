import { imageText } from '../../text/images.ts'
import { Digest } from '../../ui/copy.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { layerName } from '../../ui/layer-name.ts'
import { Empty } from '../../ui/states.tsx'
import { formatBytes } from '../../ui/units.ts'
import type { Manifest } from './image-context.ts'

const text = imageText.layers

/** What an artifact carries, with the names that its maker gave. */
export function ContentTable({ layers }: { layers: Manifest['layers'] }) {
  return (
    <DataTable
      label={text.contents}
      rows={layers.map((layer, position) => ({ ...layer, position }))}
      rowKey={({ position }) => String(position)}
      empty={<Empty title={text.noneTitle}>{text.none}</Empty>}
      columns={[
        {
          id: 'name',
          title: text.name,
          cell: ({ annotations, position }) => (
            <ForeignText
              text={layerName(annotations) ?? `${text.layer} ${position + 1}`}
              max={200}
            />
          ),
        },
        {
          id: 'type',
          title: text.type,
          cell: ({ mediaType }) => <ForeignText text={mediaType} max={200} />,
        },
        { id: 'size', title: text.size, align: 'end', cell: ({ size }) => formatBytes(size) },
        { id: 'digest', title: text.digest, cell: ({ digest }) => <Digest digest={digest} /> },
      ]}
    />
  )
}
