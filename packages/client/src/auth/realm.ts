import { isLoopbackHost } from '../transport/loopback.ts'

/**
 * Whether credentials for a registry may be sent to the token service that it names: one on the same site, and never
 * over plain HTTP when the registry itself speaks TLS. A registry that was taken over, or a mirror that was typed
 * wrongly, could otherwise have them sent anywhere (CVE-2026-33540 in another registry).
 */
export async function isTrustedRealm(realm: URL, registry: URL): Promise<boolean> {
  if (realm.origin === registry.origin) return true
  if (realm.protocol !== 'https:' && registry.protocol === 'https:') return false
  if (realm.hostname === registry.hostname) return true
  if (isLoopbackHost(registry.hostname)) return isLoopbackHost(realm.hostname)
  // Only here: the list of public suffixes takes a while to load, and nearly no registry needs it.
  const { getDomain } = await import('tldts')
  const site = getDomain(registry.hostname, { allowPrivateDomains: true })
  return site !== null && site === getDomain(realm.hostname, { allowPrivateDomains: true })
}
