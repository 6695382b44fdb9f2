import { createRootRoute, createRoute, Outlet } from '@tanstack/react-router'
import { Shell } from '../shell/shell.tsx'
import { firstSession } from './first-session.ts'

export const root = createRootRoute({
  validateSearch: (search: Record<string, unknown>) => search as Record<string, string | undefined>,
  beforeLoad: async ({ location: { pathname }, preload }) => {
    await firstSession()
    if (preload) return
    // That a link was followed is seen at once; to make the page takes longer.
    if (shownPath !== undefined && pathname !== shownPath) await untilPainted()
    shownPath = pathname
  },
  component: Outlet,
})

/** Every page but signing in stands in it. */
export const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell })

let shownPath: string | undefined

/** A page out of sight is not painted, and does not wait for it. */
const paintMaxMs = 100

function untilPainted(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve))
    setTimeout(resolve, document.visibilityState === 'hidden' ? 0 : paintMaxMs)
  })
}
