import type { Config } from '../config/schema.ts'
import { BerthError } from '../errors.ts'
import type { OutboundRequest } from '../outbound/outbound.ts'
import { ldapSource } from './ldap.ts'
import { testLdap } from './ldap-test.ts'
import { oidcSource } from './oidc.ts'
import type { OidcSettings } from './oidc-provider-client.ts'
import { testOidcProvider } from './oidc-test.ts'
import type { Step } from './sign-in-test.ts'

type Parts = {
  readonly settings: Pick<Config['access'], 'oidc' | 'ldap'>
  readonly fetch: (url: string, request: OutboundRequest) => Promise<Response>
  readonly now: () => number
}

/** The providers and the directory as they are set, for those who look after them. No secrets. */
export class SignInSettings {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** `redirectUri` tells the address to register for the provider of an id. */
  list(redirectUri: (provider: string) => string) {
    const { oidc, ldap } = this.#parts.settings
    return [
      ...oidc.map((settings) => oidcView(settings, redirectUri(settings.id))),
      ...(ldap.urls.length === 0 ? [] : [ldapView(ldap)]),
    ]
  }

  /** Really asks the provider or directory with this `id` of the list. Throws `notFound`. */
  async test(
    id: string,
    userName: string | undefined,
    redirectUri: (provider: string) => string,
  ): Promise<{ passed: boolean; steps: Step[] }> {
    const steps = await this.#steps(id, userName, redirectUri)
    return { passed: steps.every(({ state }) => state !== 'failed'), steps }
  }

  #steps(
    id: string,
    userName: string | undefined,
    redirectUri: (provider: string) => string,
  ): Promise<Step[]> {
    const { settings, fetch, now } = this.#parts
    if (id === ldapSource && settings.ldap.urls.length > 0) return testLdap(settings.ldap, userName)
    const provider = settings.oidc.find((one) => oidcSource(one.id) === id)
    if (provider === undefined) {
      throw new BerthError('notFound', 'There is no such provider or directory.')
    }
    const { id: name } = provider
    return testOidcProvider({ settings: provider, fetch, redirectUri: redirectUri(name), now })
  }
}

function oidcView(settings: OidcSettings, redirectUri: string) {
  const { clientSecretFile, scopes, signingAlgorithms, requiredGroups, roleMappings, ...rest } =
    settings
  return {
    ...rest,
    kind: 'oidc' as const,
    id: oidcSource(settings.id),
    hasClientSecret: clientSecretFile !== undefined,
    scopes: [...scopes],
    signingAlgorithms: [...signingAlgorithms],
    requiredGroups: [...requiredGroups],
    roleMappings: [...roleMappings],
    redirectUri,
  }
}

function ldapView(settings: Config['access']['ldap']) {
  const { bindPassword: _, maxConnections: __, caFile, ...rest } = settings
  return {
    ...rest,
    kind: 'ldap' as const,
    id: ldapSource,
    urls: [...settings.urls],
    hasCaFile: caFile !== undefined,
    bindDn: settings.bindDn ?? null,
    userBase: settings.userBase ?? null,
    groupBase: settings.groupBase ?? null,
    requiredGroups: [...settings.requiredGroups],
    roleMappings: [...settings.roleMappings],
  }
}
