import { type Digest, isDigest } from '@berth/oci/digest.ts'
import type { RepositoryName, TagName } from '@berth/oci/reference.ts'
import { ClientError } from '../client-error.ts'
import { pagesMax } from './api-requests.ts'
import { readEcrHost, withEcr } from './ecr-token.ts'
import { readRepository, readTags } from './image-details.ts'
import type { ImageDetails, KindApi, KindContext } from './kind.ts'

/** Amazon ECR's own interface, with the AWS credentials of the surroundings: the registry's token is of no use there. */
export class EcrApi implements KindApi {
  readonly #context: KindContext

  constructor(context: KindContext) {
    this.#context = context
  }

  async *listImages(
    repository: RepositoryName,
    signal?: AbortSignal,
  ): AsyncGenerator<ImageDetails, void> {
    const { DescribeImagesCommand } = await import('@aws-sdk/client-ecr')
    const pages = this.#pages(signal, async (client, nextToken, options) => {
      const input = { ...this.#named(repository), maxResults: 1000, nextToken }
      const answer = await client.send(new DescribeImagesCommand(input), options)
      return { items: answer.imageDetails ?? [], nextToken: answer.nextToken }
    })
    for await (const image of pages) {
      const digest = image.imageDigest ?? ''
      if (!isDigest(digest)) continue
      yield {
        digest,
        tags: readTags(image.imageTags ?? []),
        mediaType: image.imageManifestMediaType,
        size: image.imageSizeInBytes,
        pushedAt: image.imagePushedAt,
        lastPulledAt: image.lastRecordedPullTime,
      }
    }
  }

  async deleteImage(
    repository: RepositoryName,
    { digest }: { readonly digest: Digest },
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#delete(repository, { imageDigest: digest }, signal)
  }

  /** Throws `unsupported` for the last tag of an image, with which Amazon ECR would delete the image. */
  async deleteTag(repository: RepositoryName, tag: TagName, signal?: AbortSignal): Promise<void> {
    const { DescribeImagesCommand, ImageNotFoundException } = await import('@aws-sdk/client-ecr')
    const input = { ...this.#named(repository), imageIds: [{ imageTag: tag }] }
    const tags = await withEcr(this.#context, undefined, async (client) => {
      try {
        const answer = await client.send(new DescribeImagesCommand(input), optionsOf(signal))
        return answer.imageDetails?.[0]?.imageTags ?? []
      } catch (error) {
        if (error instanceof ImageNotFoundException) return []
        throw error
      }
    })
    if (tags.length === 0) return
    if (tags.length === 1) {
      throw new ClientError(
        'unsupported',
        `Amazon ECR deletes an image with its last tag, and ${tag} is the last one of its image in ${repository}.`,
        { next: 'Delete the image by its digest if that is meant.' },
      )
    }
    await this.#delete(repository, { imageTag: tag }, signal)
  }

  async *listRepositories(signal?: AbortSignal): AsyncGenerator<RepositoryName, void> {
    const { DescribeRepositoriesCommand } = await import('@aws-sdk/client-ecr')
    const { registryId } = this.#named('')
    const pages = this.#pages(signal, async (client, nextToken, options) => {
      const input = { registryId, maxResults: 1000, nextToken }
      const answer = await client.send(new DescribeRepositoriesCommand(input), options)
      return { items: answer.repositories ?? [], nextToken: answer.nextToken }
    })
    for await (const { repositoryName } of pages) yield* readRepository(repositoryName ?? '')
  }

  async #delete(
    repository: RepositoryName,
    imageId: { imageDigest: string } | { imageTag: string },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { BatchDeleteImageCommand } = await import('@aws-sdk/client-ecr')
    const input = { ...this.#named(repository), imageIds: [imageId] }
    const answer = await withEcr(this.#context, undefined, (client) =>
      client.send(new BatchDeleteImageCommand(input), optionsOf(signal)),
    )
    const failure = answer.failures?.find(({ failureCode }) => failureCode !== 'ImageNotFound')
    if (failure === undefined) return
    throw new ClientError(
      failure.failureCode === 'ImageReferencedByManifestList' ? 'unsupported' : 'denied',
      `Amazon ECR does not delete it from ${repository}: ${failure.failureReason ?? failure.failureCode ?? 'no reason was given'}`,
    )
  }

  async *#pages<T>(
    signal: AbortSignal | undefined,
    read: (
      client: Parameters<Parameters<typeof withEcr>[2]>[0],
      nextToken: string | undefined,
      options: { abortSignal?: AbortSignal },
    ) => Promise<{ items: readonly T[]; nextToken: string | undefined }>,
  ): AsyncGenerator<T, void> {
    let next: string | undefined
    for (let page = 0; page < pagesMax; page += 1) {
      const { items, nextToken } = await withEcr(this.#context, undefined, (client) =>
        read(client, next, optionsOf(signal)),
      )
      yield* items
      if (nextToken === undefined) return
      next = nextToken
    }
    throw new ClientError('serverFault', `The API of Amazon ECR has more than ${pagesMax} pages.`)
  }

  #named(repositoryName: string): { repositoryName: string; registryId: string | undefined } {
    return { repositoryName, registryId: readEcrHost(this.#context.registry)?.account }
  }
}

function optionsOf(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal }
}
