import { type Digest, isDigest } from '@berth/oci/digest.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import * as z from 'zod'
import type { Credentials } from '../credentials/credentials.ts'
import { ApiRequests } from './api-requests.ts'
import { readTags } from './image-details.ts'
import type { ImageDetails, KindApi, KindContext, RegistryKind } from './kind.ts'
import { RegistryAuthorization } from './registry-authorization.ts'

const milliseconds = z.string().max(32).nullish()
const tagList = z.object({
  /** Google's own addition to the answer: everything about each manifest, by digest. */
  manifest: z
    .record(
      z.string(),
      z.object({
        imageSizeBytes: z.string().max(32).nullish(),
        mediaType: z.string().max(200).nullish(),
        tag: z.array(z.string().max(200)).nullish(),
        timeUploadedMs: milliseconds,
      }),
    )
    .optional(),
})

/** What Google's registries add to the protocol: the list of tags tells of every manifest, untagged ones too. */
export class GoogleApi implements KindApi {
  readonly #authorization: RegistryAuthorization
  readonly #requests: ApiRequests

  constructor(
    context: KindContext,
    credentials: Credentials,
    explain: RegistryKind['explainRefusal'],
  ) {
    this.#authorization = new RegistryAuthorization(context, credentials)
    this.#requests = new ApiRequests({
      registry: context.registry,
      transport: context.transport,
      title: 'Google',
      headers: ({ repository = '', signal }) =>
        this.#authorization.headers([`repository:${repository}:pull`], signal),
      isSignedIn: credentials.kind !== 'anonymous',
      explain,
    })
  }

  async *listImages(
    repository: RepositoryName,
    signal?: AbortSignal,
  ): AsyncGenerator<ImageDetails, void> {
    const url = new URL(`/v2/${repository}/tags/list`, await this.#authorization.origin())
    const call = { url, action: 'list', repository, signal } as const
    const seen = new Set<Digest>()
    for await (const { manifest = {} } of this.#requests.pages(call, tagList)) {
      for (const [digest, { imageSizeBytes, mediaType, tag, timeUploadedMs }] of Object.entries(
        manifest,
      )) {
        if (!isDigest(digest) || seen.has(digest)) continue
        seen.add(digest)
        const uploaded = Number(timeUploadedMs ?? 0)
        yield {
          digest,
          tags: readTags(tag ?? []),
          mediaType: mediaType ?? undefined,
          size: readSize(imageSizeBytes),
          pushedAt: uploaded > 0 ? new Date(uploaded) : undefined,
        }
      }
    }
  }
}

function readSize(text: string | null | undefined): number | undefined {
  const size = Number(text ?? Number.NaN)
  return Number.isSafeInteger(size) && size >= 0 ? size : undefined
}
