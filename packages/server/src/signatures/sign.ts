import type { Digest } from '@berth/oci/digest.ts'
import type { Reference, RepositoryName } from '@berth/oci/reference.ts'
import { Readable } from 'node:stream'
import type { Permit } from '../registry/admission.ts'
import type { Manifests } from '../registry/manifests.ts'
import type { Uploads } from '../registry/uploads.ts'
import type { SigningKeys } from './keys.ts'
import type { SignatureVerification } from './verification.ts'

/** Signs images with the keys that Berth holds, and stores the signatures as cosign 3 does. */
export class ImageSigning {
  readonly #keys: SigningKeys
  readonly #manifests: Manifests
  readonly #uploads: Uploads
  readonly #verification: SignatureVerification
  readonly #now: () => number

  constructor(parts: {
    keys: SigningKeys
    manifests: Manifests
    uploads: Uploads
    verification: SignatureVerification
    now: () => number
  }) {
    this.#keys = parts.keys
    this.#manifests = parts.manifests
    this.#uploads = parts.uploads
    this.#verification = parts.verification
    this.#now = parts.now
  }

  /**
   * Signs a manifest and pushes the signature beside it as `permit`. `mayUse` says whether the caller may sign with the
   * keys of a project, and throws when not. Throws `manifestUnknown`, `notFound` and `conflict` for the key, and what a
   * push may be refused with.
   */
  async sign(request: {
    readonly repository: RepositoryName
    readonly reference: Reference
    readonly key: string
    readonly annotations: Readonly<Record<string, string>>
    readonly permit: Permit
    readonly mayUse: (project: string) => Promise<void>
  }): Promise<{ digest: Digest; signature: Digest }> {
    const { repository, permit } = request
    const image = await this.#manifests.getManifest(repository, request.reference)
    const { referrerManifest } = await import('@berth/signing/publish.ts')
    const { signImage } = await import('@berth/signing/sign.ts')
    const { signer, project } = await this.#keys.signer(repository, request.key)
    await request.mayUse(project)
    const artifact = await signImage({
      subject: { digest: image.digest },
      signer,
      annotations: request.annotations,
    })
    const upload = referrerManifest(artifact, image, new Date(this.#now()))
    for (const { digest, bytes } of upload.blobs) {
      const body = {
        stream: Readable.from([bytes]),
        length: bytes.length,
        range: undefined,
        expectedOffset: undefined,
      }
      await this.#uploads.putBlob({ repository, permit, digest, body })
    }
    const { digest } = await this.#manifests.putManifest({
      repository,
      permit,
      reference: { kind: 'digest', digest: upload.digest },
      tags: [],
      contentType: upload.mediaType,
      payload: upload.manifest,
    })
    // The push has asked for it too; whoever signs wants to see at once that it counts.
    await this.#verification.verify(repository, image.digest)
    return { digest: image.digest, signature: digest }
  }
}
