import { Box } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './facts.module.css'

/** What one wants to know at first sight, side by side; those without a value are left out. */
export function Facts({
  items,
}: {
  items: readonly (readonly [name: string, value: ReactNode])[]
}) {
  return (
    <Box component="dl" className={classes.facts}>
      {items
        .filter(([, value]) => value !== undefined && value !== null && value !== false)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </Box>
  )
}
