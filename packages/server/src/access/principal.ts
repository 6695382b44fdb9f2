import type { Actor, InstanceRole, ProjectRole, RepositoryAction } from '../actor.ts'
import type { AddressList } from './address-list.ts'
import type { Limits } from './limits.ts'

/** A rule as it was when it let somebody in: once it is changed it may ask for other claims. */
type RuleVersion = { readonly id: string; readonly version: number }

/** Whose credentials were presented: what a token's `sub` claim names. */
export type Subject =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'user'; readonly id: string }
  | { readonly kind: 'key'; readonly id: string }
  | { readonly kind: 'robot'; readonly id: string }
  /** Another scanner, by name: it has only the tokens of `ScannerTokens`. */
  | { readonly kind: 'scanner'; readonly id: string }
  /** `name` is what the issuer calls the workload; the rules say what it may. */
  | { readonly kind: 'workload'; readonly rules: readonly RuleVersion[]; readonly name: string }

/** What a principal may do with one repository. */
export type Decision = {
  readonly actions: ReadonlySet<RepositoryAction>
  /** Everyone of the principal's kind may pull, member or not. */
  readonly isOpen: boolean
  /** Some of it only because a first push would create a project here. */
  readonly founds: boolean
  /** From where only, when a project says so. */
  readonly addresses: AddressList | undefined
}

/** Everything that decides what a subject may do, as of one epoch. */
export type Principal = {
  readonly epoch: number
  readonly actor: Actor
  readonly isSignedIn: boolean
  readonly instanceRole: InstanceRole
  /** By project id: what counts on that level, before inheritance. */
  readonly memberships: ReadonlyMap<number, ProjectRole>
  /** A machine has no role: each of these limits is what it is given. A key has one, which narrows its owner. */
  readonly limits: readonly Limits[]
  readonly isMachine: boolean
  /** The hashes of the secrets that are good for it; a token issued for any other is not. */
  readonly secretHashes: readonly string[]
  /** When it has to be looked at again although nobody changed anything: time decides too. Milliseconds since 1970. */
  readonly goodUntil: number | undefined
  /** By repository. */
  readonly decisions: Map<string, Decision>
}

/** One line that stands for the subject, in tokens and as a key of caches. */
export function formatSubject(subject: Subject): string {
  switch (subject.kind) {
    case 'anonymous':
      return ''
    case 'workload':
      return `workload:${subject.rules.map(({ id, version }) => `${id}@${version}`).join(',')}:${subject.name}`
    case 'user':
    case 'key':
    case 'robot':
    case 'scanner':
      return `${subject.kind}:${subject.id}`
  }
}

/** Reads what `formatSubject` wrote; `undefined` for anything else. */
export function parseSubject(text: string): Subject | undefined {
  if (text === '') return { kind: 'anonymous' }
  const colon = text.indexOf(':')
  const kind = text.slice(0, colon)
  const rest = text.slice(colon + 1)
  switch (kind) {
    case 'user':
    case 'key':
    case 'robot':
    case 'scanner':
      return { kind, id: rest }
    case 'workload': {
      const mark = rest.indexOf(':')
      if (mark === -1) return undefined
      const rules = rest
        .slice(0, mark)
        .split(',')
        .map((text) => text.split('@'))
        .map(([id = '', version]) => ({ id, version: Number(version) }))
      return { kind, rules, name: rest.slice(mark + 1) }
    }
    default:
      return undefined
  }
}

/** A workload and a caller without credentials have no secret here that could change. */
export function secretsOf(principal: Principal): readonly string[] {
  return principal.secretHashes.length === 0 ? [''] : principal.secretHashes
}
