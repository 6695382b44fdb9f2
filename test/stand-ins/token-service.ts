import { randomBytes } from 'node:crypto'
import { type Account, mayDo, type NeededAction } from './accounts.ts'
import { basicOf, bearerOf, type Front, type FrontRequest, type Reply } from './front.ts'

const nobody: Account = { name: '', secret: '', rights: 'read' }

type Issued = {
  readonly account: Account
  readonly repositories: ReadonlyMap<string, ReadonlySet<string>>
  readonly until: number
}

export type TokenServiceOptions = {
  readonly front: Front
  readonly realmPath: string
  readonly service: (host: string) => string
  /** Who shows this name and this secret. Default: the accounts as they are called. */
  readonly accountOf?: (name: string, secret: string) => Account | undefined
  /** Whoever shows nothing gets a token that is good for reading. */
  readonly isPublic?: boolean | undefined
  /** The answer of the token service to a wrong or expired secret. */
  readonly wrongSecret: Reply
  /** What the registry answers when the token is good and the right is missing. */
  readonly missingRight: (request: FrontRequest, challenge: string) => Reply
  /** Default 300. */
  readonly tokenSeconds?: number | undefined
}

/** The token service of a registry, and the door of a registry that asks for its tokens. */
export class TokenService {
  readonly #options: TokenServiceOptions
  readonly #issued = new Map<string, Issued>()

  constructor(options: TokenServiceOptions) {
    this.#options = options
  }

  /** `GET` of the realm with Basic, as the distribution token specification has it; `undefined` for other paths. */
  answer({ url, headers, method }: FrontRequest): Reply | undefined {
    const { realmPath, wrongSecret, accountOf, front, isPublic = false } = this.#options
    if (url.pathname !== realmPath || method !== 'GET') return undefined
    const shown = basicOf(headers)
    if (shown === undefined) {
      return isPublic ? this.issue(nobody, url.searchParams.getAll('scope')) : wrongSecret
    }
    const account = (accountOf ?? ((name, secret) => front.account(name, secret)))(
      shown.name,
      shown.secret,
    )
    return account === undefined
      ? wrongSecret
      : this.issue(account, url.searchParams.getAll('scope'))
  }

  /** A token with what the account may do of the scopes. */
  issue(account: Account, scopes: readonly string[]): Reply {
    const { front, tokenSeconds = 300 } = this.#options
    const repositories = new Map<string, Set<string>>()
    for (const scope of scopes.flatMap((each) => each.split(' '))) {
      const [type, name = '', actions = ''] = scope.split(':')
      if (type !== 'repository') continue
      const granted = actions.split(',').filter((action) => isGranted(account, action))
      repositories.set(name, new Set([...(repositories.get(name) ?? []), ...granted]))
    }
    const token = randomBytes(24).toString('base64url')
    this.#issued.set(token, { account, repositories, until: front.now() + tokenSeconds * 1000 })
    return { status: 200, body: { token, access_token: token, expires_in: tokenSeconds } }
  }

  admit(request: FrontRequest): Reply | undefined {
    const { front, missingRight } = this.#options
    const challenge = this.#challenge(request)
    const issued = this.#issued.get(bearerOf(request.headers) ?? '')
    if (issued === undefined || issued.until < front.now()) {
      return unauthorised(challenge, 'authentication required')
    }
    const { repository, action } = request
    if (repository === undefined) return undefined
    const granted = issued.repositories.get(repository) ?? new Set()
    return granted.has(action) ? undefined : missingRight(request, challenge)
  }

  /** Whose token a call to the registry's own interface carries, with the action on the repository that it is for. */
  holder(request: FrontRequest, repository: string, action: string): Account | undefined {
    const issued = this.#issued.get(bearerOf(request.headers) ?? '')
    if (issued === undefined || issued.until < this.#options.front.now()) return undefined
    return issued.repositories.get(repository)?.has(action) === true ? issued.account : undefined
  }

  #challenge({ host, repository, action }: FrontRequest): string {
    const { realmPath, service } = this.#options
    const scope =
      repository === undefined
        ? ''
        : `,scope="repository:${repository}:${action === 'push' ? 'pull,push' : action}"`
    return `Bearer realm="http://${host}${realmPath}",service="${service(host)}"${scope}`
  }
}

export function unauthorised(challenge: string, message: string): Reply {
  return {
    status: 401,
    headers: { 'WWW-Authenticate': challenge, 'Docker-Distribution-Api-Version': 'registry/2.0' },
    body: { errors: [{ code: 'UNAUTHORIZED', message, detail: null }] },
  }
}

/** What CNCF's registry answers, and with it all that are built on it. */
export function insufficientScope(_request: FrontRequest, challenge: string): Reply {
  return unauthorised(`${challenge},error="insufficient_scope"`, 'authentication required')
}

function isGranted(account: Account, action: string): boolean {
  if (action === 'metadata_read') return mayDo(account, 'pull')
  return ['pull', 'push', 'delete'].includes(action) && mayDo(account, action as NeededAction)
}
