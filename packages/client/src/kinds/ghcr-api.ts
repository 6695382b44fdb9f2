import { type Digest, isDigest } from '@berth/oci/digest.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import * as z from 'zod'
import { ClientError, isClientError } from '../client-error.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { ApiRequests } from './api-requests.ts'
import { readDate, readRepository, readTags } from './image-details.ts'
import type { ImageDetails, KindApi, KindContext, RegistryKind } from './kind.ts'

const versions = z.array(
  z.object({
    id: z.int(),
    /** The digest. */
    name: z.string().max(200),
    created_at: z.string().max(64).nullish(),
    updated_at: z.string().max(64).nullish(),
    metadata: z
      .object({
        container: z.object({ tags: z.array(z.string().max(200)).max(100_000) }).nullish(),
      })
      .nullish(),
  }),
)
const packages = z.array(
  z.object({
    name: z.string().max(300),
    owner: z.object({ login: z.string().max(100) }).nullish(),
  }),
)
const organisations = z.array(z.object({ login: z.string().max(100) }))
const account = z.object({ type: z.string().max(40) })

/** GitHub's packages interface, at `GITHUB_API_URL` where that is set. A tag alone cannot be taken away there. */
export class GhcrApi implements KindApi {
  readonly #base: string
  readonly #requests: ApiRequests
  /** `/orgs/acme` or `/users/ann`, by owner. */
  readonly #owners = new Map<string, Promise<string>>()
  /** Of what was listed: ids by `owner/package` and digest. */
  readonly #ids = new Map<string, Map<Digest, number>>()

  constructor(
    { env, registry, transport }: KindContext,
    credentials: Credentials,
    explain: RegistryKind['explainRefusal'],
  ) {
    this.#base = (env.GITHUB_API_URL ?? 'https://api.github.com').replace(/\/+$/, '')
    const token = credentials.kind === 'password' ? credentials.password : undefined
    this.#requests = new ApiRequests({
      registry,
      transport,
      title: 'The API of GitHub',
      headers: () =>
        Promise.resolve({
          Accept: 'application/vnd.github+json',
          'X-GitHub-Api-Version': '2022-11-28',
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        }),
      isSignedIn: token !== undefined,
      explain,
    })
  }

  async *listImages(
    repository: RepositoryName,
    signal?: AbortSignal,
  ): AsyncGenerator<ImageDetails, void> {
    const ids = new Map<Digest, number>()
    const url = this.#url(`${await this.#packagePath(repository, signal)}/versions?per_page=100`)
    const call = { url, action: 'list', repository, signal } as const
    for await (const page of this.#requests.pages(call, versions)) {
      for (const { id, name, created_at, updated_at, metadata } of page) {
        if (!isDigest(name)) continue
        ids.set(name, id)
        yield {
          digest: name,
          tags: readTags(metadata?.container?.tags ?? []),
          pushedAt: readDate(updated_at) ?? readDate(created_at),
        }
      }
    }
    this.#ids.set(repository, ids)
  }

  async deleteImage(
    repository: RepositoryName,
    { digest }: { readonly digest: Digest },
    signal?: AbortSignal,
  ): Promise<void> {
    const id = await this.#idOf(repository, digest, signal)
    if (id === undefined) return
    const path = await this.#packagePath(repository, signal)
    const url = this.#url(`${path}/versions/${id}`)
    try {
      await this.#requests.change({ method: 'DELETE', url, action: 'delete', repository, signal })
    } catch (error) {
      if (!isClientError(error, 'unsupported')) throw error
      throw new ClientError(
        'unsupported',
        `GitHub does not delete the last tagged version of ghcr.io/${repository}.`,
        { next: 'Delete the whole package in its settings on github.com.', cause: error },
      )
    }
  }

  async *listRepositories(signal?: AbortSignal): AsyncGenerator<RepositoryName, void> {
    const owners = ['/user']
    const list = { url: this.#url('/user/orgs?per_page=100'), action: 'list', signal } as const
    for await (const page of this.#requests.pages(list, organisations)) {
      owners.push(...page.map(({ login }) => `/orgs/${encodeURIComponent(login)}`))
    }
    for (const owner of owners) {
      const url = this.#url(`${owner}/packages?package_type=container&per_page=100`)
      for await (const page of this.#requests.pages({ url, action: 'list', signal }, packages)) {
        for (const { name, owner: whose } of page) {
          yield* readRepository(`${whose?.login ?? ''}/${name}`.toLowerCase())
        }
      }
    }
  }

  async #idOf(
    repository: RepositoryName,
    digest: Digest,
    signal: AbortSignal | undefined,
  ): Promise<number | undefined> {
    if (!this.#ids.has(repository)) {
      for await (const _ of this.listImages(repository, signal)) {
        // Only the ids are wanted.
      }
    }
    return this.#ids.get(repository)?.get(digest)
  }

  async #packagePath(repository: RepositoryName, signal: AbortSignal | undefined): Promise<string> {
    const slash = repository.indexOf('/')
    if (slash === -1) {
      throw new ClientError(
        'referenceInvalid',
        `"ghcr.io/${repository}" names no package: it is ghcr.io/<owner>/<package>.`,
      )
    }
    const owner = repository.slice(0, slash)
    const name = encodeURIComponent(repository.slice(slash + 1))
    let known = this.#owners.get(owner)
    if (known === undefined) {
      known = this.#ownerPath(owner, signal)
      this.#owners.set(owner, known)
    }
    return `${await known}/packages/container/${name}`
  }

  async #ownerPath(owner: string, signal: AbortSignal | undefined): Promise<string> {
    const url = this.#url(`/users/${encodeURIComponent(owner)}`)
    const call = { url, action: 'list', repository: owner, signal } as const
    const { body } = await this.#requests.read(call, account)
    return body.type === 'Organization' ? `/orgs/${owner}` : `/users/${owner}`
  }

  #url(path: string): URL {
    return new URL(`${this.#base}${path}`)
  }
}
