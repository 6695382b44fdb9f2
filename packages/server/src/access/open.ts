import type { Role } from '../actor.ts'
import type { Database } from '../metadata/database.ts'
import { AccessTokens } from './access-tokens.ts'
import { Authenticator } from './authenticate.ts'
import { Credentials } from './credentials.ts'
import { Passwords } from './passwords.ts'
import { TokenService } from './tokens.ts'
import { Users } from './users.ts'

/**
 * The parts of access on one database. They share what must be one per process: the gate before password
 * hashes, the memory of verified passwords and the signing key. `now` is the clock, in milliseconds since 1970.
 */
export async function openAccess(input: {
  database: Database
  options: {
    readonly anonymousRole: Role | 'none'
    readonly tokenLifetimeSeconds: number
    readonly refreshTokenLifetimeDays: number
  }
  now?: () => number
}): Promise<{ users: Users; tokens: TokenService; authenticator: Authenticator }> {
  const { database, now = Date.now } = input
  const { tokenLifetimeSeconds, refreshTokenLifetimeDays } = input.options
  const anonymousRole =
    input.options.anonymousRole === 'none' ? undefined : input.options.anonymousRole
  const passwords = new Passwords()
  const credentials = new Credentials(database, passwords)
  const accessTokens = await AccessTokens.open(database)
  return {
    users: new Users(database, passwords),
    tokens: new TokenService({
      database,
      credentials,
      accessTokens,
      options: { anonymousRole, tokenLifetimeSeconds, refreshTokenLifetimeDays },
      now,
    }),
    authenticator: new Authenticator({ database, credentials, accessTokens, anonymousRole, now }),
  }
}
