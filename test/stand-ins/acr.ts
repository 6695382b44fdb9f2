import { randomBytes } from 'node:crypto'
import { type Account, accounts } from './accounts.ts'
import {
  basicOf,
  envelope,
  type Front,
  type FrontRequest,
  type Reply,
  type StandIn,
} from './front.ts'
import { TokenService, unauthorised } from './token-service.ts'

const pageSize = 2

/**
 * Azure's registry, Microsoft Entra below `/entra`, a metadata server and App Service's identity endpoint. Tokens of
 * scope maps and service principals have the accounts' names and secrets; the metadata server gives the owner.
 */
export function standInAcr(
  front: Front,
  { tokenSeconds = 3 * 3600 }: { tokenSeconds?: number },
): StandIn {
  const tokens = new TokenService({
    front,
    realmPath: '/oauth2/token',
    service: (host) => host,
    wrongSecret: {
      status: 401,
      body: envelope(
        'UNAUTHORIZED',
        'authentication required, visit https://aka.ms/acr/authorization for more information.',
      ),
    },
    missingRight: ({ repository, action }, challenge) =>
      unauthorised(
        `${challenge},error="insufficient_scope"`,
        `The client with that identity is not permitted to ${action} ${repository}, visit https://aka.ms/acr/authorization for more information.`,
      ),
  })
  const entra = new Entra(front, tokenSeconds)
  return {
    admit: (request) => tokens.admit(request),
    async answer(request) {
      const { url, method } = request
      if (url.pathname === '/oauth2/token' && method === 'POST') {
        const form = new URLSearchParams(await request.text())
        const account = entra.refresh(form.get('refresh_token') ?? '')
        if (account === undefined) {
          return { status: 401, body: envelope('UNAUTHORIZED', 'authentication required') }
        }
        return tokens.issue(account, form.getAll('scope'))
      }
      return (
        tokens.answer(request) ??
        (await entra.answer(request)) ??
        (await metadata(request, tokens, front))
      )
    },
  }
}

class Entra {
  readonly #front: Front
  readonly #tokenSeconds: number
  readonly #access = new Map<string, Account>()
  readonly #refresh = new Map<string, { account: Account; until: number }>()

  constructor(front: Front, tokenSeconds: number) {
    this.#front = front
    this.#tokenSeconds = tokenSeconds
  }

  refresh(token: string): Account | undefined {
    const found = this.#refresh.get(token)
    return found !== undefined && found.until > this.#front.now() ? found.account : undefined
  }

  async answer(request: FrontRequest): Promise<Reply | undefined> {
    const { url, headers } = request
    if (url.pathname === '/entra/acme-tenant/oauth2/v2.0/token')
      return await this.#clientToken(request)
    if (url.pathname === '/metadata/identity/oauth2/token') {
      return headers.metadata === 'true' ? this.#issue(accounts.owner) : { status: 400 }
    }
    if (url.pathname === '/msi/token') {
      return headers['x-identity-header'] === 'app-service-header'
        ? this.#issue(accounts.owner)
        : { status: 401 }
    }
    if (url.pathname === '/oauth2/exchange') return await this.#exchange(request)
    return undefined
  }

  async #clientToken(request: FrontRequest): Promise<Reply> {
    const form = new URLSearchParams(await request.text())
    const name = form.get('client_id') ?? ''
    // A federated token is `federated-` and the secret here; Entra would check whose signature it bears.
    const secret =
      form.get('client_secret') ?? form.get('client_assertion')?.replace('federated-', '')
    const known = Object.values(accounts).find((account) => account.name === name)
    if (known === undefined || known.secret !== secret) {
      return refusal(
        'invalid_client',
        `AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, for a secret added to app '${name}'.`,
      )
    }
    if (!this.#front.isAlive(known)) {
      return refusal(
        'invalid_client',
        `AADSTS7000222: The provided client secret keys for app '${name}' are expired.`,
      )
    }
    return this.#issue(known)
  }

  #issue(account: Account): Reply {
    const token = randomBytes(24).toString('base64url')
    this.#access.set(token, account)
    return { status: 200, body: { token_type: 'Bearer', expires_in: 3599, access_token: token } }
  }

  async #exchange(request: FrontRequest): Promise<Reply> {
    const form = new URLSearchParams(await request.text())
    const account = this.#access.get(form.get('access_token') ?? '')
    if (form.get('service') !== request.host || account === undefined) {
      return { status: 401, body: envelope('UNAUTHORIZED', 'authentication required') }
    }
    const until = this.#front.now() + this.#tokenSeconds * 1000
    const claims = {
      sub: account.name,
      exp: Math.floor(until / 1000),
      jti: randomBytes(8).toString('hex'),
    }
    const parts = [{ alg: 'RS256', typ: 'JWT' }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    )
    const token = `${parts.join('.')}.${randomBytes(8).toString('base64url')}`
    this.#refresh.set(token, { account, until })
    return { status: 200, body: { refresh_token: token } }
  }
}

async function metadata(
  request: FrontRequest,
  tokens: TokenService,
  front: Front,
): Promise<Reply | undefined> {
  const { url, method } = request
  if (!url.pathname.startsWith('/acr/v1/')) return undefined
  if (url.pathname === '/acr/v1/_catalog') {
    return { status: 200, body: { repositories: await front.backend.repositories() } }
  }
  const found = /^\/acr\/v1\/(.+)\/(_manifests|_tags)(?:\/([^/]+))?$/.exec(url.pathname)
  const [, repository = '', place, tag = ''] = found ?? []
  const right = method === 'DELETE' ? 'delete' : 'metadata_read'
  if (tokens.holder(request, repository, right) === undefined) {
    return {
      status: basicOf(request.headers) === undefined ? 401 : 403,
      body: envelope('UNAUTHORIZED', 'authentication required'),
    }
  }
  const images = await front.backend.images(repository)
  if (images === undefined) {
    return {
      status: 404,
      body: envelope('NAME_UNKNOWN', `repository "${repository}" is not found`),
    }
  }
  if (method === 'DELETE' && place === '_tags') {
    if (!images.some(({ tags }) => tags.includes(tag))) {
      return {
        status: 404,
        body: envelope('TAG_UNKNOWN', `the specified tag ${tag} does not exist`),
      }
    }
    await front.backend.deleteTag(repository, tag)
    return { status: 202 }
  }
  const last = url.searchParams.get('last')
  const start = last === null ? 0 : images.findIndex(({ digest }) => digest === last) + 1
  const shown = images.slice(start, start + pageSize)
  const link = `</acr/v1/${repository}/_manifests?last=${encodeURIComponent(shown.at(-1)?.digest ?? '')}&n=${pageSize}>; rel="next"`
  return {
    status: 200,
    headers: start + pageSize < images.length ? { Link: link } : {},
    body: {
      registry: request.host,
      imageName: repository,
      manifests: shown.map(({ digest, mediaType, createdAt, tags }) => ({
        digest,
        imageSize: 1000,
        mediaType,
        createdTime: createdAt,
        lastUpdateTime: createdAt,
        ...(tags.length > 0 && { tags }),
      })),
    },
  }
}

function refusal(error: string, error_description: string): Reply {
  return { status: 401, body: { error, error_description } }
}
