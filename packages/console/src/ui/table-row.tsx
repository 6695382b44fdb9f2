import { type Cell, columnVisibilityFeature, type Row, tableFeatures } from '@tanstack/react-table'
import { memo, type ReactNode } from 'react'

export const features = tableFeatures({ columnVisibilityFeature })

/** What a row has to know of its columns; the list itself tells whether they are others. */
type Columns = readonly { readonly title: string; readonly align?: 'end' }[]

type RowProps<Value extends object> = {
  /** Made anew whenever rows are added, while what it stands for, `value`, stays the same. */
  readonly row: Row<typeof features, Value>
  readonly value: Value
  readonly index: number
  readonly columns: Columns
  /** Tells the height, where only the rows in sight are in the page. */
  readonly measure: ((element: HTMLElement | null) => void) | undefined
}

/** Rows are most of a page: one is rendered again only when it shows something else. */
export const TableRow = memo(PlainRow, (before, after) =>
  (['value', 'index', 'columns', 'measure'] as const).every((name) => before[name] === after[name]),
) as typeof PlainRow

function PlainRow<Value extends object>({ row, index, columns, measure }: RowProps<Value>) {
  return (
    <tr ref={measure} aria-rowindex={index + 2} data-index={index}>
      {row.getVisibleCells().map((cell, position) => (
        <td
          key={cell.id}
          data-label={columns[position]?.title}
          data-align={columns[position]?.align}
          {...(position === 0 && { 'data-main': true })}
        >
          <div>{contentOf(cell)}</div>
        </td>
      ))}
    </tr>
  )
}

/** As `FlexRender` does, without two components more for each cell: what makes a cell has no state of its own. */
function contentOf<Value extends object>(cell: Cell<typeof features, Value>): ReactNode {
  const { cell: content } = cell.column.columnDef
  return typeof content === 'function' ? content(cell.getContext()) : content
}
