import { copyImage } from '@berth/client/copy/copy-image.ts'
import { CopySession } from '@berth/client/copy/copy-session.ts'
import { isClientError } from '@berth/client/client-error.ts'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { Output } from '../output.ts'
import type { Built } from './build-work.ts'

/**
 * Pushes what was built. Of each image everything is in the registry before its tags are set, and a layer that several
 * share is sent once. Gives what could not be pushed, by service; throws `cancelled`.
 */
export async function pushImages(
  built: readonly Built[],
  parts: {
    readonly client: RegistryClient
    readonly output: Output
    readonly signal: AbortSignal
  },
): Promise<ReadonlyMap<string, unknown>> {
  const { client, output, signal } = parts
  const faults = new Map<string, unknown>()
  await output.withProgress(async ({ onTransfer }) => {
    const session = new CopySession({ onTransfer, signal })
    await Promise.all(
      built.map(async ({ plan, image }) => {
        const { service, tags } = plan
        const request = { reference: image.reference, tags, referrers: false }
        try {
          await copyImage(image.source, client.repository(service.address), request, session)
        } catch (error) {
          if (signal.aborted || isClientError(error, 'cancelled')) throw error
          faults.set(service.name, error)
        }
      }),
    )
  })
  return faults
}
