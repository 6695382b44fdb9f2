import type { InstanceRole, ProjectRole } from '../actor.ts'
import { scannerPrograms } from '../config/scanner-schema.ts'
import { findApiKeyById } from '../metadata/api-keys.ts'
import type { Executor } from '../metadata/database.ts'
import {
  findUserRights,
  groupRolesOf,
  membershipsOf,
  type UserRights,
} from '../metadata/principals.ts'
import { findRobotById } from '../metadata/robots.ts'
import { findScannerRow } from '../metadata/scanner-registrations.ts'
import { findWorkloadRules } from '../metadata/workload-rules.ts'
import { limitsOfKey } from './api-keys.ts'
import { greaterInstanceRole, greaterRole } from './authorize.ts'
import { lapseOf } from './external-recheck.ts'
import { type Limits, unlimited } from './limits.ts'
import type { Principal, Subject } from './principal.ts'
import { limitsOfRobot } from './robots.ts'
import { limitsOfRule } from './workloads.ts'

/** `now` in milliseconds since 1970. */
type Moment = { readonly epoch: number; readonly now: number }

export type PrincipalSettings = {
  /** What a caller without credentials may do. */
  readonly anonymousRole: InstanceRole
  readonly oidc: readonly { readonly id: string; readonly recheckHours: number }[]
}

/**
 * Reads who a subject is and what decides what they may do; `undefined` when there is no such subject any more, or it
 * is disabled. A handful of indexed reads.
 */
export async function loadPrincipal(
  db: Executor,
  subject: Subject,
  settings: PrincipalSettings,
  { epoch, now }: Moment,
): Promise<Principal | undefined> {
  switch (subject.kind) {
    case 'anonymous':
      return {
        ...base(epoch),
        actor: { kind: 'anonymous', id: 'anonymous', name: 'anonymous' },
        isSignedIn: false,
        instanceRole: settings.anonymousRole,
      }
    case 'user': {
      const user = await findUserRights(db, subject.id)
      return user === undefined ? undefined : ofUser(db, user, settings, { epoch, now })
    }
    case 'key':
      return ofKey(db, subject.id, settings, { epoch, now })
    case 'robot':
      return ofRobot(db, subject.id, { epoch, now })
    case 'scanner':
      return ofScanner(db, subject.id, epoch)
    case 'workload': {
      const versions = new Map(subject.rules.map(({ id, version }) => [id, version]))
      const stored = await findWorkloadRules(db, [...versions.keys()])
      const rules = stored.filter(({ id, version }) => versions.get(id) === version)
      if (rules.length === 0) return undefined
      return {
        ...base(epoch),
        actor: { kind: 'workload', id: `workload:${subject.name}`, name: subject.name },
        isMachine: true,
        limits: rules.map(limitsOfRule),
      }
    }
  }
}

function base(epoch: number) {
  return {
    epoch,
    isSignedIn: true,
    instanceRole: 'none' as InstanceRole,
    memberships: new Map<number, ProjectRole>(),
    limits: [] as readonly Limits[],
    isMachine: false,
    secretHashes: [] as readonly string[],
    goodUntil: undefined,
    decisions: new Map(),
  }
}

async function ofUser(
  db: Executor,
  user: UserRights,
  settings: PrincipalSettings,
  { epoch, now }: Moment,
): Promise<Principal | undefined> {
  if (user.disabledAt !== null) return undefined
  const lapsesAt = lapseOf(settings.oidc, user)
  if (lapsesAt !== undefined && lapsesAt <= now) return undefined
  let instanceRole = user.role
  for (const role of await groupRolesOf(db, user.id)) {
    instanceRole = greaterInstanceRole(instanceRole, role)
  }
  const memberships = new Map<number, ProjectRole>()
  const own = new Set<number>()
  // The user's own come first: on the same level they stand before what groups give.
  for (const { projectId, role, isOwn } of await membershipsOf(db, user.id)) {
    if (isOwn) own.add(projectId)
    else if (own.has(projectId)) continue
    memberships.set(projectId, greaterRole(memberships.get(projectId) ?? 'none', role))
  }
  return {
    ...base(epoch),
    actor: { kind: 'user', id: user.id, name: user.name },
    instanceRole,
    memberships,
    secretHashes: [user.passwordHash],
    goodUntil: lapsesAt,
  }
}

async function ofKey(
  db: Executor,
  id: string,
  settings: PrincipalSettings,
  moment: Moment,
): Promise<Principal | undefined> {
  const key = await findApiKeyById(db, id)
  const user = key && (await findUserRights(db, key.userId))
  const owner = user && (await ofUser(db, user, settings, moment))
  return owner && { ...owner, secretHashes: [key.secretHash], limits: [limitsOfKey(key)] }
}

/** What exactly it may pull stands in its token. */
async function ofScanner(
  db: Executor,
  name: string,
  epoch: number,
): Promise<Principal | undefined> {
  const isProgram = scannerPrograms.some((program) => program === name)
  if (!isProgram && (await findScannerRow(db, name)) === undefined) return undefined
  return {
    ...base(epoch),
    actor: { kind: 'system', id: `scanner:${name}`, name: `scanner ${name}` },
    isMachine: true,
    limits: [{ ...unlimited, actions: new Set(['pull'] as const) }],
  }
}

async function ofRobot(
  db: Executor,
  id: string,
  { epoch, now }: Moment,
): Promise<Principal | undefined> {
  const robot = await findRobotById(db, id)
  if (robot === undefined || robot.disabledAt !== null) return undefined
  const { secretHash, previousSecretHash, previousExpiresAt } = robot
  const overlapsUntil = previousExpiresAt === null ? 0 : Date.parse(previousExpiresAt)
  const overlaps = previousSecretHash !== null && overlapsUntil > now
  return {
    ...base(epoch),
    actor: { kind: 'robot', id: robot.id, name: robot.login },
    isMachine: true,
    secretHashes: overlaps ? [secretHash, previousSecretHash] : [secretHash],
    goodUntil: overlaps ? overlapsUntil : undefined,
    limits: [limitsOfRobot(robot)],
  }
}
