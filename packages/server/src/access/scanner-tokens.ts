import type { AccessTokens } from './access-tokens.ts'
import type { Identified } from './identified.ts'
import { formatSubject, parseSubject } from './principal.ts'

/** The user name under which a scanner that knows only Basic presents its token. No user can have it. */
export const scannerLogin = '_scanner'

/**
 * Tokens for scanners that look at one image of one repository: pull only, short-lived, and good only as long as the
 * scanner is known. Policies let them pass, for they find out what policies judge by.
 */
export class ScannerTokens {
  readonly #accessTokens: AccessTokens
  readonly #now: () => number

  constructor(parts: { accessTokens: AccessTokens; now: () => number }) {
    this.#accessTokens = parts.accessTokens
    this.#now = parts.now
  }

  issue(
    scanner: string,
    options: { readonly repository: string; readonly lifetimeSeconds: number },
  ): Promise<string> {
    return this.#accessTokens.sign({
      subject: formatSubject({ kind: 'scanner', id: scanner }),
      secretHash: '',
      access: [{ type: 'repository', name: options.repository, actions: ['pull'] }],
      issuedAt: Math.floor(this.#now() / 1000) * 1000,
      lifetimeSeconds: options.lifetimeSeconds,
    })
  }

  /** Whose the token is, and what it is for. `undefined`: not of a scanner. Throws `unauthenticated`. */
  async identify(token: string): Promise<Identified | undefined> {
    const { subject, grants, expiresAt } = await this.#accessTokens.verify(token, this.#now())
    const scanner = parseSubject(subject)
    if (scanner?.kind !== 'scanner') return undefined
    return { subject: scanner, secretHash: '', kind: 'token', grants, expiresAt }
  }
}
