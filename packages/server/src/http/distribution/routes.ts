import { parseRepositoryName, type RepositoryName } from '@berth/oci/reference.ts'
import { BerthError } from '../../errors.ts'
import type { Caller } from '../../access/caller.ts'
import { admit, type Permission } from '../authenticate.ts'
import type { Permit } from '../../registry/admission.ts'
import type { Exchange } from '../exchange.ts'
import { writePermit } from '../write-permit.ts'
import { deleteBlob, getBlob } from './blobs.ts'
import { listRepositories } from './catalog.ts'
import type { Call, Door, RepositoryCall } from './door.ts'
import { sendError, sendNoSuchEndpoint } from './errors.ts'
import { jsonHeaders } from './headers.ts'
import { deleteManifest, getManifest, putManifest } from './manifests.ts'
import { matchPath, type PathShape } from './path.ts'
import { listReferrers } from './referrers.ts'
import { listTags } from './tags.ts'
import { deleteUpload, getUpload, patchUpload, postUpload, putUpload } from './uploads.ts'

/** One endpoint: its id in distribution-spec, how it is asked for, what the caller must be allowed to do. */
type Route = {
  readonly endpoint: string
  /** A GET also answers HEAD. */
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  readonly shape: PathShape
  readonly permission: Permission
  readonly handler: (door: Door, call: RepositoryCall) => Promise<void> | void
}

/** A route that concerns no repository. */
type InstanceRoute = Omit<Route, 'handler'> & {
  readonly handler: (door: Door, call: Call) => Promise<void> | void
}

export const instanceRoutes: readonly InstanceRoute[] = [
  // /v2/
  { endpoint: 'end-1', method: 'GET', shape: 'base', permission: 'ping', handler: ping },
  // /v2/_catalog
  {
    endpoint: 'catalog',
    method: 'GET',
    shape: 'catalog',
    permission: 'catalog',
    handler: listRepositories,
  },
]

// biome-ignore format: a table reads as one
export const repositoryRoutes: readonly Route[] = [
  // /v2/<name>/blobs/<digest>
  { endpoint: 'end-2', method: 'GET', shape: 'blob', permission: 'pull', handler: getBlob },
  { endpoint: 'end-10', method: 'DELETE', shape: 'blob', permission: 'delete', handler: deleteBlob },
  // /v2/<name>/blobs/uploads/, also end-4b (?digest=), end-4c (?digest-algorithm=) and end-11 (?mount=)
  { endpoint: 'end-4', method: 'POST', shape: 'uploads', permission: 'push', handler: postUpload },
  // /v2/<name>/blobs/uploads/<id>: whoever may push may also cancel (spec end-14)
  { endpoint: 'end-5', method: 'PATCH', shape: 'upload', permission: 'push', handler: patchUpload },
  { endpoint: 'end-6', method: 'PUT', shape: 'upload', permission: 'push', handler: putUpload },
  { endpoint: 'end-13', method: 'GET', shape: 'upload', permission: 'push', handler: getUpload },
  { endpoint: 'end-14', method: 'DELETE', shape: 'upload', permission: 'push', handler: deleteUpload },
  // /v2/<name>/manifests/<tag or digest>
  { endpoint: 'end-3', method: 'GET', shape: 'manifest', permission: 'pull', handler: getManifest },
  { endpoint: 'end-7', method: 'PUT', shape: 'manifest', permission: 'push', handler: putManifest },
  { endpoint: 'end-9', method: 'DELETE', shape: 'manifest', permission: 'delete', handler: deleteManifest },
  // /v2/<name>/tags/list
  { endpoint: 'end-8', method: 'GET', shape: 'tags', permission: 'pull', handler: listTags },
  // /v2/<name>/referrers/<digest>
  { endpoint: 'end-12', method: 'GET', shape: 'referrers', permission: 'pull', handler: listReferrers },
]

/** Serves everything under `/v2`. `target` begins with `/`. Answers every failure itself; rejects never. */
export async function serveDistribution(
  door: Door,
  exchange: Exchange,
  target: string,
): Promise<void> {
  try {
    await serve(door, exchange, target)
  } catch (error) {
    if (exchange.response.headersSent) {
      // Too late to say so: an answer that cannot be finished must not look finished.
      exchange.failure = error
      exchange.response.destroy()
    } else {
      sendError(exchange, error)
    }
  }
}

async function serve(door: Door, exchange: Exchange, target: string): Promise<void> {
  const match = matchPath(target)
  if (match === undefined) {
    sendNoSuchEndpoint(exchange)
    return
  }
  const { method = '' } = exchange.request
  const { instance, repository: onRepository, allow } = endpoints[match.shape]
  const wanted = method === 'HEAD' ? 'GET' : method
  const { query, last } = match

  const route = onRepository.get(wanted)
  if (route !== undefined) {
    exchange.endpoint = route.endpoint
    const repository = parseRepositoryName(match.name)
    const caller = await admit(door, exchange, permissionFor(route, last), repository)
    if (caller === undefined) return
    try {
      await route.handler(door, new RequestCall(exchange, caller, query, repository, last))
    } catch (error) {
      door.audit.failed(exchange, caller, repository, error)
      throw error
    }
    return
  }
  const instanceRoute = instance.get(wanted)
  if (instanceRoute !== undefined) {
    exchange.endpoint = instanceRoute.endpoint
    const caller = await admit(door, exchange, instanceRoute.permission, undefined)
    if (caller === undefined) return
    await instanceRoute.handler(door, {
      exchange,
      caller,
      query,
    })
    return
  }
  sendError(
    exchange,
    new BerthError(
      'unsupported',
      `This endpoint does not support the method; it supports ${allow}.`,
    ),
    ['Allow', allow],
  )
}

/** A tag that goes is less than a manifest that goes: who may do the first need not be allowed the second. */
function permissionFor(route: Route, last: string): Permission {
  const isTag = route.shape === 'manifest' && !last.includes(':')
  return route.permission === 'delete' && isTag ? 'deleteTag' : route.permission
}

/** One object for each request, and nothing in it that a pull does not need. */
class RequestCall implements RepositoryCall {
  readonly exchange: Exchange
  readonly caller: Caller
  readonly query: string
  readonly repository: RepositoryName
  readonly last: string

  constructor(
    exchange: Exchange,
    caller: Caller,
    query: string,
    repository: RepositoryName,
    last: string,
  ) {
    this.exchange = exchange
    this.caller = caller
    this.query = query
    this.repository = repository
    this.last = last
  }

  get permit(): Permit {
    return writePermit(this.caller, this.exchange.id)
  }
}

/** spec end-1: GET /v2/ tells that the protocol is spoken here. */
function ping(_door: Door, call: Call): void {
  call.exchange.send(200, jsonHeaders(2), '{}')
}

type Endpoints = {
  readonly instance: ReadonlyMap<string, InstanceRoute>
  readonly repository: ReadonlyMap<string, Route>
  /** The methods, as an `Allow` header lists them. */
  readonly allow: string
}

/** The table by shape and method. */
const endpoints: Readonly<Record<PathShape, Endpoints>> = {
  base: endpointsOf('base'),
  catalog: endpointsOf('catalog'),
  uploads: endpointsOf('uploads'),
  upload: endpointsOf('upload'),
  blob: endpointsOf('blob'),
  manifest: endpointsOf('manifest'),
  tags: endpointsOf('tags'),
  referrers: endpointsOf('referrers'),
}

function endpointsOf(shape: PathShape): Endpoints {
  const own = <R extends { shape: PathShape; method: string }>(routes: readonly R[]) =>
    new Map(routes.filter((route) => route.shape === shape).map((route) => [route.method, route]))
  const instance = own(instanceRoutes)
  const repository = own(repositoryRoutes)
  const methods = [...instance.keys(), ...repository.keys()]
  if (methods.includes('GET')) methods.push('HEAD')
  return { instance, repository, allow: methods.toSorted().join(', ') }
}
