import { ClientError, isClientError } from '@berth/client/client-error.ts'
import { formatImageReference, type ImageReference } from '@berth/client/image-reference.ts'
import type { Environment } from '@berth/client/transport/transport.ts'
import { parseTagName } from '@berth/oci/reference.ts'
import { type EngineName, engineNames } from '../engines/engine.ts'
import { openEngine } from '../engines/find-engine.ts'
import type { Location } from '../location.ts'

/**
 * The engine that holds an image of this name; asked are all that answer, or the one that is named. Throws `notFound`
 * with whom was asked, `toolMissing` when no engine answers.
 */
export async function findLocalImage(
  reference: ImageReference,
  only: EngineName | undefined,
  env: Environment,
  signal: AbortSignal,
): Promise<Location> {
  const tag = reference.tag ?? parseTagName('latest')
  const image = formatImageReference({ ...reference, tag, digest: undefined })
  const asked: string[] = []
  for (const name of only === undefined ? engineNames : [only]) {
    const engine = await openEngine(name, env, signal).catch((error: unknown) => {
      if (only === undefined && isClientError(error, 'toolMissing', 'toolFailed')) return undefined
      throw error
    })
    if (engine === undefined) continue
    asked.push(name)
    const found = await engine.findImage(image, signal)
    if (found !== undefined) return { kind: 'engine', engine: name, image }
  }
  if (asked.length === 0) {
    throw new ClientError('toolMissing', 'There is no container engine here that answers.', {
      next: `Run "berth doctor", or name a folder or a file as the source: berth push oci:./out ${image}`,
    })
  }
  throw new ClientError(
    'notFound',
    `${image} is not on this machine (asked: ${asked.join(', ')}).`,
    {
      next: 'Build or tag it under this name, or give source and target: berth push docker:api:dev ghcr.io/acme/api:1.0',
    },
  )
}
