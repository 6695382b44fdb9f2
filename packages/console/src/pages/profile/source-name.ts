import { accountText as text } from '../../text/profile.ts'

/** Where a user or a group comes from, in words. */
export function sourceName(source: string): string {
  const { local, htpasswd, ldap, provider } = text.sources
  if (source.startsWith('oidc:')) return provider(source.slice('oidc:'.length))
  return { local, htpasswd, ldap }[source] ?? source
}
