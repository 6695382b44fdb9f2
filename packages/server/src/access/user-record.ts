import { randomUUID } from 'node:crypto'
import type { InstanceRole } from '../actor.ts'
import type { StoredUser } from '../metadata/users.ts'
import type { Change } from './changes.ts'
import type { Profile } from './user-profile.ts'

export type User = {
  readonly id: string
  readonly name: string
  /** On the whole instance; a project may say otherwise, and groups may give more. */
  readonly role: InstanceRole
  /** ISO 8601; `undefined` while the user may log in. */
  readonly disabledAt: string | undefined
  readonly createdAt: string
  readonly displayName: string | undefined
  readonly email: string | undefined
  /** `local`, or where name and password come from: `htpasswd`, `ldap`, `oidc:<provider>`. */
  readonly source: string
  readonly version: number
}

/** A user who is managed here, about to be stored. */
export function newUser(
  input: { name: string; role: InstanceRole } & Profile,
  passwordHash: string,
  createdAt: string,
): StoredUser {
  return {
    id: randomUUID(),
    name: input.name,
    passwordHash,
    role: input.role,
    disabledAt: null,
    createdAt,
    displayName: input.displayName ?? null,
    email: input.email ?? null,
    source: 'local',
    externalId: null,
    version: 1,
  }
}

export function toUser(user: StoredUser): User {
  const { id, name, role, disabledAt, createdAt, displayName, email, source, version } = user
  return {
    id,
    name,
    role,
    disabledAt: disabledAt ?? undefined,
    createdAt,
    displayName: displayName ?? undefined,
    email: email ?? undefined,
    source,
    version,
  }
}

export function recordUserCreation({ record }: Change, user: StoredUser): Promise<void> {
  return record({ ...userEvent('user.created', user.name), after: describeUser(user) })
}

/** What a change of a user is called in the audit log. */
export function userActionOf(before: StoredUser, after: StoredUser): string {
  if (before.disabledAt === null && after.disabledAt !== null) return 'user.disabled'
  if (before.disabledAt !== null && after.disabledAt === null) return 'user.enabled'
  return 'user.updated'
}

/** What the audit log keeps of a user. */
export function describeUser({ role, disabledAt, displayName, email, source }: StoredUser) {
  return { role, disabled: disabledAt !== null, displayName, email, source }
}

export function userEvent(action: string, user: string) {
  return { action, targetKind: 'user', target: user, project: '' }
}
