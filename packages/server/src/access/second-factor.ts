import { BerthError } from '../errors.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import {
  confirmSecondFactor,
  countRecoveryCodes,
  findSecondFactor,
  removeSecondFactor,
  replaceRecoveryCodes,
  savePendingSecondFactor,
} from '../metadata/second-factors.ts'
import { findUserById, findUserByName, removeLogins, type StoredUser } from '../metadata/users.ts'
import type { AccessChanges, ChangeContext } from './changes.ts'
import type { Credentials } from './credentials.ts'
import { generateRecoveryCodes } from './recovery-codes.ts'
import type { SecondFactorCodes } from './second-factor-codes.ts'
import { base32, generateTotpSecret, totpUri } from './totp.ts'

export type SecondFactorState = {
  readonly active: boolean
  /** ISO 8601; `undefined` while it is not active. */
  readonly since: string | undefined
  readonly recoveryCodesLeft: number
}

const confirmWithinMs = 15 * 60_000

/**
 * The second factor of users: an authenticator app (TOTP, RFC 6238) with ten recovery codes. It begins with a secret that
 * counts for nothing until a code has shown that the app has it.
 */
export class SecondFactor {
  readonly #database: Database
  readonly #changes: AccessChanges
  readonly #codes: SecondFactorCodes
  readonly #credentials: Credentials
  readonly #now: () => number

  constructor(parts: {
    database: Database
    changes: AccessChanges
    codes: SecondFactorCodes
    credentials: Credentials
    now: () => number
  }) {
    this.#database = parts.database
    this.#changes = parts.changes
    this.#codes = parts.codes
    this.#credentials = parts.credentials
    this.#now = parts.now
  }

  async state(userId: string): Promise<SecondFactorState> {
    const factor = await findSecondFactor(this.#database.read, userId)
    const since = factor?.confirmedAt ?? undefined
    if (since === undefined) return { active: false, since, recoveryCodesLeft: 0 }
    const recoveryCodesLeft = await countRecoveryCodes(this.#database.read, userId)
    return { active: true, since, recoveryCodesLeft }
  }

  /** Of somebody else. Throws `notFound`. */
  async stateOf(userName: string): Promise<SecondFactorState> {
    const user = await findUserByName(this.#database.read, userName)
    if (!user) throw userNotFound()
    return this.state(user.id)
  }

  /**
   * Makes a secret for the user's app, shown this once; an earlier one that was not confirmed is void.
   * Throws `conflict` (reason `secondFactorActive` or `signsInElsewhere`).
   */
  async begin(context: ChangeContext, userId: string): Promise<{ secret: string; uri: string }> {
    const secret = generateTotpSecret()
    const stored = this.#codes.encrypt(userId, secret)
    const name = await this.#changes.run(context, async ({ tx, now }) => {
      const user = await findExisting(tx, userId)
      if (user.source.startsWith('oidc:')) throw signsInElsewhere()
      const factor = { userId, secret: stored, createdAt: now }
      if (!(await savePendingSecondFactor(tx, factor))) throw alreadyActive()
      return user.name
    })
    return { secret: base32(secret), uri: totpUri(secret, name) }
  }

  /**
   * Makes the second factor active with a code of the app; answers the recovery codes, shown this once. All the user's
   * other sessions and stored logins end: they were made with the password alone.
   * Throws `requestInvalid` (reason `secondFactorInvalid`), `conflict` (`secondFactorNotBegun` or `secondFactorActive`).
   */
  async confirm(
    context: ChangeContext,
    userId: string,
    input: { code: string; sessionId: string | undefined },
  ): Promise<string[]> {
    const recoveryCodes = generateRecoveryCodes()
    await this.#changes.run(context, async ({ tx, now, record }) => {
      const factor = await findSecondFactor(tx, userId)
      if (factor?.confirmedAt) throw alreadyActive()
      if (!factor || Date.parse(factor.createdAt) <= this.#now() - confirmWithinMs) throw notBegun()
      const step = this.#codes.findStep(factor, input.code)
      if (step === undefined) throw codeInvalid()
      const confirmed = { userId, secret: factor.secret, step, confirmedAt: now }
      if (!(await confirmSecondFactor(tx, confirmed))) throw notBegun()
      await this.#storeRecoveryCodes(tx, userId, recoveryCodes)
      await removeLogins(tx, userId, input.sessionId)
      await record(eventOf('secondFactor.enabled', context.actor.name))
    })
    return recoveryCodes
  }

  /**
   * Goes back to the password alone. Throws what `Credentials.checkWithCode` throws, and `conflict`
   * (reason `secondFactorInactive`).
   */
  async disable(
    context: ChangeContext,
    userId: string,
    proof: { password: string; code: string },
  ): Promise<void> {
    await this.#prove(context, userId, proof)
    await this.#changes.run(context, async ({ tx, record }) => {
      if (!(await removeSecondFactor(tx, userId))) throw notActive()
      await record(eventOf('secondFactor.disabled', context.actor.name))
    })
  }

  /** Ten new recovery codes; those of before are void. Throws as `disable` does. */
  async renewRecoveryCodes(
    context: ChangeContext,
    userId: string,
    proof: { password: string; code: string },
  ): Promise<string[]> {
    await this.#prove(context, userId, proof)
    const recoveryCodes = generateRecoveryCodes()
    await this.#changes.run(context, async ({ tx, record }) => {
      const factor = await findSecondFactor(tx, userId)
      if (!factor?.confirmedAt) throw notActive()
      await this.#storeRecoveryCodes(tx, userId, recoveryCodes)
      await record(eventOf('secondFactor.recoveryCodesRenewed', context.actor.name))
    })
    return recoveryCodes
  }

  /** For an administrator whose colleague has lost the app and the codes. Throws `notFound`, `conflict`. */
  async reset(context: ChangeContext, userName: string): Promise<void> {
    await this.#changes.run(context, async ({ tx, record }) => {
      const user = await findUserByName(tx, userName)
      if (!user) throw userNotFound()
      if (!(await removeSecondFactor(tx, user.id))) throw notActive()
      await record(eventOf('secondFactor.reset', user.name))
    })
  }

  /** Through the throttle: whoever has found an open browser must not be able to guess. */
  async #prove(
    context: ChangeContext,
    userId: string,
    proof: { password: string; code: string },
  ): Promise<void> {
    if (!(await this.#codes.isActive(userId))) throw notActive()
    const { name } = await findExisting(this.#database.read, userId)
    const { address, requestId } = context
    await this.#credentials.checkWithCode({ name, ...proof, address, requestId })
  }

  async #storeRecoveryCodes(
    tx: Transaction,
    userId: string,
    codes: readonly string[],
  ): Promise<void> {
    const hashes = codes.flatMap((code) => this.#codes.recoveryHash(userId, code) ?? [])
    await replaceRecoveryCodes(tx, userId, hashes)
  }
}

async function findExisting(db: Transaction, userId: string): Promise<StoredUser> {
  const user = await findUserById(db, userId)
  if (!user) throw userNotFound()
  return user
}

function eventOf(action: string, userName: string) {
  return { action, targetKind: 'user', target: userName, project: '' }
}

function userNotFound(): BerthError {
  return new BerthError('notFound', 'There is no such user.', {
    details: [{ field: 'user', reason: 'userUnknown' }],
  })
}

function alreadyActive(): BerthError {
  return conflict('secondFactorActive', 'There is a second factor already. Disable it first.')
}

function notActive(): BerthError {
  return conflict('secondFactorInactive', 'There is no second factor.')
}

function notBegun(): BerthError {
  return conflict(
    'secondFactorNotBegun',
    'No secret waits for a code: it was made more than 15 minutes ago, or not at all. Begin again.',
  )
}

function signsInElsewhere(): BerthError {
  return conflict(
    'signsInElsewhere',
    'This user signs in at another provider, which is where a second factor belongs.',
  )
}

function conflict(reason: string, message: string): BerthError {
  return new BerthError('conflict', message, { details: [{ reason }] })
}

function codeInvalid(): BerthError {
  return new BerthError(
    'requestInvalid',
    'The code is not the one that the app shows. Give the six digits that it shows now, and check the clock of the device.',
    { details: [{ field: 'code', reason: 'secondFactorInvalid' }] },
  )
}
