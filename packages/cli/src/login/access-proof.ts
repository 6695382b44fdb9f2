import { type ClientError, isClientError } from '@berth/client/client-error.ts'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { LoginTarget } from './login-target.ts'

/** Whether one thing may be done. `undefined` stands for what was not tried. */
export type Permission = {
  readonly isAllowed: boolean
  /** Which right is missing, and what to do about it; with `isAllowed` neither. */
  readonly fault: ClientError | undefined
}

export type AccessProof = {
  readonly pull: Permission | undefined
  readonly push: Permission | undefined
}

/**
 * Tries what the credentials of the client are good for: whether the registry takes them at all, and on a repository by
 * asking for its tags and by really starting an upload, which is cancelled. Throws what is wrong with the credentials
 * themselves, and whatever stands in the way of trying.
 */
export async function proveAccess(
  client: RegistryClient,
  { registry, repository }: LoginTarget,
  signal: AbortSignal,
): Promise<AccessProof> {
  await client.checkCredentials(registry, signal)
  if (repository === undefined) return { pull: undefined, push: undefined }
  const target = client.repository({ registry, repository })
  return {
    pull: await permission(() => target.checkPull(signal)),
    push: await permission(() => target.checkPush(signal)),
  }
}

async function permission(attempt: () => Promise<void>): Promise<Permission> {
  try {
    await attempt()
    return { isAllowed: true, fault: undefined }
  } catch (error) {
    if (!isClientError(error, 'denied', 'unauthenticated', 'notFound', 'unsupported')) throw error
    return { isAllowed: false, fault: error }
  }
}
