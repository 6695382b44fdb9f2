import { type Digest, isDigest } from '@berth/oci/digest.ts'
import type { RepositoryName, TagName } from '@berth/oci/reference.ts'
import * as z from 'zod'
import { basic } from '../auth/tokens.ts'
import { ClientError } from '../client-error.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { type ApiCall, ApiRequests, pagesMax } from './api-requests.ts'
import { readDate, readRepository, readTags } from './image-details.ts'
import type { ImageDetails, KindApi, KindContext, Quota, RegistryKind } from './kind.ts'
import { findOrigin } from './probe.ts'

const pageSize = 100
const moment = z.string().max(64).nullish()
const artifacts = z.array(
  z.object({
    digest: z.string().max(200),
    manifest_media_type: z.string().max(200).nullish(),
    size: z.number().nullish(),
    push_time: moment,
    pull_time: moment,
    tags: z.array(z.object({ name: z.string().max(200) })).nullish(),
  }),
)
const repositories = z.array(z.object({ name: z.string().max(300) }))
const quotas = z.array(
  z.object({
    ref: z.object({ name: z.string().max(300).nullish() }).nullish(),
    hard: z.object({ storage: z.number().nullish() }).nullish(),
    used: z.object({ storage: z.number().nullish() }).nullish(),
  }),
)

/** Harbor's own interface, version 2.0. */
export class HarborApi implements KindApi {
  readonly #context: KindContext
  readonly #requests: ApiRequests
  #origin: Promise<string> | undefined

  constructor(
    context: KindContext,
    credentials: Credentials,
    explain: RegistryKind['explainRefusal'],
  ) {
    this.#context = context
    const headers = credentials.kind === 'password' ? { Authorization: basic(credentials) } : {}
    this.#requests = new ApiRequests({
      registry: context.registry,
      transport: context.transport,
      title: 'The API of Harbor',
      headers: () => Promise.resolve(headers),
      isSignedIn: credentials.kind === 'password',
      explain,
    })
  }

  async *listImages(
    repository: RepositoryName,
    signal?: AbortSignal,
  ): AsyncGenerator<ImageDetails, void> {
    const path = `${repositoryPath(repository)}/artifacts?with_tag=true`
    for await (const artifact of this.#all(
      path,
      { action: 'list', repository, signal },
      artifacts,
    )) {
      if (!isDigest(artifact.digest)) continue
      yield {
        digest: artifact.digest,
        tags: readTags((artifact.tags ?? []).map(({ name }) => name)),
        mediaType: artifact.manifest_media_type ?? undefined,
        size: artifact.size ?? undefined,
        pushedAt: readDate(artifact.push_time),
        lastPulledAt: readDate(artifact.pull_time),
      }
    }
  }

  async deleteImage(
    repository: RepositoryName,
    { digest }: { readonly digest: Digest },
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#delete(`${repositoryPath(repository)}/artifacts/${digest}`, repository, signal)
  }

  async deleteTag(repository: RepositoryName, tag: TagName, signal?: AbortSignal): Promise<void> {
    const path = `${repositoryPath(repository)}/artifacts/${tag}/tags/${tag}`
    await this.#delete(path, repository, signal)
  }

  async *listRepositories(signal?: AbortSignal): AsyncGenerator<RepositoryName, void> {
    for await (const { name } of this.#all(
      '/repositories?',
      { action: 'list', signal },
      repositories,
    )) {
      yield* readRepository(name)
    }
  }

  /** Of every project; only administrators of Harbor may read them. */
  async readQuotas(signal?: AbortSignal): Promise<readonly Quota[]> {
    const found: Quota[] = []
    const path = '/quotas?reference=project'
    for await (const { ref, hard, used } of this.#all(path, { action: 'list', signal }, quotas)) {
      const limit = hard?.storage ?? -1
      found.push({
        owner: ref?.name ?? '',
        usedBytes: used?.storage ?? 0,
        // Harbor writes -1 for "no limit".
        limitBytes: limit < 0 ? undefined : limit,
      })
    }
    return found
  }

  async *#all<Item>(
    path: string,
    call: Omit<ApiCall, 'url'>,
    schema: z.ZodType<Item[]>,
  ): AsyncGenerator<Item, void> {
    for (let page = 1; page <= pagesMax; page += 1) {
      const url = await this.#url(`${path}&page=${page}&page_size=${pageSize}`)
      const { body } = await this.#requests.read({ ...call, url }, schema)
      yield* body
      if (body.length < pageSize) return
    }
    throw new ClientError('serverFault', `The API of Harbor has more than ${pagesMax} pages.`)
  }

  async #delete(
    path: string,
    repository: RepositoryName,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const url = await this.#url(path)
    await this.#requests.change({ method: 'DELETE', url, action: 'delete', repository, signal })
  }

  async #url(path: string): Promise<URL> {
    this.#origin ??= findOrigin(this.#context)
    return new URL(`/api/v2.0${path}`, await this.#origin)
  }
}

/** Slashes of the name behind the project are escaped twice: a proxy in front of Harbor takes one away. */
function repositoryPath(repository: RepositoryName): string {
  const slash = repository.indexOf('/')
  if (slash === -1) {
    throw new ClientError(
      'referenceInvalid',
      `"${repository}" names no repository of Harbor: it is <project>/<repository>.`,
    )
  }
  const name = encodeURIComponent(encodeURIComponent(repository.slice(slash + 1)))
  return `/projects/${repository.slice(0, slash)}/repositories/${name}`
}
