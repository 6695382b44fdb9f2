import { hkdfSync } from 'node:crypto'
import type { Database, PreparedRead } from '../metadata/database.ts'
import {
  prepareSecondFactor,
  type StoredSecondFactor,
  takeRecoveryCode,
  takeStep,
} from '../metadata/second-factors.ts'
import { getOrCreateSecret } from '../metadata/secrets.ts'
import { Sealing } from '../sealing.ts'
import { recoveryCodeHash } from './recovery-codes.ts'
import { findTotpStep } from './totp.ts'

/** Checks the codes of a second factor, and keeps its secret so that the table alone does not give it away. */
export class SecondFactorCodes {
  readonly #database: Database
  readonly #sealing: Sealing
  readonly #recoveryKey: Buffer
  readonly #find: PreparedRead<{ userId: string }, StoredSecondFactor>
  readonly #now: () => number

  private constructor(parts: { database: Database; now: () => number }, secret: Buffer) {
    const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32))
    this.#database = parts.database
    this.#sealing = new Sealing(derive('encrypt'))
    this.#recoveryKey = derive('recovery')
    this.#find = prepareSecondFactor(parts.database)
    this.#now = parts.now
  }

  /** All processes on one database share the keys. */
  static async open(parts: { database: Database; now: () => number }): Promise<SecondFactorCodes> {
    return new SecondFactorCodes(
      parts,
      await getOrCreateSecret(parts.database, 'second-factor', 32),
    )
  }

  /** Whether the user needs a code to sign in. */
  async isActive(userId: string): Promise<boolean> {
    const factor = await this.#find.first({ userId })
    return factor !== undefined && factor.confirmedAt !== null
  }

  /** Uses up a code of the app, or a recovery code. `false` for a wrong one, or one that was used before. */
  async redeem(userId: string, code: string): Promise<boolean> {
    const factor = await this.#find.first({ userId })
    if (factor === undefined || factor.confirmedAt === null) return false
    const step = this.findStep(factor, code)
    if (step !== undefined) {
      return this.#database.transaction((tx) => takeStep(tx, userId, step))
    }
    const hash = this.recoveryHash(userId, code)
    return (
      hash !== undefined && this.#database.transaction((tx) => takeRecoveryCode(tx, userId, hash))
    )
  }

  /** The time step of a right code; `undefined` for a wrong one. Uses nothing up. */
  findStep(factor: StoredSecondFactor, code: string): number | undefined {
    const secret = this.decrypt(factor.userId, factor.secret)
    return findTotpStep(secret, code, { now: this.#now(), lastStep: factor.lastStep })
  }

  /** `undefined` for what has not the form of a recovery code. */
  recoveryHash(userId: string, code: string): string | undefined {
    return recoveryCodeHash(this.#recoveryKey, userId, code)
  }

  /** Bound to the user: a row that is copied to another user does not open. */
  encrypt(userId: string, secret: Buffer): string {
    return this.#sealing.seal(userId, secret).toString('base64url')
  }

  decrypt(userId: string, stored: string): Buffer {
    return this.#sealing.open(userId, Buffer.from(stored, 'base64url'))
  }
}
