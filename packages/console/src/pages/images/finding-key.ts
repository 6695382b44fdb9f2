import type { listFindings } from '@berth/api/findings.ts'
import type * as z from 'zod'

export type Finding = z.output<typeof listFindings.answer>['items'][number]

/** For the address: which vulnerability, in which package. */
export function findingKey({ vulnerability, package: { kind, name, version } }: Finding): string {
  return `${vulnerability}~${kind}:${name}@${version}`
}

/** The vulnerability of a key. */
export function vulnerabilityOf(key: string): string {
  return key.split('~', 1)[0] ?? key
}
