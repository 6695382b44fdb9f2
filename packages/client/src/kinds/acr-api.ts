import { type Digest, isDigest } from '@berth/oci/digest.ts'
import type { RepositoryName, TagName } from '@berth/oci/reference.ts'
import * as z from 'zod'
import type { Credentials } from '../credentials/credentials.ts'
import { ApiRequests } from './api-requests.ts'
import { readDate, readRepository, readTags } from './image-details.ts'
import type { ImageDetails, KindApi, KindContext, RegistryKind } from './kind.ts'
import { RegistryAuthorization } from './registry-authorization.ts'

const moment = z.string().max(64).nullish()
const manifests = z.object({
  manifests: z
    .array(
      z.object({
        digest: z.string().max(200),
        imageSize: z.number().nullish(),
        mediaType: z.string().max(200).nullish(),
        createdTime: moment,
        lastUpdateTime: moment,
        tags: z.array(z.string().max(200)).nullish(),
      }),
    )
    .nullish(),
})
const catalog = z.object({ repositories: z.array(z.string().max(300)).nullish() })

/** Azure's metadata interface, at the registry itself and with its tokens. */
export class AcrApi implements KindApi {
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
      title: context.registry,
      headers: ({ action, repository, signal }) => {
        const right = action === 'delete' ? 'delete' : 'metadata_read'
        const scope =
          repository === undefined ? 'registry:catalog:*' : `repository:${repository}:${right}`
        return this.#authorization.headers([scope], signal)
      },
      isSignedIn: credentials.kind !== 'anonymous',
      explain,
    })
  }

  async *listImages(
    repository: RepositoryName,
    signal?: AbortSignal,
  ): AsyncGenerator<ImageDetails, void> {
    const url = await this.#url(`/acr/v1/${repository}/_manifests?n=100`)
    const call = { url, action: 'list', repository, signal } as const
    for await (const page of this.#requests.pages(call, manifests)) {
      for (const image of page.manifests ?? []) {
        if (!isDigest(image.digest)) continue
        yield {
          digest: image.digest,
          tags: readTags(image.tags ?? []),
          mediaType: image.mediaType ?? undefined,
          size: image.imageSize ?? undefined,
          pushedAt: readDate(image.lastUpdateTime) ?? readDate(image.createdTime),
        }
      }
    }
  }

  async deleteImage(
    repository: RepositoryName,
    { digest }: { readonly digest: Digest },
    signal?: AbortSignal,
  ): Promise<void> {
    const url = await this.#url(`/v2/${repository}/manifests/${digest}`)
    await this.#requests.change({ method: 'DELETE', url, action: 'delete', repository, signal })
  }

  async deleteTag(repository: RepositoryName, tag: TagName, signal?: AbortSignal): Promise<void> {
    const url = await this.#url(`/acr/v1/${repository}/_tags/${tag}`)
    await this.#requests.change({ method: 'DELETE', url, action: 'delete', repository, signal })
  }

  async *listRepositories(signal?: AbortSignal): AsyncGenerator<RepositoryName, void> {
    const url = await this.#url('/acr/v1/_catalog?n=100')
    for await (const page of this.#requests.pages({ url, action: 'list', signal }, catalog)) {
      for (const name of page.repositories ?? []) yield* readRepository(name)
    }
  }

  async #url(path: string): Promise<URL> {
    return new URL(path, await this.#authorization.origin())
  }
}
