import type { OpenApiDocument } from '@berth/api/openapi-document.ts'
import { Random } from '../faults/random.ts'
import { checkAnswer } from './check-answer.ts'
import { Known } from './known.ts'
import { choosePrincipal, makePrincipals, password, type Principal } from './principals.ts'
import { pushImages } from './images.ts'
import type { FuzzRequest, Operation } from './operation.ts'
import { makeRequest } from './requests.ts'
import { send } from './send.ts'
import { Values } from './values.ts'

export type FuzzOutcome = {
  /** One report for each kind of failure: the first of its operation and fault. */
  readonly failures: readonly string[]
  readonly failed: number
  /** How often each status came. */
  readonly statuses: ReadonlyMap<number, number>
  readonly operations: number
  /** The operations that were always refused: what they do was not seen. */
  readonly neverSucceeded: readonly string[]
}

/** In the first rounds each operation is called as the administrator, so that there is something to work with. */
const firstRounds = 2
/** Repositories are deleted as the run goes on. */
const requestsPerPush = 500

/** Sends `count` requests, each made from the description and from what earlier answers told of. */
export async function fuzz(run: {
  readonly origin: string
  readonly admin: { readonly name: string; readonly password: string }
  readonly seed: string
  readonly count: number
}): Promise<FuzzOutcome> {
  const description = await fetch(`${run.origin}/api/v1/openapi.json`)
  const document = (await description.json()) as OpenApiDocument
  const operations = operationsOf(document)
  const { schemas } = document.components
  const random = new Random(run.seed)
  const known = new Known()
  const values = new Values(random, schemas, known.values)
  const principals = await makePrincipals(run.origin, run.admin)
  // Whoever sets a list of addresses must not lock this program out.
  known.add('allowedAddresses', '127.0.0.0/8')
  known.add('email', 'ada@example.com')
  for (const name of ['password', 'newPassword', 'currentPassword']) known.add(name, password)

  const failures = new Map<string, string>()
  const statuses = new Map<number, number>()
  const succeeded = new Set<string>()
  const planned = operations.length * firstRounds
  let failed = 0
  for (let sent = 0; sent < run.count; sent += 1) {
    if (sent % requestsPerPush === 0) await pushImages(run.origin, run.admin, sent === 0)
    const isPlanned = sent < planned
    const next = isPlanned ? operations[sent % operations.length] : undefined
    const operation = next ?? random.pick(operations)
    const request = makeRequest(operation, values, known, random)
    const principal = choosePrincipal(principals, operation, request, random, isPlanned)
    const answer = await send(run.origin, request, principal.authorization)
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    const isAnonymous = principal.authorization === undefined
    const faults = checkAnswer(operation, request, answer, schemas, isAnonymous)
    if (answer.status < 400) succeeded.add(operation.operationId)
    known.learn(operation, request.parameters, answer)
    const [first] = faults
    if (first === undefined) continue
    failed += 1
    const kind = `${operation.operationId}: ${first}`
    if (!failures.has(kind)) failures.set(kind, reportOf(principal, request, answer.body, faults))
  }
  return {
    failures: [...failures.values()],
    failed,
    statuses,
    operations: operations.length,
    neverSucceeded: operations
      .map(({ operationId }) => operationId)
      .filter((operationId) => !succeeded.has(operationId)),
  }
}

function operationsOf(document: OpenApiDocument): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      path,
      method: method.toUpperCase(),
    })),
  )
}

function reportOf(
  principal: Principal,
  { method, target, headers, body }: FuzzRequest,
  answer: string,
  faults: readonly string[],
): string {
  const lines = [
    `${method} /api/v1${target} as ${principal.name}`,
    `  headers: ${JSON.stringify(headers)}`,
    `  body:    ${(body ?? 'none').slice(0, 500)}`,
    ...faults.slice(0, 5).map((fault) => `  fault:   ${fault.slice(0, 500)}`),
    `  answer:  ${answer.slice(0, 500)}`,
  ]
  return `${lines.join('\n')}\n`
}
