import { Box } from '@mantine/core'
import { Link, type LinkProps } from '@tanstack/react-router'
import classes from './route-tabs.module.css'

export type RouteTab = {
  readonly label: string
  readonly link: LinkProps
  readonly isExact?: boolean
}

/** The parts of a thing, each with an address of its own. */
export function RouteTabs({ label, tabs }: { label: string; tabs: readonly RouteTab[] }) {
  return (
    <Box component="nav" aria-label={label} className={classes.tabs}>
      {tabs.map(({ label: name, link, isExact = false }) => (
        <Link
          key={name}
          {...link}
          className={classes.tab}
          activeOptions={{ exact: isExact, includeSearch: false }}
          activeProps={{ 'data-active': true }}
        >
          {name}
        </Link>
      ))}
    </Box>
  )
}
