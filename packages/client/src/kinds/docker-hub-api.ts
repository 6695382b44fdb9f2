import { type Digest, isDigest } from '@berth/oci/digest.ts'
import type { RepositoryName, TagName } from '@berth/oci/reference.ts'
import * as z from 'zod'
import { ClientError } from '../client-error.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { type ApiCall, ApiRequests, pagesMax } from './api-requests.ts'
import { readDate, readRepository, readTags } from './image-details.ts'
import type { ImageDetails, KindApi, KindContext, RegistryKind } from './kind.ts'

const moment = z.string().max(64).nullish()
const tags = z.object({
  next: z.string().max(4096).nullish(),
  results: z.array(
    z.object({
      name: z.string().max(200),
      digest: z.string().max(200).nullish(),
      media_type: z.string().max(200).nullish(),
      full_size: z.number().nullish(),
      tag_last_pushed: moment,
      tag_last_pulled: moment,
      images: z.array(z.object({ digest: z.string().max(200).nullish() })).nullish(),
    }),
  ),
})
const repositories = z.object({
  next: z.string().max(4096).nullish(),
  results: z.array(
    z.object({ name: z.string().max(300), namespace: z.string().max(100).nullish() }),
  ),
})
const session = z.object({ access_token: z.string().min(1).max(65_536) })

/** A session of the interface is good for ten minutes or more; it is asked for anew well before. */
const sessionMs = 5 * 60 * 1000

/**
 * Docker Hub's own interface, at hub.docker.com or where `BERTH_DOCKER_HUB_API` says. It knows tags only: a manifest
 * goes when no tag is left on it, some time later.
 */
export class DockerHubApi implements KindApi {
  readonly #base: string
  readonly #requests: ApiRequests
  readonly #signIn: ApiRequests
  readonly #account: Extract<Credentials, { kind: 'password' }> | undefined
  #session: { readonly token: string; readonly until: number } | undefined

  constructor(
    { env, registry, transport }: KindContext,
    credentials: Credentials,
    explain: RegistryKind['explainRefusal'],
  ) {
    this.#base = (env.BERTH_DOCKER_HUB_API ?? 'https://hub.docker.com').replace(/\/+$/, '')
    this.#account = credentials.kind === 'password' ? credentials : undefined
    const isSignedIn = this.#account !== undefined
    const shared = { registry, transport, title: 'The API of Docker Hub', isSignedIn, explain }
    this.#signIn = new ApiRequests({ ...shared, headers: () => Promise.resolve({}) })
    this.#requests = new ApiRequests({ ...shared, headers: () => this.#headers() })
  }

  async *listImages(
    repository: RepositoryName,
    signal?: AbortSignal,
  ): AsyncGenerator<ImageDetails, void> {
    // Tags come one by one, in the order in which they were set: those of one image are only together at the end.
    const images = new Map<Digest, ImageDetails>()
    const url = new URL(`${this.#base}${repositoryPath(repository)}/tags?page_size=100`)
    for await (const tag of this.#all({ url, action: 'list', repository, signal }, tags)) {
      const digest = tag.digest ?? (tag.images?.length === 1 ? tag.images[0]?.digest : undefined)
      if (digest === undefined || digest === null || !isDigest(digest)) continue
      const known = images.get(digest)
      images.set(digest, {
        digest,
        tags: [...(known?.tags ?? []), ...readTags([tag.name])],
        mediaType: tag.media_type ?? undefined,
        size: tag.full_size ?? undefined,
        pushedAt: later(known?.pushedAt, readDate(tag.tag_last_pushed)),
        lastPulledAt: later(known?.lastPulledAt, readDate(tag.tag_last_pulled)),
      })
    }
    yield* images.values()
  }

  async deleteImage(
    repository: RepositoryName,
    image: { readonly tags: readonly TagName[] },
    signal?: AbortSignal,
  ): Promise<void> {
    for (const tag of image.tags) await this.deleteTag(repository, tag, signal)
  }

  async deleteTag(repository: RepositoryName, tag: TagName, signal?: AbortSignal): Promise<void> {
    const url = new URL(`${this.#base}/v2/repositories/${repository}/tags/${tag}/`)
    await this.#requests.change({ method: 'DELETE', url, action: 'delete', repository, signal })
  }

  async *listRepositories(signal?: AbortSignal): AsyncGenerator<RepositoryName, void> {
    const namespace = this.#account?.username
    if (namespace === undefined) {
      throw new ClientError(
        'unauthenticated',
        'Docker Hub lists repositories of an account only.',
        {
          next: 'Run "berth login docker.io".',
        },
      )
    }
    const owner = encodeURIComponent(namespace)
    const url = new URL(`${this.#base}/v2/namespaces/${owner}/repositories?page_size=100`)
    for await (const { name, namespace: whose } of this.#all(
      { url, action: 'list', signal },
      repositories,
    )) {
      yield* readRepository(`${whose ?? namespace}/${name}`)
    }
  }

  async *#all<Item>(
    first: ApiCall,
    schema: z.ZodType<{ next?: string | null | undefined; results: Item[] }>,
  ): AsyncGenerator<Item, void> {
    let call = first
    for (let page = 0; page < pagesMax; page += 1) {
      const { body } = await this.#requests.read(call, schema)
      yield* body.results
      if (body.next === undefined || body.next === null || body.next === '') return
      call = { ...call, url: this.#requests.sameOrigin(body.next, call.url) }
    }
    throw new ClientError('serverFault', `The API of Docker Hub has more than ${pagesMax} pages.`)
  }

  async #headers(): Promise<Readonly<Record<string, string>>> {
    if (this.#account === undefined) return {}
    if (this.#session === undefined || this.#session.until < Date.now()) {
      const { username, password } = this.#account
      const url = new URL(`${this.#base}/v2/auth/token`)
      const body = { identifier: username, secret: password }
      const answer = await this.#signIn.read({ method: 'POST', url, action: 'list', body }, session)
      this.#session = { token: answer.body.access_token, until: Date.now() + sessionMs }
    }
    return { Authorization: `Bearer ${this.#session.token}` }
  }
}

function repositoryPath(repository: RepositoryName): string {
  const slash = repository.indexOf('/')
  const namespace = repository.slice(0, slash)
  return `/v2/namespaces/${namespace}/repositories/${encodeURIComponent(repository.slice(slash + 1))}`
}

function later(first: Date | undefined, second: Date | undefined): Date | undefined {
  if (first === undefined || second === undefined) return first ?? second
  return first > second ? first : second
}
