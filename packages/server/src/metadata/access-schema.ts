import type { Generated } from 'kysely'
import type { InstanceRole, ProjectRole, Visibility } from '../actor.ts'

/** The tables of people, machines and projects; `schema.ts` has the rest. */
export type UsersTable = {
  id: string
  name: string
  /** Empty for one who has no password here: then none ever matches. */
  password_hash: string
  role: InstanceRole
  disabled_at: string | null
  created_at: string
  display_name: string | null
  email: string | null
  /** `local`, `htpasswd`, `ldap` or `oidc:<provider>`: where the user comes from, and who may change the rest. */
  source: Generated<string>
  /** Who it is there: the `sub` claim or the distinguished name. */
  external_id: string | null
  /** When name and groups were last taken from there. */
  synced_at: string | null
  version: Generated<number>
}

/** One row, `id` 1. Every change of who may do what counts it up, in the same transaction. */
export type AccessEpochTable = {
  id: number
  value: number
}

/** A node of the tree of name prefixes. `null` means: as the parent has it. The root, id 1, is named ''. */
export type ProjectsTable = {
  id: Generated<number>
  name: string
  /** One line; empty when nobody said. */
  description: Generated<string>
  parent_id: number | null
  visibility: Visibility | null
  quota_bytes: number | null
  quota_repositories: number | null
  /** JSON: a list of CIDR ranges. */
  allowed_addresses: string | null
  created_at: string
  updated_at: string
  version: number
}

export type MembersTable = {
  project_id: number
  subject_kind: 'user' | 'group'
  subject_id: string
  role: ProjectRole
  created_at: string
}

export type ImmutabilityRulesTable = {
  id: string
  project_id: number
  /** The first rule that matches decides, within one project in this order. */
  position: number
  effect: 'immutable' | 'mutable'
  /** Globs, as `glob.ts` reads them. */
  repositories: string
  tags: string
  created_at: string
  version: number
}

export type GroupsTable = {
  id: string
  name: string
  /** `local`, `ldap` or `oidc:<provider>`; the members of any but `local` are set at sign-in. */
  source: string
  /** What the group is called there. */
  external_name: string | null
  role: InstanceRole
  created_at: string
  version: number
}

export type GroupMembersTable = {
  group_id: string
  user_id: string
  created_at: string
}

export type RobotsTable = {
  id: string
  /** 1 for a robot of the instance. */
  project_id: number
  login: string
  description: string
  /** SHA-256 in hex: the secret is random, so a slow hash would add nothing. */
  secret_hash: string
  previous_secret_hash: string | null
  previous_expires_at: string | null
  /** JSON: a list of actions. */
  actions: string
  /** JSON: a list of globs on whole repository names. */
  repositories: string
  allowed_addresses: string | null
  expires_at: string | null
  disabled_at: string | null
  last_used_at: string | null
  created_at: string
  created_by: string
  version: number
}

export type ApiKeysTable = {
  id: string
  user_id: string
  name: string
  secret_hash: string
  /** JSON lists that narrow what the user may; `null`: all that the user may. */
  actions: string | null
  repositories: string | null
  expires_at: string | null
  last_used_at: string | null
  created_at: string
}

export type WorkloadRulesTable = {
  id: string
  project_id: number
  name: string
  issuer: string
  /** JSON: claim name to glob. All must match. */
  conditions: string
  actions: string
  repositories: string
  allowed_addresses: string | null
  last_used_at: string | null
  created_at: string
  version: number
}

/** A browser that is signed in. The cookie holds a secret of which only the hash is here. */
export type SessionsTable = {
  id: string
  secret_hash: string
  user_id: string
  method: string
  address: string
  user_agent: string
  created_at: string
  last_used_at: string
  expires_at: string
}

export type SecondFactorsTable = {
  user_id: string
  secret: string
  confirmed_at: string | null
  /** The time step of the last code that was taken: no code works twice. */
  last_step: number
  created_at: string
}

export type RecoveryCodesTable = {
  user_id: string
  code_hash: string
}

export type LoginThrottlesTable = {
  subject: string
  failures: number
  blocked_until: string
  forgotten_at: string
}

export type KnownAddressesTable = {
  user_id: string
  address: string
  last_used_at: string
}

/** The device flow of a command line that cannot open a browser (RFC 8628). */
export type DeviceAuthorizationsTable = {
  /** SHA-256 in hex, of both codes. */
  device_code_hash: string
  user_code_hash: string
  client_name: string
  address: string
  /** What of the address counts as one client. */
  address_block: string
  user_id: string | null
  state: 'pending' | 'approved' | 'denied'
  polled_at: string | null
  /** How long the client has to wait between two questions; grows when it does not. */
  interval_seconds: number
  expires_at: string
}
