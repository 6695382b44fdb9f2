import { imageText } from '../../text/images.ts'
import { uiText } from '../../text/ui.ts'
import { Copy } from '../../ui/copy.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import classes from './images.module.css'

const text = imageText.configuration

/** Names and values that a stranger wrote, such as labels. */
export function NamedValues({
  label,
  values,
}: {
  label: string
  values: readonly (readonly [name: string, value: string])[]
}) {
  return (
    <div className={classes.fixed}>
      <DataTable
        label={label}
        rows={values.map(([name, value], position) => ({ name, value, position }))}
        rowKey={({ position }) => String(position)}
        empty={null}
        height="32rem"
        columns={[
          {
            id: 'name',
            title: text.name,
            width: '34%',
            cell: ({ name }) => (
              <span className="berth-mono">
                <ForeignText text={name} max={200} />
              </span>
            ),
          },
          {
            id: 'value',
            title: text.value,
            cell: ({ value }) => (
              <span className="berth-mono">
                <ForeignText text={value} />
              </span>
            ),
          },
          {
            id: 'copy',
            title: uiText.copy,
            width: 60,
            cell: ({ name, value }) => <Copy text={value} what={name} />,
          },
        ]}
      />
    </div>
  )
}
