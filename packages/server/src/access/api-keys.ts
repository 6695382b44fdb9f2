import { randomUUID } from 'node:crypto'
import type { RepositoryAction } from '../actor.ts'
import { BerthError } from '../errors.ts'
import {
  countApiKeys,
  findApiKey,
  insertApiKey,
  listApiKeys,
  prepareApiKeyByHash,
  removeApiKey,
  type StoredApiKey,
  touchApiKey,
} from '../metadata/api-keys.ts'
import type { Database } from '../metadata/database.ts'
import { findUserByName } from '../metadata/users.ts'
import type { AccessChanges, ChangeContext } from './changes.ts'
import { recordUse } from './last-use.ts'
import type { Limits } from './limits.ts'
import {
  checkActions,
  checkExpiry,
  checkMachineName,
  checkRepositories,
  toLimits,
} from './machine-limits.ts'
import { hashSecret, isSecret, makeSecret } from './machine-secret.ts'
import { type Page, readPage } from './page.ts'

/** A key as it is shown: never its secret, nor the hash of it. */
export type ApiKey = Pick<
  StoredApiKey,
  'id' | 'userName' | 'name' | 'actions' | 'repositories' | 'expiresAt' | 'lastUsedAt' | 'createdAt'
>

const perUserMax = 100

/**
 * Personal keys: a second way for a user to log in, for `docker login` and scripts, narrower than the password where that
 * is wanted. A key never does more than its user may at that moment.
 */
export class ApiKeys {
  readonly #database: Database
  readonly #changes: AccessChanges
  readonly #find: (secretHash: string) => Promise<StoredApiKey | undefined>
  readonly #now: () => number

  constructor(parts: { database: Database; changes: AccessChanges; now: () => number }) {
    this.#database = parts.database
    this.#changes = parts.changes
    this.#find = prepareApiKeyByHash(parts.database)
    this.#now = parts.now
  }

  /**
   * Makes a key for the user of this name; its secret is in this answer and nowhere else. Without actions or repositories
   * it is as good as the password. Throws `requestInvalid`, `notFound` without the user, `alreadyExists`, `conflict` at 100 keys.
   */
  async createKey(
    context: ChangeContext,
    input: {
      userName: string
      name: string
      actions: readonly RepositoryAction[] | null
      repositories: readonly string[] | null
      expiresAt: string | null
    },
  ): Promise<{ key: ApiKey; secret: string }> {
    checkMachineName(input.name)
    const settings = {
      actions: input.actions && checkActions(input.actions),
      repositories: input.repositories && checkRepositories(input.repositories),
      expiresAt: checkExpiry(input.expiresAt, { now: this.#now(), maxLifetimeDays: undefined }),
    }
    const secret = makeSecret('berth_key_')
    const key = await this.#changes.run(context, async ({ tx, now, record }) => {
      const user = await findUserByName(tx, input.userName)
      if (!user) throw userMissing()
      if ((await countApiKeys(tx, user.id)) >= perUserMax) {
        throw new BerthError('conflict', `A user has at most ${perUserMax} keys. Revoke one first.`)
      }
      const created = {
        id: randomUUID(),
        userId: user.id,
        userName: user.name,
        name: input.name,
        secretHash: hashSecret(secret),
        ...settings,
        lastUsedAt: null,
        createdAt: now,
      }
      if (!(await insertApiKey(tx, created))) {
        throw new BerthError('alreadyExists', `There is a key ${input.name} already.`)
      }
      await record({ ...eventOf('key.created', created), after: settings })
      return toApiKey(created)
    })
    return { key, secret }
  }

  /** The keys of the user of this name, by name. Throws `notFound` without the user. */
  async listKeys(
    userName: string,
    page: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<Page<ApiKey>> {
    const db = this.#database.read
    const user = await findUserByName(db, userName)
    if (!user) throw userMissing()
    const { after = '' } = page
    return readPage(
      page.limit,
      (limit) => listApiKeys(db, { userId: user.id, after, limit }),
      ({ name }) => name,
      toApiKey,
    )
  }

  /** In force at the next request. Throws `notFound`, also for a key of somebody else. */
  async revokeKey(context: ChangeContext, key: { userName: string; id: string }): Promise<void> {
    await this.#changes.run(context, async ({ tx, record }) => {
      const user = await findUserByName(tx, key.userName)
      const held = user && (await findApiKey(tx, { userId: user.id, id: key.id }))
      if (!held) throw new BerthError('notFound', 'There is no such key.')
      await removeApiKey(tx, held.id)
      const { actions, repositories, expiresAt } = held
      await record({
        ...eventOf('key.revoked', held),
        before: { actions, repositories, expiresAt },
      })
    })
  }

  /**
   * The key and its user. With `userName`, as `docker login` sends one, it must be that of the key's user.
   * Throws `unauthenticated` (reason `invalidCredentials`) in the same words for whatever is wrong.
   */
  async authenticate(
    secret: string,
    userName?: string,
  ): Promise<{ keyId: string; userId: string }> {
    // Found by the hash: what a caller could learn from the time it takes is a part of a hash, and of use to nobody.
    const key = isSecret('berth_key_', secret) ? await this.#find(hashSecret(secret)) : undefined
    const now = this.#now()
    if (!isUsable(key, now) || (userName !== undefined && userName !== key.userName)) {
      throw wrongCredentials()
    }
    await recordUse(this.#database, key, now, (tx, at) => touchApiKey(tx, key.id, at))
    return { keyId: key.id, userId: key.userId }
  }
}

/** Whether the key is there, not expired at `now` (milliseconds since 1970), and its user enabled. Ask it again wherever a login is remembered. */
export function isUsable(key: StoredApiKey | undefined, now: number): key is StoredApiKey {
  if (key === undefined || key.userDisabledAt !== null) return false
  return key.expiresAt === null || now < Date.parse(key.expiresAt)
}

/** What the key may do at most; its user's rights come on top. */
export function limitsOfKey(key: StoredApiKey): Limits {
  return toLimits({ ...key, allowedAddresses: null }, undefined)
}

function toApiKey(key: ApiKey): ApiKey {
  const { id, userName, name, actions, repositories, expiresAt, lastUsedAt, createdAt } = key
  return { id, userName, name, actions, repositories, expiresAt, lastUsedAt, createdAt }
}

function eventOf(action: string, key: { userName: string; name: string }) {
  return { action, targetKind: 'key', target: `${key.userName}/${key.name}`, project: '' }
}

function userMissing(): BerthError {
  return new BerthError('notFound', 'There is no such user.')
}

function wrongCredentials(): BerthError {
  return new BerthError(
    'unauthenticated',
    'The key is wrong, expired or revoked, or it belongs to another user name.',
    { details: [{ reason: 'invalidCredentials' }] },
  )
}
