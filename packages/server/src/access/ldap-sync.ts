import type { RequestContext } from '../actor.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { listUsers, type StoredUser } from '../metadata/users.ts'
import type { ChangeContext } from './changes.ts'
import type { ExternalIdentity } from './external-users.ts'
import { type Ldap, ldapSource } from './ldap.ts'

type LdapSyncParts = {
  readonly database: Database
  readonly ldap: Ldap
  readonly signInExternal: (
    identity: ExternalIdentity,
    from: Pick<RequestContext, 'address' | 'requestId'>,
  ) => Promise<unknown>
  /** Throws `conflict` for the last administrator. */
  readonly disableUser: (name: string, context: ChangeContext) => Promise<unknown>
}

export type LdapSyncResult = {
  readonly checked: number
  /** Who were gone from the directory, and can do nothing here any more. */
  readonly disabled: readonly string[]
  /** Who seem to be gone and were left alone. */
  readonly withheld: readonly string[]
}

const portionSize = 25
/** So many may always be gone at once; beyond, not more than half of all. */
const goneAlways = 5

const context: ChangeContext = {
  actor: { kind: 'system', id: 'berth', name: 'directory sync' },
  address: '',
  requestId: '',
}

/** Keeps users from the directory as they are there, without waiting for them to sign in. */
export class LdapSync {
  readonly #parts: LdapSyncParts

  constructor(parts: LdapSyncParts) {
    this.#parts = parts
  }

  /**
   * Asks the directory about every enabled user that came from it: names, groups and role are brought up to date, and
   * who is gone, or may no longer sign in, is disabled. When more than half of them seem to be gone, which a wrong
   * setting would look like, nobody is disabled. A disabled user who is back has to be enabled by an administrator.
   * Throws `unavailable` when the directory does not answer: what was done until then stays.
   */
  async syncGroups(): Promise<LdapSyncResult> {
    const gone: string[] = []
    let checked = 0
    for await (const portion of this.#portions()) {
      const ids = portion.map(({ externalId }) => externalId ?? '')
      const found = await this.#parts.ldap.lookupAll(ids)
      for (const user of portion) {
        const identity = found.get(user.externalId ?? '')
        if (identity === undefined) gone.push(user.name)
        else await this.#parts.signInExternal(identity, context)
      }
      checked += portion.length
    }
    if (gone.length > Math.max(goneAlways, checked / 2)) {
      return { checked, disabled: [], withheld: gone }
    }
    const disabled: string[] = []
    for (const name of gone) if (await this.#disable(name)) disabled.push(name)
    return { checked, disabled, withheld: gone.filter((name) => !disabled.includes(name)) }
  }

  async *#portions(): AsyncGenerator<StoredUser[]> {
    let after = ''
    for (;;) {
      const portion = await listUsers(this.#parts.database.read, {
        source: ldapSource,
        disabled: false,
        sort: { by: 'name', after },
        limit: portionSize,
      })
      if (portion.length === 0) return
      yield portion
      after = portion.at(-1)?.name ?? ''
    }
  }

  async #disable(name: string): Promise<boolean> {
    try {
      await this.#parts.disableUser(name, context)
      return true
    } catch (error) {
      // The last administrator, or one who was removed a moment ago.
      const isExpected =
        error instanceof BerthError && (error.kind === 'conflict' || error.kind === 'notFound')
      if (isExpected) return false
      throw error
    }
  }
}
