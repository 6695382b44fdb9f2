import { randomBytes } from 'node:crypto'
import { type Account, mayDo } from './accounts.ts'
import { bearerOf, type Front, type FrontRequest, type Reply, type StandIn } from './front.ts'
import { insufficientScope, TokenService } from './token-service.ts'

/** Docker Hub, whose repositories anybody may read here, and below `/hub` its own interface. Pages of it hold two tags. */
export function standInDockerHub(front: Front): StandIn {
  const tokens = new TokenService({
    front,
    realmPath: '/token',
    service: () => 'registry.docker.io',
    isPublic: true,
    wrongSecret: { status: 401, body: { details: 'incorrect username or password' } },
    missingRight: insufficientScope,
  })
  const hub = new HubInterface(front)
  return {
    admit: (request) => tokens.admit(request),
    answer: (request) => tokens.answer(request) ?? hub.answer(request),
  }
}

const pageSize = 2

class HubInterface {
  readonly #front: Front
  readonly #sessions = new Map<string, Account>()

  constructor(front: Front) {
    this.#front = front
  }

  async answer(request: FrontRequest): Promise<Reply | undefined> {
    const { url, method, headers } = request
    if (!url.pathname.startsWith('/hub/')) return undefined
    const path = url.pathname.slice('/hub'.length)
    if (path === '/v2/auth/token' && method === 'POST') return await this.#signIn(request)
    const account = this.#sessions.get(bearerOf(headers) ?? '')
    if (account === undefined) return { status: 401, body: { detail: 'Unauthorized' } }
    const list = /^\/v2\/namespaces\/([^/]+)\/repositories$/.exec(path)
    if (list !== null) return await this.#repositories(list[1] ?? '')
    const tags = /^\/v2\/namespaces\/([^/]+)\/repositories\/([^/]+)\/tags$/.exec(path)
    if (tags !== null) return await this.#tags(`${tags[1]}/${tags[2]}`, url)
    const tag = /^\/v2\/repositories\/([^/]+\/[^/]+)\/tags\/([^/]+)\/$/.exec(path)
    if (tag === null || method !== 'DELETE') return undefined
    if (!mayDo(account, 'delete')) {
      return { status: 403, body: { detail: 'access token has insufficient scopes' } }
    }
    const images = await this.#front.backend.images(tag[1] ?? '')
    if (!(images ?? []).some(({ tags: names }) => names.includes(tag[2] ?? ''))) {
      return { status: 404, body: { detail: 'Object not found' } }
    }
    await this.#front.backend.deleteTag(tag[1] ?? '', tag[2] ?? '')
    return { status: 204 }
  }

  async #signIn(request: FrontRequest): Promise<Reply> {
    const { identifier, secret } = JSON.parse(await request.text()) as Record<string, string>
    const account = this.#front.account(identifier, secret)
    if (account === undefined)
      return { status: 401, body: { detail: 'Incorrect authentication credentials' } }
    const token = randomBytes(16).toString('hex')
    this.#sessions.set(token, account)
    return { status: 200, body: { access_token: token } }
  }

  async #repositories(namespace: string): Promise<Reply> {
    const names = await this.#front.backend.repositories()
    const results = names
      .filter((name) => name.startsWith(`${namespace}/`))
      .map((name) => ({ name: name.slice(namespace.length + 1), namespace }))
    return { status: 200, body: { count: results.length, next: null, results } }
  }

  async #tags(repository: string, url: URL): Promise<Reply> {
    const images = await this.#front.backend.images(repository)
    if (images === undefined) return { status: 404, body: { message: 'object not found' } }
    const tags = images.flatMap(({ digest, mediaType, createdAt, tags: names }) =>
      names.map((name) => ({
        name,
        digest,
        media_type: mediaType,
        full_size: 1000,
        tag_last_pushed: createdAt,
        tag_last_pulled: null,
        images: [{ digest }],
      })),
    )
    const page = Number(url.searchParams.get('page') ?? '1')
    const next = new URL(url)
    next.searchParams.set('page', String(page + 1))
    const hasMore = page * pageSize < tags.length
    const results = tags.slice((page - 1) * pageSize, page * pageSize)
    return { status: 200, body: { count: tags.length, next: hasMore ? next.href : null, results } }
  }
}
