import { Alert, Box, Button, Text } from '@mantine/core'
import { createColumnHelper, useTable } from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useCallback, useDeferredValue, useEffect, useMemo, useRef } from 'react'
import { uiText } from '../text/ui.ts'
import { Fault } from './states.tsx'
import { features, TableRow } from './table-row.tsx'
import { formatCount } from './units.ts'
import { Bone } from './skeleton.tsx'

/** A column: `cell` makes what stands in it. */
export type Column<Row> = {
  readonly id: string
  readonly title: string
  readonly cell: (row: Row) => ReactNode
  /** Numbers stand at the end. */
  readonly align?: 'end'
  /** The name of this column in `sort`, when it can be sorted by. */
  readonly sort?: string
  /** Where it begins when it is chosen. Default: ascending. */
  readonly first?: 'ascending' | 'descending'
  /** Pixels, or a share such as `30%`. */
  readonly width?: number | string
}

export type Sort = { readonly by: string; readonly order: 'ascending' | 'descending' }

type TableProps<Row> = {
  /** What the rows are, for screen readers: `Repositories`. */
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row) => string
  readonly isLoading?: boolean
  readonly error?: Error | null
  readonly onRetry?: () => void
  /** Shown in the place of no rows. */
  readonly empty: ReactNode
  readonly sort?: Sort
  readonly onSort?: (sort: Sort) => void
  /** Reads on, when there may be more. */
  readonly more?: (() => void) | undefined
  readonly hasMore?: boolean
  /** The height of the scrolled part. Default: most of the window. */
  readonly height?: string
}

const rowHeight = 41
/** A whole list of up to so many rows is in the page: it prints, and the browser finds in it. */
const plainMax = 200

/**
 * A table of any length: of a long list only the rows in sight are in the page, and more are read as one scrolls. On a phone
 * each row is a card.
 */
export function DataTable<Row>(props: TableProps<Row>) {
  const { columns, rowKey, empty, more } = props
  // What was typed or clicked is shown before the many rows that it leads to.
  const content = useContent(props)
  const shownContent = useDeferredValue(content)
  const { rows, hasMore, isLoading, error } = shownContent
  const scroller = useRef<HTMLDivElement>(null)
  const helper = useMemo(() => createColumnHelper<typeof features, Row & object>(), [])
  const definitions = useMemo(
    () =>
      columns.map((column) =>
        helper.display({
          id: column.id,
          header: column.title,
          cell: (context) => column.cell(context.row.original),
        }),
      ),
    [columns, helper],
  )
  const data = rows as readonly (Row & object)[]
  const table = useTable({ features, columns: definitions, data })
  const all = table.getRowModel().rows
  const isVirtual = hasMore || all.length > plainMax
  // The same one as long as the rows are: with another the virtualizer measures all of them anew.
  const getItemKey = useCallback((index: number) => rowKey(rows[index] as Row), [rows, rowKey])
  const virtualizer = useVirtualizer({
    count: all.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    enabled: isVirtual,
    getItemKey,
  })
  const virtual = isVirtual ? virtualizer.getVirtualItems() : undefined
  const lastShown = virtual ? (virtual.at(-1)?.index ?? 0) : all.length - 1
  useEffect(() => {
    if (hasMore && isVirtual && lastShown >= all.length - 40) more?.()
  }, [hasMore, isVirtual, lastShown, all.length, more])
  useEffect(() => {
    // What does not fill its box cannot be scrolled, so nothing else would read on.
    const box = scroller.current
    if (hasMore && box && box.scrollHeight < box.clientHeight + 400) more?.()
  }, [hasMore, all.length, more])

  if (rows.length === 0) {
    if (error) return <Fault error={error} {...(props.onRetry && { onRetry: props.onRetry })} />
    if (!isLoading) return <>{empty}</>
  }
  const shown = virtual
    ? virtual.flatMap((item) => {
        const row = all[item.index]
        return row ? [{ row, index: item.index }] : []
      })
    : all.map((row, index) => ({ row, index }))
  const before = virtual?.[0]?.start ?? 0
  const after = virtual ? virtualizer.getTotalSize() - (virtual.at(-1)?.end ?? 0) : 0
  return (
    <Box>
      <div
        ref={scroller}
        className="berth-table"
        data-cards
        {...(!isVirtual && !hasMore && { 'data-whole': true })}
        style={{ maxHeight: props.height ?? 'max(20rem, calc(100dvh - 17rem))' }}
        // A part that scrolls has to be reached by the keyboard.
        tabIndex={0}
        role="group"
        aria-label={props.label}
        aria-busy={content !== shownContent}
        onScroll={({ currentTarget: box }) => {
          if (hasMore && box.scrollTop + box.clientHeight > box.scrollHeight - 800) more?.()
        }}
      >
        <table aria-rowcount={hasMore ? -1 : rows.length + 1} aria-label={props.label}>
          <thead>
            <tr>
              {columns.map((column) => (
                <HeaderCell key={column.id} column={column} {...sortProps(props)} />
              ))}
            </tr>
          </thead>
          <tbody className={rows.length === 0 ? 'berth-skeleton' : undefined}>
            {before > 0 && <Filler columns={columns.length} height={before} />}
            {shown.map(({ row, index }) => (
              <TableRow
                key={rowKey(row.original as Row)}
                row={row}
                value={row.original}
                index={index}
                columns={columns}
                measure={isVirtual ? virtualizer.measureElement : undefined}
              />
            ))}
            {after > 0 && <Filler columns={columns.length} height={after} />}
            {isLoading && rows.length === 0 && <SkeletonRows columns={columns.length} />}
          </tbody>
        </table>
      </div>
      <Text size="xs" className="berth-quiet" mt={4} role="status">
        {hasMore
          ? `${uiText.rows(formatCount(rows.length))}+`
          : rows.length > 0 && uiText.rows(formatCount(rows.length))}
      </Text>
      {error && hasMore && (
        <Alert color="red" role="alert" mt="xs">
          {uiText.restFailed}{' '}
          {props.onRetry && (
            <Button size="compact-sm" variant="default" onClick={props.onRetry}>
              {uiText.tryAgain}
            </Button>
          )}
        </Alert>
      )}
    </Box>
  )
}

/** The same object as long as none of it changes. */
function useContent<Row>({
  rows,
  hasMore = false,
  isLoading = false,
  error = null,
}: TableProps<Row>) {
  return useMemo(() => ({ rows, hasMore, isLoading, error }), [rows, hasMore, isLoading, error])
}

function sortProps<Row>({ sort, onSort }: TableProps<Row>) {
  return { ...(sort && { sort }), ...(onSort && { onSort }) }
}

function HeaderCell<Row>({
  column,
  sort,
  onSort,
}: {
  column: Column<Row>
  sort?: Sort
  onSort?: (sort: Sort) => void
}) {
  const isSorted = sort !== undefined && column.sort !== undefined && sort.by === column.sort
  const order = isSorted ? sort.order : undefined
  const by = column.sort
  return (
    <th
      scope="col"
      data-align={column.align}
      style={{ width: column.width }}
      {...(by !== undefined && { 'aria-sort': order ?? 'none' })}
    >
      {by === undefined || !onSort ? (
        column.title
      ) : (
        <button
          type="button"
          onClick={() => {
            const first = column.first ?? 'ascending'
            const other = order === 'ascending' ? 'descending' : 'ascending'
            onSort({ by, order: isSorted ? other : first })
          }}
        >
          {column.title}
          <span aria-hidden>
            {order === 'ascending' ? ' ↑' : order === 'descending' ? ' ↓' : ''}
          </span>
        </button>
      )}
    </th>
  )
}

/** Holds the place of rows that are not in the page. */
function Filler({ columns, height }: { columns: number; height: number }) {
  return (
    <tr aria-hidden>
      <td colSpan={columns} style={{ height, padding: 0, border: 0 }} />
    </tr>
  )
}

function SkeletonRows({ columns }: { columns: number }) {
  return Array.from({ length: 8 }, (_, row) => (
    <tr key={row}>
      {Array.from({ length: columns }, (_, column) => (
        <td key={column}>
          <Bone height={14} width={`${80 - ((row * 13 + column * 29) % 45)}%`} />
        </td>
      ))}
    </tr>
  ))
}
