import { ApiProblem, type ClientAnswer, type ClientRequest } from '@berth/api/client.ts'
import type { Route } from '@berth/api/route.ts'
import {
  keepPreviousData,
  QueryClient,
  queryOptions,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { useCallback, useEffect, useMemo } from 'react'
import type * as z from 'zod'
import { callApi, readApiText } from './client.ts'

type Body<R extends Route> = ClientAnswer<R>['body']

/** A list whose answer is a page with `items` and `next`. */
export type ListRoute = Route<
  z.ZodObject,
  z.ZodObject,
  undefined,
  z.ZodObject<{ items: z.ZodArray; next: z.ZodNullable<z.ZodString> }>
>
export type ItemOf<R extends Route> =
  Body<R> extends { items: readonly (infer Item)[] } ? Item : never

const retriesMax = 3
/** A longer pause is not sat out: whoever waits is told. */
const pauseMaxSeconds = 30

/** A request that the server refused for good is not sent again; one that found no server is. */
function isWorthAgain(failures: number, error: Error): boolean {
  if (failures >= retriesMax) return false
  if (!(error instanceof ApiProblem)) return true
  const isPause = error.status === 429 && (error.retryAfterSeconds ?? 0) <= pauseMaxSeconds
  return isPause || error.status === 502 || error.status >= 503
}

function delayMs(failures: number, error: Error): number {
  const asked = error instanceof ApiProblem ? error.retryAfterSeconds : undefined
  return asked === undefined ? Math.min(500 * 2 ** failures, 8000) : Math.min(asked, 60) * 1000
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: isWorthAgain,
      retryDelay: delayMs,
      staleTime: 5000,
      // The server away is found by asking it; what the browser thinks of the network says nothing on a loopback.
      networkMode: 'always',
    },
    mutations: { retry: false, networkMode: 'always' },
  },
})

/** A random key. `crypto.randomUUID` is missing where Berth is reached over plain HTTP. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}

/** What the caches of a route begin with. */
export function keyOf(route: Route, request: object = {}): readonly unknown[] {
  const { params = {}, query = {} } = request as { params?: unknown; query?: unknown }
  return [route.topic, route.id, params, query]
}

type ReadOptions = {
  /** Asks again after so many milliseconds, while the page is looked at. */
  readonly refreshMs?: number | false
  readonly isEnabled?: boolean
  /** What was there stays on the screen while another request is under way (filters). */
  readonly keepsPrevious?: boolean
}

type PagesOptions<Item> = Omit<ReadOptions, 'refreshMs'> & {
  /** What was read can decide. */
  readonly refreshMs?: ReadOptions['refreshMs'] | ((items: readonly Item[]) => number | false)
}

function queryOf<R extends Route>(route: R, request: ClientRequest<R>) {
  return queryOptions({
    queryKey: keyOf(route, request),
    queryFn: ({ signal }) => callApi(route, { ...request, signal }),
  })
}

/** Asks for what `useApi` will read in a moment. What goes wrong here is asked for again there. */
export function askAhead<R extends Route>(route: R, request: ClientRequest<R>): void {
  void queryClient.prefetchQuery({ ...queryOf(route, request), retry: false })
}

/** Reads a route; `data` is `{ body, version }`. What was read can decide when to ask again, by `refreshMsOf`. */
export function useApi<R extends Route>(
  route: R,
  request: ClientRequest<R>,
  options: ReadOptions = {},
  refreshMsOf: (read: Body<R>) => number | false = () => options.refreshMs ?? false,
) {
  return useQuery({
    ...queryOf(route, request),
    refetchInterval: ({ state }) =>
      state.data ? refreshMsOf(state.data.body) : (options.refreshMs ?? false),
    enabled: options.isEnabled ?? true,
    ...(options.keepsPrevious === true && { placeholderData: keepPreviousData }),
  })
}

/** Reads a route that streams a text; `data` is the text. */
export function useApiText<R extends Route>(route: R, request: ClientRequest<R>) {
  return useQuery({
    queryKey: keyOf(route, request),
    queryFn: ({ signal }) => readApiText(route, { ...request, signal }),
  })
}

/** A list that was read this far is not read again from its beginning whenever its page comes into sight. */
const pagesReadAgain = 5

/**
 * Reads a list page by page: `items` are those that were read, `more()` reads on. An empty page that is not the last, as
 * filters make them, is not shown: the list is loading until something was found.
 */
export function useApiPages<R extends ListRoute>(
  route: R,
  request: ClientRequest<R>,
  options: PagesOptions<ItemOf<R>> = {},
) {
  const { refreshMs = false } = options
  const query = useInfiniteQuery({
    queryKey: [...keyOf(route, request), 'pages'],
    queryFn: async ({ pageParam, signal }) => {
      const asked = (request as { query?: object }).query
      const page = pageParam === '' ? asked : { ...asked, after: pageParam }
      const { body } = await callApi(route, { ...request, query: page, signal } as ClientRequest<R>)
      return body as unknown as { items: ItemOf<R>[]; next: string | null }
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? undefined,
    refetchInterval:
      typeof refreshMs === 'function'
        ? ({ state }) => refreshMs(state.data?.pages.flatMap((page) => page.items) ?? [])
        : refreshMs,
    enabled: options.isEnabled ?? true,
    refetchOnWindowFocus: ({ state }) => (state.data?.pages.length ?? 0) <= pagesReadAgain,
    refetchOnMount: ({ state }) => (state.data?.pages.length ?? 0) <= pagesReadAgain,
    ...(options.keepsPrevious === true && { placeholderData: keepPreviousData }),
  })
  const { data, hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = query
  const items = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data])
  const more = useCallback(() => {
    if (hasNextPage && !isFetching && !isFetchNextPageError) {
      // Rows and the wheel may ask for the same page before this is known to be under way.
      void fetchNextPage({ cancelRefetch: false })
    }
  }, [hasNextPage, isFetching, isFetchNextPageError, fetchNextPage])
  const isSearching = items.length === 0 && hasNextPage && !isFetchNextPageError
  useEffect(() => {
    if (isSearching) more()
  }, [isSearching, more])
  return { ...query, isLoading: query.isLoading || isSearching, items, more }
}

/**
 * Changes something. Afterwards what was read of the routes in `changes` (default: all of the same topic) is read anew. A
 * POST gets a key, so that sending it again does nothing twice.
 */
export function useApiAction<R extends Route>(
  route: R,
  options: { readonly changes?: readonly Route[]; readonly onDone?: (body: Body<R>) => void } = {},
) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (request: ClientRequest<R>) =>
      callApi(
        route,
        route.method === 'POST' && route.secret !== true
          ? { idempotencyKey: newKey(), ...request }
          : request,
      ),
    onSuccess: async ({ body }) => {
      options.onDone?.(body)
      const keys = options.changes?.map((each) => [each.topic, each.id]) ?? [[route.topic]]
      await Promise.all(keys.map((queryKey) => client.invalidateQueries({ queryKey })))
    },
  })
}
