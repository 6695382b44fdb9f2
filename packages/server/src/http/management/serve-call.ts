import { takesIfMatch } from '@berth/api/openapi.ts'
import type { Fault } from '@berth/api/problem.ts'
import type { Caller } from '../../access/caller.ts'
import { readSessionCookie } from '../../access/session-cookie.ts'
import { BerthError } from '../../errors.ts'
import type { IdempotencyKeys } from '../../access/idempotency-keys.ts'
import type { Exchange } from '../exchange.ts'
import type { RequestAudit } from '../request-audit.ts'
import { type JsonBody, checkMediaType, readJsonBody, refuseBody } from './body.ts'
import type { Binding, ManagementAnswer, ManagementCall } from './call.ts'
import { type CrossSiteParts, refuseCrossSite } from '../cross-site.ts'
import type { ManagementDoor } from './door.ts'
import { readIfMatch } from './etag.ts'
import { faultsOf, invalidRequest } from './faults.ts'
import { onceForKey, readIdempotencyKey } from './idempotency-keys.ts'
import { type PathTemplate, readPathParameters, readQuery, splitTarget } from './parameters.ts'
import { checkOf, dependsOnPath, permit, requireCredentials } from './permit.ts'
import { replyOf, sendReply } from './reply.ts'
import type { Route } from '@berth/api/route.ts'

export type CallParts = CrossSiteParts & {
  readonly door: ManagementDoor
  /** Finds out who is calling. Throws `unauthenticated`, `rateLimited` or `unavailable`. */
  authenticate(exchange: Exchange): Promise<Caller>
  readonly idempotencyKeys: IdempotencyKeys
  readonly audit: RequestAudit
}

/** A binding together with its path, cut up. */
export type BoundPath = { readonly binding: Binding; readonly template: PathTemplate }

/**
 * Takes one request through its route: who is calling, may they, is what they sent valid, and then the handler. In this
 * order, so that a stranger learns nothing from the checks, and sends no body before it is known who they are.
 */
export async function serveCall(
  parts: CallParts,
  exchange: Exchange,
  bound: BoundPath,
  target: string,
): Promise<void> {
  exchange.endpoint = bound.binding.route.id
  const caller = await parts.authenticate(exchange)
  exchange.actor = caller.actor
  try {
    await serveCaller(parts, exchange, caller, bound, target)
  } catch (error) {
    parts.audit.failed(exchange, caller, subjectOf(bound, target), error)
    throw endedSession(exchange, caller, error)
  }
}

/** Who comes with a cookie and is nobody was signed in: a page can ask for a new sign-in and keep what was typed. */
function endedSession({ request }: Exchange, caller: Caller, error: unknown): unknown {
  const isNobody = error instanceof BerthError && error.kind === 'unauthenticated'
  if (!isNobody || caller.credentials !== 'none' || error.details.length > 0) return error
  if (readSessionCookie(request.headers.cookie ?? '') === undefined) return error
  return new BerthError('unauthenticated', 'The session has ended. Sign in again.', {
    details: [{ reason: 'sessionEnded' }],
  })
}

/** The project or repository that the path names; `''` when it names none. */
function subjectOf({ template }: BoundPath, target: string): string {
  const values = readPathParameters(template, splitTarget(target).path)
  return values['project'] ?? values['repository'] ?? ''
}

async function serveCaller(
  parts: CallParts,
  exchange: Exchange,
  caller: Caller,
  { binding, template }: BoundPath,
  target: string,
): Promise<void> {
  const { route, permission } = binding
  await refuseCrossSite(parts, exchange, caller)
  if (route.open !== true) requireCredentials(caller)
  const { path, query } = splitTarget(target)
  if (!dependsOnPath(permission)) await permit(permission, caller, {})
  const checked = checkAddress(route, readPathParameters(template, path), query)
  if (dependsOnPath(permission)) {
    if (checked.pathFaults.length > 0) throw invalidRequest(checked.pathFaults)
    await permit(permission, caller, checked.params)
  }
  const { headers } = exchange.request
  const ifMatch = route.method === 'GET' ? undefined : readIfMatch(headers, takesIfMatch(route))
  const body = await checkBody(route, exchange, checked.faults)
  const keyed = readIdempotencyKey(exchange, caller, target, body.bytes)

  const call: ManagementCall<Route> = {
    params: checked.params,
    query: checked.query,
    body: body.value as ManagementCall<Route>['body'],
    caller,
    context: contextOf(binding, exchange, caller, checked.params),
    ifMatch,
    exchange,
  }
  let version: number | undefined
  const reply = await onceForKey(parts.idempotencyKeys, keyed, route, async () => {
    const answer: ManagementAnswer<Route> = await binding.handler(parts.door, call)
    version = answer.version
    const { prefix } = parts.forwarding.externalOrigin(headers, exchange.request.socket)
    return replyOf(route, answer, prefix)
  })
  await sendReply(exchange, reply, version)
}

type CheckedAddress = {
  readonly params: Readonly<Record<string, unknown>>
  readonly query: Readonly<Record<string, unknown>>
  readonly pathFaults: readonly Fault[]
  /** Those of the path and of the query. */
  readonly faults: readonly Fault[]
}

function checkAddress(
  route: Route,
  rawParams: Readonly<Record<string, string>>,
  rawQuery: string,
): CheckedAddress {
  const params = route.params.safeParse(rawParams, { reportInput: true })
  const pathFaults = params.success ? [] : faultsOf('path', route.params, params.error.issues)
  const { values, faults } = readQuery(rawQuery, route.query)
  const query = route.query.safeParse({ ...values }, { reportInput: true })
  if (!query.success) faults.push(...faultsOf('query', route.query, query.error.issues))
  return {
    params: params.data ?? {},
    query: query.data ?? {},
    pathFaults,
    faults: [...pathFaults, ...faults],
  }
}

/** Reads and checks the body; throws all faults of the request at once. */
async function checkBody(
  route: Route,
  exchange: Exchange,
  addressFaults: readonly Fault[],
): Promise<{ value: unknown; bytes: JsonBody['bytes'] | undefined }> {
  if (route.body === undefined) {
    if (route.receives === undefined) refuseBody(exchange)
    else checkMediaType(exchange, route.receives)
    if (addressFaults.length > 0) throw invalidRequest(addressFaults)
    return { value: undefined, bytes: undefined }
  }
  const body = await readJsonBody(exchange)
  const checked = route.body.safeParse(body?.value, { reportInput: true })
  const bodyFaults = checked.success ? [] : faultsOf('body', route.body, checked.error.issues)
  const faults = [...addressFaults, ...bodyFaults]
  if (faults.length > 0) throw invalidRequest(faults)
  return { value: checked.data, bytes: body?.bytes }
}

function contextOf(
  { permission }: Binding,
  exchange: Exchange,
  caller: Caller,
  params: Readonly<Record<string, unknown>>,
): ManagementCall<Route>['context'] {
  const check = checkOf(permission, caller, params)
  return {
    actor: caller.actor,
    address: caller.address,
    requestId: exchange.id,
    ...(check !== undefined && { check }),
  }
}
