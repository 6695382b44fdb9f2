import {
  ApiProblem,
  type ClientAnswer,
  type ClientCredentials,
  type ClientRequest,
  createClient,
} from '@berth/api/client.ts'
import type { Route } from '@berth/api/route.ts'
import { deleteManifest, listManifests } from '@berth/api/manifests.ts'
import { listProjects } from '@berth/api/projects.ts'
import { readInstanceUsage, readProjectUsage } from '@berth/api/quotas.ts'
import { listRepositories } from '@berth/api/repositories.ts'
import { deleteTag, listTags } from '@berth/api/tags.ts'
import { type Digest, isDigest } from '@berth/oci/digest.ts'
import type { RepositoryName, TagName } from '@berth/oci/reference.ts'
import { ClientError } from '../client-error.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { transportFetch } from '../transport/transport-fetch.ts'
import { readDate, readRepository, readTags } from './image-details.ts'
import type {
  ImageDetails,
  KindApi,
  KindContext,
  Quota,
  RegistryAction,
  RegistryKind,
} from './kind.ts'
import { findOrigin } from './probe.ts'

type Client = ReturnType<typeof createClient>
type Call = {
  readonly action: RegistryAction
  readonly repository?: RepositoryName | undefined
}

const pageSize = 200
/** More tags than that in one repository are more than a list is good for. */
const tagsMax = 1_000_000

/** Berth's management interface. */
export class BerthApi implements KindApi {
  readonly #context: KindContext
  readonly #credentials: Credentials
  readonly #explain: RegistryKind['explainRefusal']
  #client: Promise<Client> | undefined

  constructor(
    context: KindContext,
    credentials: Credentials,
    explain: RegistryKind['explainRefusal'],
  ) {
    this.#context = context
    this.#credentials = credentials
    this.#explain = explain
  }

  /**
   * One request on any route of the interface. Throws `inputInvalid` with every fault that the server names, `notFound`
   * and the refusals of `explainRefusal`, each with the server's own words.
   */
  async call<R extends Route>(route: R, request: ClientRequest<R>): Promise<ClientAnswer<R>> {
    const client = await this.#open()
    try {
      return await client.call(route, request)
    } catch (error) {
      throw this.#explainProblem(error)
    }
  }

  /** The answer as it comes, for routes that stream. Throws as `call`. */
  async stream<R extends Route>(route: R, request: ClientRequest<R>): Promise<Response> {
    const client = await this.#open()
    try {
      return await client.stream(route, request)
    } catch (error) {
      throw this.#explainProblem(error)
    }
  }

  #explainProblem(error: unknown): unknown {
    if (!(error instanceof ApiProblem)) return error
    const { status, errors } = error
    const options = { status, cause: error }
    if (status === 404) return new ClientError('notFound', error.message, options)
    if (status === 400 || status === 409 || status === 412) {
      const faults = errors.map(({ path, message }) => `${path}: ${message}`)
      const text = [error.message, ...faults.slice(0, 20)].join('\n  ')
      return new ClientError('inputInvalid', text, options)
    }
    return this.#errorOf(error, { action: 'list' })
  }

  async *listImages(
    repository: RepositoryName,
    signal?: AbortSignal,
  ): AsyncGenerator<ImageDetails, void> {
    // The list of manifests names ten tags of each at most, and not when they were set.
    const tags = await this.#tagsByDigest(repository, signal)
    const client = await this.#open()
    const pages = client.pages(listManifests, {
      params: { repository },
      query: { limit: pageSize },
      ...(signal !== undefined && { signal }),
    })
    for await (const page of this.#guarded(pages, { action: 'list', repository })) {
      for (const { digest, mediaType, subject, createdAt } of page) {
        if (!isDigest(digest)) continue
        const set = tags.get(digest)
        yield {
          digest,
          tags: set?.names ?? [],
          mediaType,
          subject: subject !== null && isDigest(subject) ? subject : null,
          pushedAt: set?.updatedAt ?? readDate(createdAt),
        }
      }
    }
  }

  async deleteImage(
    repository: RepositoryName,
    { digest }: { readonly digest: Digest },
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#change({ action: 'delete', repository }, (client) =>
      client.call(deleteManifest, {
        params: { repository, digest },
        ...(signal !== undefined && { signal }),
      }),
    )
  }

  async deleteTag(repository: RepositoryName, tag: TagName, signal?: AbortSignal): Promise<void> {
    await this.#change({ action: 'delete', repository }, (client) =>
      client.call(deleteTag, {
        params: { repository, tag },
        ...(signal !== undefined && { signal }),
      }),
    )
  }

  async *listRepositories(signal?: AbortSignal): AsyncGenerator<RepositoryName, void> {
    const client = await this.#open()
    const pages = client.pages(listRepositories, {
      query: { limit: pageSize },
      ...(signal !== undefined && { signal }),
    })
    for await (const page of this.#guarded(pages, { action: 'list' })) {
      for (const { name } of page) yield* readRepository(name)
    }
  }

  /** Of every project whose usage the caller may read, and of the instance for its administrators. */
  async readQuotas(signal?: AbortSignal): Promise<readonly Quota[]> {
    const client = await this.#open()
    const options = signal === undefined ? {} : { signal }
    const found: Quota[] = []
    const instance = await readable(() => client.call(readInstanceUsage, options))
    if (instance !== undefined) {
      found.push({
        owner: this.#context.registry,
        usedBytes: instance.body.bytes,
        limitBytes: instance.body.limits.find(({ project }) => project === '')?.bytes ?? undefined,
      })
    }
    const pages = client.pages(listProjects, { query: { limit: pageSize }, ...options })
    for await (const page of this.#guarded(pages, { action: 'list' })) {
      for (const { name } of page) {
        if (name === '') continue
        const params = { project: name }
        const usage = await readable(() => client.call(readProjectUsage, { params, ...options }))
        if (usage === undefined) continue
        // Those of the projects above hold as well; each is told with its own project.
        const own = usage.body.limits.find(({ project }) => project === name)
        found.push({
          owner: name,
          usedBytes: usage.body.bytes,
          limitBytes: own?.bytes ?? undefined,
        })
      }
    }
    return found
  }

  async #tagsByDigest(
    repository: RepositoryName,
    signal: AbortSignal | undefined,
  ): Promise<Map<string, { names: TagName[]; updatedAt: Date | undefined }>> {
    const client = await this.#open()
    const byDigest = new Map<string, { names: TagName[]; updatedAt: Date | undefined }>()
    let count = 0
    const pages = client.pages(listTags, {
      params: { repository },
      query: { limit: pageSize },
      ...(signal !== undefined && { signal }),
    })
    for await (const page of this.#guarded(pages, { action: 'list', repository })) {
      count += page.length
      if (count > tagsMax) {
        throw new ClientError('serverFault', `${repository} has more than ${tagsMax} tags.`)
      }
      for (const { name, digest, updatedAt } of page) {
        const known = byDigest.get(digest) ?? { names: [], updatedAt: undefined }
        const date = readDate(updatedAt)
        known.names.push(...readTags([name]))
        if (date !== undefined && (known.updatedAt ?? 0) < date) known.updatedAt = date
        byDigest.set(digest, known)
      }
    }
    return byDigest
  }

  async *#guarded<T>(pages: AsyncIterable<T>, call: Call): AsyncGenerator<T, void> {
    try {
      yield* pages
    } catch (error) {
      throw this.#errorOf(error, call)
    }
  }

  async #change(call: Call, act: (client: Client) => Promise<unknown>): Promise<void> {
    const client = await this.#open()
    try {
      await act(client)
    } catch (error) {
      // What is gone already is what was wanted.
      if (error instanceof ApiProblem && error.status === 404) return
      throw this.#errorOf(error, call)
    }
  }

  #open(): Promise<Client> {
    this.#client ??= findOrigin(this.#context).then((baseUrl) =>
      createClient({
        baseUrl,
        credentials: clientCredentials(this.#credentials),
        fetch: transportFetch(this.#context.transport),
      }),
    )
    return this.#client
  }

  #errorOf(error: unknown, { action, repository }: Call): unknown {
    if (!(error instanceof ApiProblem)) return error
    const { status, retryAfterSeconds } = error
    const { registry } = this.#context
    const said = `It says: ${error.message}`
    const options = { status, retryAfterSeconds, cause: error }
    if (status === 404) {
      return new ClientError(
        'notFound',
        `${registry} knows no ${repository ?? 'such thing'}.`,
        options,
      )
    }
    if (error.kind === 'tagImmutable') {
      return new ClientError('denied', `${registry} refuses: a tag is immutable. ${said}`, options)
    }
    if (status >= 500 || ![401, 403, 429].includes(status)) {
      return new ClientError(
        'serverFault',
        `${registry} answers with status ${status}. ${said}`,
        options,
      )
    }
    const isSignedIn = this.#credentials.kind !== 'anonymous'
    const { meaning, next } = this.#explain({
      action,
      registry,
      repository,
      status,
      codes: [],
      message: error.message,
      isSignedIn,
    })
    const kind = status === 401 ? 'unauthenticated' : status === 403 ? 'denied' : 'rateLimited'
    return new ClientError(kind, `${registry} refuses. ${meaning} ${said}`, { ...options, next })
  }
}

function clientCredentials(credentials: Credentials): ClientCredentials | undefined {
  switch (credentials.kind) {
    case 'password':
      return { kind: 'password', name: credentials.username, password: credentials.password }
    case 'accessToken':
    case 'identityToken':
      return { kind: 'token', token: credentials.token }
    case 'anonymous':
      return undefined
  }
}

/** What only some may read is left out for the others. */
async function readable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof ApiProblem && [401, 403, 404].includes(error.status)) return undefined
    throw error
  }
}
