import type { Route } from '@berth/api/route.ts'
import type { Readable } from 'node:stream'
import type * as z from 'zod'
import type { RepositoryAction } from '../../actor.ts'
import type { InstanceAction, ProjectAction } from '../../access/authorize.ts'
import type { Caller } from '../../access/caller.ts'
import type { ChangeContext } from '../../access/changes.ts'
import type { Exchange } from '../exchange.ts'
import type { ManagementDoor } from './door.ts'

/** What a caller needs for a route. On a project or repository, one who may not even see it gets `notFound`. */
export type Permission =
  | { readonly on: 'anyone' }
  /** Signed in as whoever: routes on the caller's own things. */
  | { readonly on: 'caller' }
  /** A person, not a key or a token of theirs: routes on the caller's own credentials. */
  | { readonly on: 'person' }
  | { readonly on: 'instance'; readonly action: InstanceAction }
  /** The project is the route's parameter `project`. */
  | { readonly on: 'project'; readonly action: ProjectAction }
  /** The repository is the route's parameter `repository`. */
  | { readonly on: 'repository'; readonly action: RepositoryAction }

/** A request that was checked against its route and may go on. */
export type ManagementCall<R extends Route> = {
  readonly params: z.output<R['params']>
  readonly query: z.output<R['query']>
  readonly body: R['body'] extends z.ZodType ? z.output<R['body']> : undefined
  readonly caller: Caller
  /** For the core: who, from where, and how to ask again in the transaction of a change. */
  readonly context: ChangeContext
  /** The version in `If-Match`; `undefined` when the client does not care. */
  readonly ifMatch: number | undefined
  readonly exchange: Exchange
}

export type ManagementAnswer<R extends Route> = {
  readonly body: R['answer'] extends z.ZodType ? z.input<R['answer']> : undefined
  /** Becomes the `ETag`. */
  readonly version?: number
  /** Path of what was created, below `/api/v1`. */
  readonly location?: string
  /** Set-Cookie and the like: names and values in turn. */
  readonly headers?: readonly string[]
  /** For a route that streams: its media type and its content, instead of `body`. */
  readonly stream?: {
    readonly mediaType: string
    readonly content: Readable
    readonly fileName?: string
  }
}

/** A route with what it needs and who answers it. */
export type Binding = {
  readonly route: Route
  readonly permission: Permission
  readonly handler: (
    door: ManagementDoor,
    call: ManagementCall<Route>,
  ) => Promise<ManagementAnswer<Route>>
  /** Answers a refusal in a way of its own; `false`: it is answered with problem details as everywhere. */
  readonly refuse?: (door: ManagementDoor, exchange: Exchange, error: unknown) => boolean
}

/** Joins a route with its handler, whose types follow from the route. */
export function bind<R extends Route>(
  route: R,
  permission: Permission,
  handler: (door: ManagementDoor, call: ManagementCall<R>) => Promise<ManagementAnswer<R>>,
): Binding {
  return { route, permission, handler }
}
