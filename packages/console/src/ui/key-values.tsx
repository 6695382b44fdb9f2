import { Box } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './key-values.module.css'

/** What a condition that does not hold leaves. */
const nothing = new Set<ReactNode>([undefined, null, '', false])

/** Names and values, one under the other; those without a value are left out. */
export function KeyValues({
  items,
}: {
  items: readonly (readonly [name: string, value: ReactNode])[]
}) {
  return (
    <Box component="dl" className={classes.list}>
      {items
        .filter(([, value]) => !nothing.has(value))
        .map(([name, value]) => (
          <Box key={name} className={classes.row}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Box>
        ))}
    </Box>
  )
}
