import { readFile } from 'node:fs/promises'
import * as client from 'openid-client'
import type { Config } from '../config/schema.ts'
import { BerthError } from '../errors.ts'
import type { OutboundRequest } from '../outbound/outbound.ts'

export type OidcSettings = Config['access']['oidc'][number]

/** What came of a sign-in: claims about somebody, checked. */
export type OidcClaims = Readonly<Record<string, unknown>> & { readonly sub: string }

const metadataMilliseconds = 3_600_000
/** Clocks of two machines differ. */
const clockToleranceSeconds = 30

/**
 * Talks to one provider: finds its endpoints, sends people there, and redeems the code they come back with. All checks
 * of OpenID Connect Core 3.1.3.7 are made, and the signature of the ID token is checked even though it came over TLS.
 */
export class OidcProviderClient {
  readonly settings: OidcSettings
  readonly #fetch: (url: string, request: OutboundRequest) => Promise<Response>
  readonly #now: () => number
  #found:
    | { readonly configuration: Promise<client.Configuration>; readonly until: number }
    | undefined

  constructor(parts: {
    settings: OidcSettings
    fetch: (url: string, request: OutboundRequest) => Promise<Response>
    now: () => number
  }) {
    this.settings = parts.settings
    this.#fetch = parts.fetch
    this.#now = parts.now
  }

  /** Where to send a browser. Throws `unavailable`. */
  async authorizationUrl(request: {
    redirectUri: string
    state: string
    nonce: string
    verifier: string
  }): Promise<string> {
    const configuration = await this.#configuration()
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: request.redirectUri,
      scope: ['openid', ...this.settings.scopes.filter((scope) => scope !== 'openid')].join(' '),
      state: request.state,
      nonce: request.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(request.verifier),
      code_challenge_method: 'S256',
    })
    return url.href
  }

  /**
   * The claims behind the answer of the provider: those of the ID token, and what it lacks from the userinfo endpoint.
   * Throws `denied` when anything about answer or token is wrong, `unavailable` when the provider cannot be reached.
   */
  async redeem(request: {
    /** The address that the provider sent the browser back to, whole. */
    callbackUrl: URL
    state: string
    nonce: string
    verifier: string
  }): Promise<OidcClaims> {
    const configuration = await this.#configuration()
    try {
      const tokens = await client.authorizationCodeGrant(configuration, request.callbackUrl, {
        expectedState: request.state,
        expectedNonce: request.nonce,
        pkceCodeVerifier: request.verifier,
        idTokenExpected: true,
      })
      const claims = tokens.claims()
      if (claims === undefined) throw new Error('There is no ID token.')
      this.#checkMore(claims)
      if (this.#hasAll(claims) || configuration.serverMetadata().userinfo_endpoint === undefined) {
        return claims
      }
      const more = await client.fetchUserInfo(configuration, tokens.access_token, claims.sub)
      return { ...more, ...claims }
    } catch (error) {
      throw isUnreachable(error) ? unavailable(this.settings, error) : refused(this.settings, error)
    }
  }

  /** What the library leaves open: a token for one audience that was issued to another client, or in the future. */
  #checkMore(claims: client.IDToken): void {
    if (claims.azp !== undefined && claims.azp !== this.settings.clientId) {
      throw new Error('The ID token was issued to another client.')
    }
    if (claims.iat > this.#now() / 1000 + clockToleranceSeconds) {
      throw new Error('The ID token was issued in the future.')
    }
  }

  #hasAll(claims: OidcClaims): boolean {
    const { groupsClaim, usernameClaim } = this.settings
    return [groupsClaim, usernameClaim].every((path) => readClaim(claims, path) !== undefined)
  }

  #configuration(): Promise<client.Configuration> {
    const now = this.#now()
    if (this.#found !== undefined && this.#found.until > now) return this.#found.configuration
    const configuration = this.#discover()
    const found = { configuration, until: now + metadataMilliseconds }
    this.#found = found
    // Asked again by the next sign-in; those who wait for this one learn of it.
    configuration.catch(() => {
      if (this.#found === found) this.#found = undefined
    })
    return configuration
  }

  async #discover(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecretFile, signingAlgorithms } = this.settings
    const fetch: client.CustomFetch = (url, { body, headers, method, signal }) =>
      this.#fetch(url, {
        method,
        headers,
        body: body as OutboundRequest['body'],
        redirect: 'manual',
        ...(signal && { signal }),
      })
    try {
      const secret =
        clientSecretFile === undefined
          ? undefined
          : (await readFile(clientSecretFile, 'utf8')).replace(/\r?\n$/, '')
      const found = await client.discovery(new URL(issuer), clientId, undefined, client.None(), {
        [client.customFetch]: fetch,
      })
      const metadata = found.serverMetadata()
      const offered = metadata.id_token_signing_alg_values_supported ?? ['RS256']
      const pinned = signingAlgorithms.filter((algorithm) => offered.includes(algorithm))
      if (pinned.length === 0) throw new Error('No signing algorithm that both sides accept.')
      const configuration = new client.Configuration(
        Object.assign(metadata, { id_token_signing_alg_values_supported: pinned }),
        clientId,
        { [client.clockTolerance]: clockToleranceSeconds },
        authenticationOf(metadata, secret),
      )
      configuration[client.customFetch] = fetch
      client.enableNonRepudiationChecks(configuration)
      return configuration
    } catch (error) {
      throw unavailable(this.settings, error)
    }
  }
}

/** A claim by its name, or by a path of names with dots between them. */
export function readClaim(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  let value: unknown = claims
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return value
}

function authenticationOf(
  metadata: client.ServerMetadata,
  secret: string | undefined,
): client.ClientAuth {
  if (secret === undefined) return client.None()
  const methods = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  return methods.includes('client_secret_basic')
    ? client.ClientSecretBasic(secret)
    : client.ClientSecretPost(secret)
}

/** Whether the network failed, and not the sign-in: our own error lies somewhere at the bottom. */
function isUnreachable(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 10; depth += 1) {
    if (cause instanceof BerthError) return true
    cause = cause.cause
  }
  return false
}

function unavailable({ name }: OidcSettings, cause: unknown): BerthError {
  return new BerthError('unavailable', `Sign-in with ${name} does not work now. Try again later.`, {
    cause,
  })
}

function refused({ name }: OidcSettings, cause: unknown): BerthError {
  return new BerthError('denied', `The sign-in with ${name} was refused.`, {
    details: [{ reason: 'identityRefused' }],
    cause,
  })
}
