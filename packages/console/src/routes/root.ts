import { createRootRoute, createRoute, Outlet } from '@tanstack/react-router'
import { loadSession } from '../api/session.ts'
import { Shell } from '../shell/shell.tsx'

let first: Promise<unknown> | undefined

/** Once: from then on the requests themselves find out when the session is over. */
function firstSession(): Promise<unknown> {
  // The server away is no reason to show nothing: the page says so, and tries again.
  first ??= loadSession().catch(() => undefined)
  return first
}

export const root = createRootRoute({
  validateSearch: (search: Record<string, unknown>) => search as Record<string, string | undefined>,
  beforeLoad: async () => {
    await firstSession()
  },
  component: Outlet,
})

/** Every page but signing in stands in it. */
export const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell })
