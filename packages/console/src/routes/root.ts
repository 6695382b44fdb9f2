import { createRootRoute, createRoute, Outlet } from '@tanstack/react-router'
import { Shell } from '../shell/shell.tsx'
import { firstSession } from './first-session.ts'

export const root = createRootRoute({
  validateSearch: (search: Record<string, unknown>) => search as Record<string, string | undefined>,
  beforeLoad: async () => {
    await firstSession()
  },
  component: Outlet,
})

/** Every page but signing in stands in it. */
export const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell })
