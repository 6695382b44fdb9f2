import { ClientError } from '@berth/client/client-error.ts'
import type { BuildReport } from './build-services.ts'

/** One error for all that failed: the only one as it is, else each with its service. */
export function joinFaults(faults: ReadonlyMap<string, unknown>, count: number): ClientError {
  const [first] = faults.values()
  const kind = first instanceof ClientError ? first.kind : 'toolFailed'
  const lines = [...faults].map(([name, error]) => {
    const next = error instanceof ClientError && error.next !== undefined ? `\n  ${error.next}` : ''
    return `${name}: ${error instanceof Error ? error.message : String(error)}${next}`
  })
  const head = count === 1 ? '' : `${faults.size} of ${count} services failed.\n`
  return new ClientError(kind, `${head}${lines.join('\n')}`, { cause: first })
}

/** What went wrong with which service, at building, pushing, scanning or signing. */
export function faultsOf({
  outcomes,
  pushFaults,
  chain,
}: BuildReport): ReadonlyMap<string, unknown> {
  const faults = new Map<string, unknown>()
  for (const [name, outcome] of outcomes) {
    const isStopped =
      outcome.kind === 'failed' &&
      outcome.error instanceof ClientError &&
      outcome.error.kind === 'cancelled'
    // What --fail-fast stopped has no fault of its own.
    if (outcome.kind === 'failed' && !isStopped) faults.set(name, outcome.error)
  }
  for (const [name, { fault }] of chain) if (fault !== undefined) faults.set(name, fault)
  for (const [name, fault] of pushFaults) faults.set(name, fault)
  return faults
}
