import type { InstanceRole, ProjectRole, RepositoryAction } from '../actor.ts'
import type { Executor } from '../metadata/database.ts'
import {
  findKeyRights,
  findRobotRights,
  findRuleRights,
  findUserRights,
  groupRolesOf,
  membershipsOf,
  type UserRights,
} from '../metadata/principals.ts'
import { AddressList } from './address-list.ts'
import { greaterInstanceRole, greaterRole } from './authorize.ts'
import { parseGlob } from './glob.ts'
import { lapseOf } from './external-recheck.ts'
import { type Limits, unlimited } from './limits.ts'
import type { Principal, Subject } from './principal.ts'

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
    case 'workload': {
      const versions = new Map(subject.rules.map(({ id, version }) => [id, version]))
      const stored = await findRuleRights(db, [...versions.keys()])
      const rules = stored.filter(({ id, version }) => versions.get(id) === version)
      if (rules.length === 0) return undefined
      return {
        ...base(epoch),
        actor: { kind: 'workload', id: `workload:${subject.name}`, name: subject.name },
        isMachine: true,
        limits: rules.map((rule) => ({
          actions: new Set(JSON.parse(rule.actions) as RepositoryAction[]),
          repositories: (JSON.parse(rule.repositories) as string[]).map((text) => parseGlob(text)),
          project: rule.project,
          expiresAt: undefined,
          addresses: addressList(rule.allowedAddresses),
        })),
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
  const key = await findKeyRights(db, id)
  if (key === undefined) return undefined
  const user = await findUserRights(db, key.userId)
  const owner = user === undefined ? undefined : await ofUser(db, user, settings, moment)
  if (owner === undefined) return undefined
  return {
    ...owner,
    secretHashes: [key.secretHash],
    limits: [
      {
        ...unlimited,
        actions:
          key.actions === null ? undefined : new Set(JSON.parse(key.actions) as RepositoryAction[]),
        repositories:
          key.repositories === null
            ? undefined
            : (JSON.parse(key.repositories) as string[]).map((text) => parseGlob(text)),
        expiresAt: milliseconds(key.expiresAt),
      },
    ],
  }
}

async function ofRobot(
  db: Executor,
  id: string,
  { epoch, now }: Moment,
): Promise<Principal | undefined> {
  const robot = await findRobotRights(db, id)
  if (robot === undefined || robot.disabledAt !== null) return undefined
  const overlapsUntil = milliseconds(robot.previousExpiresAt)
  const overlaps = overlapsUntil !== undefined && overlapsUntil > now
  return {
    ...base(epoch),
    actor: { kind: 'robot', id: robot.id, name: robot.login },
    isMachine: true,
    secretHashes: overlaps
      ? [robot.secretHash, robot.previousSecretHash ?? '']
      : [robot.secretHash],
    goodUntil: overlaps ? overlapsUntil : undefined,
    limits: [
      {
        actions: new Set(JSON.parse(robot.actions) as RepositoryAction[]),
        repositories: (JSON.parse(robot.repositories) as string[]).map((text) => parseGlob(text)),
        project: robot.project,
        expiresAt: milliseconds(robot.expiresAt),
        addresses: addressList(robot.allowedAddresses),
      },
    ],
  }
}

function milliseconds(time: string | null): number | undefined {
  return time === null ? undefined : Date.parse(time)
}

function addressList(json: string | null): AddressList | undefined {
  return json === null ? undefined : AddressList.parse(JSON.parse(json) as string[])
}
