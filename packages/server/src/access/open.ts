import type { Config } from '../config/schema.ts'
import type { Logger } from '../log.ts'
import type { Database } from '../metadata/database.ts'
import { getOrCreateSecret } from '../metadata/secrets.ts'
import type { OutboundRequest } from '../outbound/outbound.ts'
import { AccessTokens } from './access-tokens.ts'
import { ApiKeys } from './api-keys.ts'
import { Authenticator } from './authenticate.ts'
import { CertificateSubjects } from './certificate-subjects.ts'
import { AccessChanges } from './changes.ts'
import { Credentials } from './credentials.ts'
import { DeviceFlow } from './device-flow.ts'
import { Groups } from './groups.ts'
import { IdempotencyKeys } from './idempotency-keys.ts'
import { Identification } from './identify.ts'
import { Ldap } from './ldap.ts'
import { LdapPasswords } from './ldap-passwords.ts'
import { LdapSync } from './ldap-sync.ts'
import { LoginThrottle } from './login-throttle.ts'
import { Members } from './members.ts'
import { OidcSignIn } from './oidc.ts'
import { OwnPassword } from './own-password.ts'
import { Passwords } from './passwords.ts'
import { Permissions } from './permissions.ts'
import { Placement } from './placement.ts'
import { Projects, type ProjectBooks } from './projects.ts'
import { Refusals } from './refusals.ts'
import { Robots } from './robots.ts'
import { ScannerTokens } from './scanner-tokens.ts'
import { SecondFactor } from './second-factor.ts'
import { SecondFactorCodes } from './second-factor-codes.ts'
import { Sessions } from './sessions.ts'
import { Setup } from './setup.ts'
import { SignInSettings } from './sign-in-settings.ts'
import { SignIn } from './sign-in.ts'
import { TokenService } from './tokens.ts'
import { Users } from './users.ts'
import { WorkloadExchange } from './workload-exchange.ts'
import { WorkloadTokens } from './workload-tokens.ts'
import { Workloads } from './workloads.ts'

export type Access = Awaited<ReturnType<typeof openAccess>>

/**
 * The parts of access on one database. They share what must be one per process: the gate before password
 * hashes, the memory of verified passwords and of permissions, and the signing key. `now` is the clock, in milliseconds
 * since 1970; `fetch` reaches other issuers and providers; `books` is told when projects come and go.
 */
export async function openAccess(parts: {
  database: Database
  config: Pick<Config, 'access'>
  fetch?: (url: string, request: OutboundRequest) => Promise<Response>
  books?: ProjectBooks
  logger?: Logger
  now?: () => number
}) {
  const { database, books, fetch = unreachable, now = Date.now } = parts
  const settings = parts.config.access
  const changes = new AccessChanges(database, now)
  const passwords = new Passwords()
  const users = new Users({ database, passwords, changes, now })
  const groups = new Groups({ database, changes })
  const members = new Members({ database, changes })
  const projects = new Projects({ database, changes, ...books })
  const placement = new Placement({ projectsOnPush: settings.projectsOnPush, ...books, now })

  const robots = new Robots({ database, changes, options: settings.robots, now })
  const apiKeys = new ApiKeys({ database, changes, now })
  const issuers = settings.workloads
  const workloads = new Workloads({
    database,
    changes,
    issuers: issuers.map(({ issuer }) => issuer),
  })
  const workloadTokens = new WorkloadTokens({ issuers, fetch, now })
  const workloadExchange = new WorkloadExchange({ database, tokens: workloadTokens, now })

  const ldap = settings.ldap.urls.length === 0 ? undefined : new Ldap(settings.ldap)
  const codes = await SecondFactorCodes.open({ database, now })
  const refusals = new Refusals({ database, now })
  const throttle = new LoginThrottle({ database, now })
  const credentials = new Credentials({
    database,
    passwords,
    throttle,
    codes,
    refusals,
    external: ldap && new LdapPasswords({ database, ldap, users }),
    externalVerifiedMs: settings.ldap.cacheSeconds * 1000,
    now,
  })
  const sessions = await Sessions.open({ database, changes, limits: settings.sessions, now })

  const permissions = new Permissions({ database, settings, now })
  const accessTokens = await AccessTokens.open(database)
  const scannerTokens = new ScannerTokens({ accessTokens, now })
  const identification = new Identification({
    credentials,
    robots,
    apiKeys,
    workloadExchange,
    scannerTokens,
  })
  const certificates = new CertificateSubjects(database)
  return {
    changes,
    users,
    groups,
    members,
    projects,
    placement,
    robots,
    apiKeys,
    workloads,
    sessions,
    throttle,
    scannerTokens,
    permissions,
    signInSettings: new SignInSettings({ settings, fetch, now }),
    setup: new Setup({ database, changes, passwords, throttle, sessions, now }),
    signIn: new SignIn({ database, credentials, sessions }),
    ownPassword: new OwnPassword({ database, changes, passwords, credentials }),
    secondFactor: new SecondFactor({ database, changes, codes, credentials, now }),
    oidc: new OidcSignIn({
      providers: settings.oidc,
      fetch,
      ticketKey: await getOrCreateSecret(database, 'oidc-ticket', 32),
      signInExternal: (identity, from) => users.signInExternal(identity, from),
      logger: parts.logger,
      now,
    }),
    deviceFlow: new DeviceFlow({
      database,
      createKey: async ({ userId, name, expiresAt }, from) => {
        const user = await users.readUserById(userId)
        const { secret } = await apiKeys.createKey(
          { ...from, actor: { kind: 'user', id: user.id, name: user.name } },
          { userName: user.name, name, actions: null, repositories: null, expiresAt },
        )
        return { secret, userName: user.name }
      },
      now,
    }),
    ldapSync:
      ldap &&
      new LdapSync({
        database,
        ldap,
        signInExternal: (identity, from) => users.signInExternal(identity, from),
        disableUser: (name, context) => users.disableUser(name, context),
      }),
    idempotencyKeys: new IdempotencyKeys({ database, now }),
    tokens: new TokenService({
      database,
      identification,
      permissions,
      certificates,
      accessTokens,
      options: settings,
      now,
    }),
    authenticator: new Authenticator({
      accessTokens,
      identification,
      permissions,
      sessions,
      certificates,
      now,
    }),
  }
}

/** Where nothing outside is to be asked: commands on the machine itself. */
function unreachable(): Promise<Response> {
  return Promise.reject(new Error('This command asks nobody outside.'))
}
