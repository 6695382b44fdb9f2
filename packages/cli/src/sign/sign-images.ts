import { signManifest } from '@berth/api/signatures.ts'
import type { ImageReference } from '@berth/client/image-reference.ts'
import { signImage, signImageForTag } from '@berth/signing/sign.ts'
import type { CommandContext } from '../context.ts'
import { publishSignature } from './publish.ts'
import { explained, type openSigner } from './signer.ts'
import { openSubject } from './subject.ts'

/** What was signed, and the manifest that carries the signature. */
export type Signed = {
  readonly image: string
  readonly digest: string
  readonly signature: string
}

/** Signs one image and stores the signature beside it. Throws `notFound`, and whatever registry or service refuses. */
export type SignOne = (image: ImageReference) => Promise<Signed>

/** Signs on this machine. */
export function signingHere(
  context: CommandContext,
  { signer, witnesses }: Awaited<ReturnType<typeof openSigner>>,
  options: {
    readonly annotations?: Readonly<Record<string, string>>
    /** As cosign 2 does. */
    readonly forTag?: boolean | undefined
  } = {},
): SignOne {
  const { annotations = {}, forTag = false } = options
  return async (image) => {
    const { place, subject, name } = await openSubject(context, image)
    const request = { subject, signer, witnesses, annotations }
    const artifact = await explained(() =>
      forTag
        ? signImageForTag({ ...request, reference: `${image.registry}/${image.repository}` })
        : signImage(request),
    )
    const signature = await publishSignature(place, artifact, subject, context.signal)
    return { image: name, digest: subject.digest, signature }
  }
}

/** Has the Berth of the image sign, with a key that it holds. */
export function signingThere(
  context: CommandContext,
  key: string,
  annotations: Readonly<Record<string, string>> = {},
): SignOne {
  return async (image) => {
    const { signal } = context
    const api = await (await context.client()).berthApi(image.registry, signal)
    const { body } = await api.call(signManifest, {
      params: {
        repository: image.repository,
        reference: image.digest ?? image.tag ?? 'latest',
      },
      body: { key, annotations },
      signal,
    })
    const { name } = await openSubject(context, image)
    return { image: name, ...body }
  }
}
