import type { ApiKeys } from './api-keys.ts'
import type { Credentials } from './credentials.ts'
import type { Identified } from './identified.ts'
import { hashSecret } from './machine-secret.ts'
import type { Robots } from './robots.ts'
import { scannerLogin, type ScannerTokens } from './scanner-tokens.ts'
import type { WorkloadExchange } from './workload-exchange.ts'

/** The user name under which a token of another issuer is presented as a password. */
const workloadName = 'workload'
const keyPrefix = 'berth_key_'

/**
 * Tells the kinds of identity apart that all arrive as a name and a password, for clients know nothing else: a person
 * with a password or an API key, a robot (its login holds a `+`), a workload with a token of its own issuer, a scanner
 * with the token that it was given.
 */
export class Identification {
  readonly #credentials: Credentials
  readonly #robots: Robots
  readonly #apiKeys: ApiKeys
  readonly #workloadExchange: WorkloadExchange
  readonly #scannerTokens: ScannerTokens

  constructor(parts: {
    credentials: Credentials
    robots: Robots
    apiKeys: ApiKeys
    workloadExchange: WorkloadExchange
    scannerTokens: ScannerTokens
  }) {
    this.#credentials = parts.credentials
    this.#robots = parts.robots
    this.#apiKeys = parts.apiKeys
    this.#workloadExchange = parts.workloadExchange
    this.#scannerTokens = parts.scannerTokens
  }

  /** Throws `unauthenticated` (reason `invalidCredentials`, `secondFactorRequired`), `rateLimited`, `unavailable`. */
  async identify(name: string, password: string, address: string): Promise<Identified> {
    if (password.startsWith(keyPrefix)) return this.identifyKey(password, name)
    if (name.includes('+')) {
      const { robotId, secretHash } = await this.#robots.authenticate(name, password)
      return { subject: { kind: 'robot', id: robotId }, secretHash, kind: 'key' }
    }
    if (name === workloadName) return this.identifyWorkload(password)
    if (name === scannerLogin) {
      const scanner = await this.#scannerTokens.identify(password)
      if (scanner) return scanner
    }
    const user = await this.#credentials.check(name, password, address)
    return {
      subject: { kind: 'user', id: user.id },
      secretHash: user.passwordHash,
      kind: 'password',
    }
  }

  /** An API key, which says by itself whose it is; a name that comes with it must be the owner's. */
  async identifyKey(secret: string, name?: string): Promise<Identified> {
    const { keyId } = await this.#apiKeys.authenticate(secret, name)
    return { subject: { kind: 'key', id: keyId }, secretHash: hashSecret(secret), kind: 'key' }
  }

  /** A token of a trusted issuer, with what the rules give to the workload that it names. */
  async identifyWorkload(token: string): Promise<Identified> {
    const { rules, subject, expiresAt } = await this.#workloadExchange.exchange(token)
    return {
      subject: { kind: 'workload', rules, name: subject },
      secretHash: '',
      kind: 'key',
      expiresAt,
    }
  }
}

export function isApiKey(secret: string): boolean {
  return secret.startsWith(keyPrefix)
}
