import { Text } from '@mantine/core'
import { imageText } from '../../text/images.ts'
import { DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Moment } from '../../ui/time.tsx'
import type { Manifest } from './image-context.ts'
import classes from './images.module.css'
import { Instruction } from './instruction.tsx'

const text = imageText.configuration

/** How the image was made, step by step. */
export function HistoryTable({ history }: { history: NonNullable<Manifest['image']>['history'] }) {
  return (
    <div className={`${classes.fixed} ${classes.wide}`}>
      <DataTable
        label={text.history}
        rows={history.map((step, index) => ({ ...step, number: index + 1 }))}
        rowKey={({ number }) => String(number)}
        empty={<Text size="sm">{text.noHistory}</Text>}
        columns={[
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
            id: 'when',
            title: text.when,
            width: 240,
            cell: ({ created }) => created !== null && <Moment at={created} />,
          },
          {
            id: 'layer',
            title: text.layer,
            width: 100,
            cell: ({ isEmptyLayer }) =>
              isEmptyLayer && <span className="berth-quiet">{text.emptyLayer}</span>,
          },
          {
            id: 'comment',
            title: text.comment,
            width: 200,
            cell: ({ comment }) => comment !== null && <ForeignText text={comment} max={200} />,
          },
        ]}
      />
    </div>
  )
}
