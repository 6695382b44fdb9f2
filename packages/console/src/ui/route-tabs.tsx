import { Box } from '@mantine/core'
import { Link, type LinkProps } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import classes from './route-tabs.module.css'

export type RouteTab = {
  readonly label: string
  readonly link: LinkProps
  readonly isExact?: boolean
}

/** The parts of a thing, each with an address of its own. */
export function RouteTabs({ label, tabs }: { label: string; tabs: readonly RouteTab[] }) {
  const row = useRef<HTMLElement>(null)
  useEffect(() => {
    const tab = row.current?.querySelector<HTMLElement>('[data-active]')
    // On a phone the one that is open may stand beyond the edge.
    if (row.current && tab) row.current.scrollLeft = tab.offsetLeft - row.current.offsetLeft - 40
  }, [])
  return (
    <Box component="nav" aria-label={label} className={classes.tabs} ref={row}>
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
