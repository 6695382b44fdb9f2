import { ClientError } from '@berth/client/client-error.ts'
import { formatImageReference, type ImageReference } from '@berth/client/image-reference.ts'
import type { RemoteRepository } from '@berth/client/registry/remote-repository.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { CommandContext } from '../context.ts'
import { parseTagArgument } from '../image-argument.ts'

/** The image that is signed: its repository, and what its tag points at now. Throws `notFound`. */
export async function openSubject(
  context: CommandContext,
  image: ImageReference,
): Promise<{ place: RemoteRepository; subject: Descriptor; name: string }> {
  const place = (await context.client()).repository(image)
  const { digest, tag } = image
  const reference =
    digest === undefined
      ? ({ kind: 'tag', tag: tag ?? parseTagArgument('latest') } as const)
      : ({ kind: 'digest', digest } as const)
  const name = formatImageReference(image)
  const subject = await place.resolveForPush(reference, context.signal)
  if (subject === undefined) throw new ClientError('notFound', `There is no ${name}.`)
  return { place, subject, name }
}
