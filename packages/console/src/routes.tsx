import { type AnyRoute, createRouter, type ErrorRouteComponent } from '@tanstack/react-router'
import { pathPrefix } from './api/address.ts'
import { administrationRoutes } from './routes/administration.ts'
import { firstSession } from './routes/first-session.ts'
import { openRoutes, registryRoutes } from './routes/registry.ts'
import { root, shell } from './routes/root.ts'
import { securityRoutes } from './routes/security.ts'
import { Defect } from './shell/defect.tsx'
import { NoSuchPage } from './shell/no-such-page.tsx'
import { parseFilters, writeFilters } from './ui/filters.ts'
import { Lines } from './ui/states.tsx'

export const router = createRouter({
  routeTree: root.addChildren([
    ...openRoutes,
    shell.addChildren([...registryRoutes, ...securityRoutes, ...administrationRoutes]),
  ]),
  basepath: pathPrefix === '' ? '/' : pathPrefix,
  parseSearch: parseFilters,
  stringifySearch: writeFilters,
  defaultPreload: 'intent',
  defaultPendingComponent: Lines,
  defaultPendingMs: 150,
  defaultErrorComponent: Defect as ErrorRouteComponent,
  defaultNotFoundComponent: NoSuchPage,
  scrollRestoration: true,
})

/** The page of the address comes while the server says who sits there, and not after it. */
export function loadFirstPage(): void {
  void firstSession()
  const routes: Readonly<Record<string, AnyRoute>> = router.routesById
  for (const { routeId } of router.matchRoutes(router.latestLocation)) {
    const route = routes[String(routeId)]
    // What goes wrong here goes wrong again when the router wants the page, and is shown then.
    if (route) router.loadRouteChunk(route)?.catch(() => undefined)
  }
}

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
