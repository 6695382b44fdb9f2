import type { OidcSettings } from './oidc-provider-client.ts'
import { oidcSource } from './oidc.ts'

const hour = 3_600_000

/**
 * When somebody from a provider has to sign in there again before anything of theirs works: their groups, or whether
 * they still work here, were last asked too long ago. At once when the provider is no longer in the settings; `undefined`:
 * never. A provider has no way to tell of a change by itself, as a directory has (see `LdapSync`). Milliseconds since 1970.
 */
export function lapseOf(
  providers: readonly Pick<OidcSettings, 'id' | 'recheckHours'>[],
  user: { readonly source: string; readonly syncedAt: string | null },
): number | undefined {
  if (!user.source.startsWith(oidcSource(''))) return undefined
  const provider = providers.find(({ id }) => oidcSource(id) === user.source)
  if (provider?.recheckHours === 0) return undefined
  if (provider === undefined || user.syncedAt === null) return 0
  return Date.parse(user.syncedAt) + provider.recheckHours * hour
}
