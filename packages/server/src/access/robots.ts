import { randomUUID } from 'node:crypto'
import type { RepositoryAction } from '../actor.ts'
import { BerthError } from '../errors.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import { findProject } from '../metadata/projects.ts'
import {
  countRobots,
  findRobot,
  insertRobot,
  listRobots,
  lockRobot,
  prepareRobotByLogin,
  removeRobot,
  type RobotChange,
  type StoredRobot,
  updateRobot,
} from '../metadata/robots.ts'
import type { AccessChanges } from './changes.ts'
import { checkVersion } from './expected-version.ts'
import type { Limits } from './limits.ts'
import {
  type Change,
  checkActions,
  checkAddresses,
  checkExpiry,
  checkMachineName,
  checkRepositories,
  type GrantContext,
  invalidSetting,
  requireGrants,
  toLimits,
  withChange,
} from './machine-limits.ts'
import { type Page, readPage } from './page.ts'
import { hashSecret, makeSecret } from './machine-secret.ts'
import { RobotLogins } from './robot-logins.ts'

/** A robot as it is shown: never its secret, nor the hash of it. */
export type Robot = Omit<StoredRobot, 'projectId' | 'secretHash' | 'previousSecretHash'>

export type RobotSettings = {
  /** At most 255 characters. */
  readonly description: string
  readonly actions: readonly RepositoryAction[]
  /** Globs on whole repository names; outside the robot's project they reach nothing. */
  readonly repositories: readonly string[]
  readonly allowedAddresses: readonly string[] | null
  /** ISO 8601; `null`: no end. */
  readonly expiresAt: string | null
  readonly disabled: boolean
}

type ReachSettings = Omit<RobotSettings, 'disabled'>

/** A robot where it belongs: one of another project is not found. */
export type RobotKey = { readonly project: string; readonly id: string }

const loginMax = 255
const descriptionMax = 255
const perProjectMax = 1000
/** Thirty days: what has not changed over to the new secret by then never will. */
const overlapMaxSeconds = 30 * 86_400

/**
 * Accounts of machines, each in a project or, in the root, for the whole instance. The login is `<project>+<name>`, of
 * the instance `+<name>`. A robot does what its actions and globs say, within its project, and nothing else.
 */
export class Robots {
  readonly #database: Database
  readonly #changes: AccessChanges
  readonly #maxLifetimeDays: number | undefined
  readonly #now: () => number
  readonly #logins: RobotLogins

  constructor(parts: {
    database: Database
    changes: AccessChanges
    options: { readonly maxLifetimeDays?: number | undefined }
    now: () => number
  }) {
    this.#database = parts.database
    this.#changes = parts.changes
    this.#maxLifetimeDays = parts.options.maxLifetimeDays
    this.#now = parts.now
    this.#logins = new RobotLogins({
      database: parts.database,
      find: prepareRobotByLogin(parts.database),
      now: parts.now,
    })
  }

  /**
   * Makes a robot; its secret is in this answer and nowhere else. Throws `requestInvalid`, `notFound` without the
   * project, `alreadyExists`, `conflict` at 1,000 robots in the project, `denied` for an action that the caller lacks.
   */
  async createRobot(
    context: GrantContext,
    input: { project: string; name: string } & RobotSettings,
  ): Promise<{ robot: Robot; secret: string }> {
    const login = loginOf(input.project, input.name)
    const settings = this.#check(input)
    const secret = makeSecret('berth_robot_')
    const robot = await this.#changes.run(context, async ({ tx, now, record }) => {
      const project = await findProject(tx, input.project)
      if (!project) throw new BerthError('notFound', 'There is no such project.')
      await requireGrants(tx, context, settings.actions, project.name)
      if ((await countRobots(tx, project.id)) >= perProjectMax) throw tooMany()
      const created: StoredRobot = {
        id: randomUUID(),
        projectId: project.id,
        projectName: project.name,
        login,
        ...settings,
        disabledAt: input.disabled ? now : null,
        secretHash: hashSecret(secret),
        previousSecretHash: null,
        previousExpiresAt: null,
        lastUsedAt: null,
        createdAt: now,
        createdBy: context.actor.name,
        version: 1,
      }
      if (!(await insertRobot(tx, created))) {
        throw new BerthError('alreadyExists', `There is a robot ${login} already.`)
      }
      await record({ ...eventOf('robot.created', created), after: auditOf(created) })
      return created
    })
    return { robot: toRobot(robot), secret }
  }

  /** The robots of the project without those below it, by login. */
  listRobots(query: {
    readonly project: string
    readonly limit: number
    readonly after?: string | undefined
  }): Promise<Page<Robot>> {
    const { project, after = '' } = query
    return readPage(
      query.limit,
      (limit) => listRobots(this.#database.read, { project, after, limit }),
      ({ login }) => login,
      toRobot,
    )
  }

  /** Throws `notFound`. */
  async readRobot(key: RobotKey): Promise<Robot> {
    return toRobot(found(await findRobot(this.#database.read, key)))
  }

  /** Changes what is given. Throws `requestInvalid`, `notFound`, `versionMismatch`, `denied` as `createRobot`. */
  changeRobot(
    context: GrantContext,
    key: RobotKey,
    settings: Change<RobotSettings>,
    expectedVersion?: number,
  ): Promise<Robot> {
    return this.#change(context, key, expectedVersion, 'robot.updated', async (tx, robot, now) => {
      const { disabled, ...rest } = settings
      const merged = this.#check(withChange<ReachSettings>(robot, rest), settings)
      // All of them, as a change of the rest may widen what they reach.
      await requireGrants(tx, context, merged.actions, robot.projectName)
      if (disabled === undefined) return merged
      return { ...merged, disabledAt: disabled ? (robot.disabledAt ?? now) : null }
    })
  }

  /**
   * Gives the robot a new secret, shown only here. The one before stays good for `overlapSeconds` (0: ends at once, at most
   * 30 days), and one before that ends in any case. Throws `requestInvalid`, `notFound`, `versionMismatch`, `denied`.
   */
  async rotateRobot(
    context: GrantContext,
    key: RobotKey,
    overlapSeconds: number,
    expectedVersion?: number,
  ): Promise<{ robot: Robot; secret: string }> {
    if (
      !(
        Number.isInteger(overlapSeconds) &&
        overlapSeconds >= 0 &&
        overlapSeconds <= overlapMaxSeconds
      )
    ) {
      throw invalidSetting(
        'overlapSeconds',
        'range',
        `is not a whole number from 0 to ${overlapMaxSeconds}.`,
      )
    }
    const secret = makeSecret('berth_robot_')
    const robot = await this.#change(
      context,
      key,
      expectedVersion,
      'robot.rotated',
      async (tx, current, now) => {
        await requireGrants(tx, context, current.actions, current.projectName)
        const until = new Date(Date.parse(now) + overlapSeconds * 1000).toISOString()
        return {
          secretHash: hashSecret(secret),
          previousSecretHash: overlapSeconds === 0 ? null : current.secretHash,
          previousExpiresAt: overlapSeconds === 0 ? null : until,
        }
      },
    )
    return { robot, secret }
  }

  /** The robot's secret and its tokens are worth nothing from now on. Throws `notFound`, `versionMismatch`. */
  async deleteRobot(context: GrantContext, key: RobotKey, expectedVersion?: number): Promise<void> {
    await this.#changes.run(context, async ({ tx, record }) => {
      const robot = await lockVersion(tx, key, expectedVersion)
      await removeRobot(tx, robot.id)
      await record({ ...eventOf('robot.deleted', robot), before: auditOf(robot) })
    })
  }

  /** See `RobotLogins.authenticate`. */
  authenticate(login: string, secret: string): Promise<{ robotId: string; secretHash: string }> {
    return this.#logins.authenticate(login, secret)
  }

  #change(
    context: GrantContext,
    key: RobotKey,
    expectedVersion: number | undefined,
    action: string,
    change: (tx: Transaction, robot: StoredRobot, now: string) => Promise<RobotChange>,
  ): Promise<Robot> {
    return this.#changes.run(context, async ({ tx, now, record }) => {
      const before = await lockVersion(tx, key, expectedVersion)
      await updateRobot(tx, before.id, await change(tx, before, now))
      const after = found(await findRobot(tx, key))
      await record({ ...eventOf(action, after), before: auditOf(before), after: auditOf(after) })
      return toRobot(after)
    })
  }

  /** `changed` tells what to look at: a stored end may lie in the past, or beyond a maximum that came later. */
  #check(settings: ReachSettings, changed: Change<RobotSettings> = settings): ReachSettings {
    const { description, expiresAt } = settings
    if (description.length > descriptionMax || /\p{Cc}/u.test(description)) {
      throw invalidSetting(
        'description',
        'text',
        `is not text without line breaks of at most ${descriptionMax} characters.`,
      )
    }
    const rule = { now: this.#now(), maxLifetimeDays: this.#maxLifetimeDays }
    return {
      description,
      actions: checkActions(settings.actions),
      repositories: checkRepositories(settings.repositories),
      allowedAddresses: checkAddresses(settings.allowedAddresses),
      expiresAt: changed.expiresAt === undefined ? expiresAt : checkExpiry(expiresAt, rule),
    }
  }
}

/** What the robot may do and from where, besides what its project says. */
export function limitsOfRobot(robot: StoredRobot): Limits {
  return toLimits(robot, robot.projectName)
}

/** `<project>+<name>`. Throws `requestInvalid`. */
function loginOf(project: string, name: string): string {
  checkMachineName(name)
  const login = `${project}+${name}`
  if (login.length <= loginMax) return login
  throw invalidSetting(
    'name',
    'length',
    `is too long: "<project>+<name>" has at most ${loginMax} characters.`,
  )
}

async function lockVersion(
  tx: Transaction,
  key: RobotKey,
  expectedVersion: number | undefined,
): Promise<StoredRobot> {
  const robot = found(await lockRobot(tx, key))
  checkVersion(robot, expectedVersion)
  return robot
}

function found(robot: StoredRobot | undefined): StoredRobot {
  if (robot) return robot
  throw new BerthError('notFound', 'There is no such robot in this project.')
}

function toRobot(robot: StoredRobot): Robot {
  const { projectId: _, secretHash: __, previousSecretHash: ___, ...shown } = robot
  return shown
}

function eventOf(action: string, robot: StoredRobot) {
  return { action, targetKind: 'robot', target: robot.login, project: robot.projectName }
}

function auditOf(robot: StoredRobot) {
  const { description, actions, repositories, allowedAddresses, expiresAt } = robot
  const { disabledAt, previousExpiresAt } = robot
  return {
    description,
    actions,
    repositories,
    allowedAddresses,
    expiresAt,
    disabledAt,
    previousExpiresAt,
  }
}

function tooMany(): BerthError {
  return new BerthError('conflict', `A project has at most ${perProjectMax} robots.`)
}
