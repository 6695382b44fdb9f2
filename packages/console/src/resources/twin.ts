import type { ClientRequest } from '@berth/api/client.ts'
import type { Route } from '@berth/api/route.ts'
import type * as z from 'zod'
import { type ListRoute, useApi, useApiAction, useApiPages } from '../api/queries.ts'

/** Two routes that differ in their place alone: in a project, and on the whole instance. */
export type Twin<R extends Route> = { readonly ofProject: R; readonly ofInstance: Route }
/** `undefined`: the whole instance. */
export type Place = string | undefined

type Given<R extends Route> = {
  readonly params?: Readonly<Record<string, string>>
} & (R['body'] extends z.ZodType
  ? { readonly body: z.input<R['body']> }
  : { readonly body?: never })

function routeOf<R extends Route>({ ofProject, ofInstance }: Twin<R>, project: Place): R {
  return project === undefined ? (ofInstance as R) : ofProject
}

function requestOf<R extends Route>(
  project: Place,
  given: { readonly params?: object; readonly body?: unknown } = {},
): ClientRequest<R> {
  const place = project === undefined ? {} : { project }
  return { ...given, params: { ...place, ...given.params } } as unknown as ClientRequest<R>
}

/** Reads the one of the two that the place asks for. */
export function useTwin<R extends Route>(twin: Twin<R>, project: Place) {
  return useApi(routeOf(twin, project), requestOf<R>(project))
}

/** Reads it page by page. */
export function useTwinPages<R extends ListRoute>(twin: Twin<R>, project: Place) {
  return useApiPages(routeOf(twin, project), requestOf<R>(project))
}

/** Changes something there; throws what `callApi` throws. */
export function useTwinAction<R extends Route>(twin: Twin<R>, project: Place) {
  const { mutateAsync, isPending } = useApiAction(routeOf(twin, project))
  return {
    isPending,
    run: (given: Given<R>) => mutateAsync(requestOf<R>(project, given)),
  }
}
