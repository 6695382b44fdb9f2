import type { PolicyRule } from '@berth/api/policy-document.ts'

/** A rule with the project in whose policy it stands. */
export type PlacedRule = {
  /** `''` is the instance. */
  readonly project: string
  /** Of that policy. */
  readonly version: number
  readonly rule: PolicyRule
}

/** What may pass until a moment. */
export type Exception = {
  readonly id: string
  readonly project: string
  /** These three: empty means any. */
  readonly rule: string
  readonly vulnerability: string
  /** `kind:name` or the name alone. */
  readonly package: string
  readonly author: string
  readonly reason: string
  readonly endsAt: string
}

/** Whether the project is the other one, or one above it. */
export function isAtOrAbove(project: string, other: string): boolean {
  return project === '' || project === other || other.startsWith(`${project}/`)
}
