import { randomBytes } from 'node:crypto'
import { type Account, accounts, mayDo } from './accounts.ts'
import { envelope, type Front, type FrontRequest, type Reply, type StandIn } from './front.ts'
import { TokenService } from './token-service.ts'

/**
 * Artifact Registry, a metadata server and a token service of federated workloads. The key of a service account has
 * the account's name as `client_email` and its secret as `private_key`. Repositories begin with `acme/`.
 */
export function standInGoogle(
  front: Front,
  { tokenSeconds = 3600 }: { tokenSeconds?: number },
): StandIn {
  const issued = new Map<string, { account: Account; until: number }>()
  const tokens = new TokenService({
    front,
    realmPath: '/v2/token',
    service: () => 'europe-west3-docker.pkg.dev',
    accountOf(name, secret) {
      if (name === '_json_key') return accountOfKey(secret, front)
      const token = name === 'oauth2accesstoken' ? issued.get(secret) : undefined
      return token !== undefined && token.until > front.now() ? token.account : undefined
    },
    wrongSecret: { status: 401, body: envelope('UNAUTHORIZED', 'authentication failed') },
    missingRight: ({ repository, action }) => ({
      status: 403,
      body: envelope(
        'DENIED',
        `Permission "${permissions[action]}" denied on resource "projects/${repository}" (or it may not exist)`,
      ),
    }),
  })
  const issue = (account: Account): Reply => {
    const token = `ya29.${randomBytes(24).toString('base64url')}`
    issued.set(token, { account, until: front.now() + tokenSeconds * 1000 })
    return {
      status: 200,
      body: { access_token: token, expires_in: tokenSeconds, token_type: 'Bearer' },
    }
  }
  return {
    async admit(request) {
      const refused = tokens.admit(request)
      if (refused !== undefined) return refused
      const { repository } = request
      if (repository === undefined) return undefined
      if (!repository.startsWith('acme/')) {
        return { status: 404, body: envelope('NAME_UNKNOWN', 'Repository not found') }
      }
      return request.url.pathname.endsWith('/tags/list')
        ? await tagList(repository, front)
        : undefined
    },
    async answer(request) {
      const { url, headers } = request
      if (url.pathname === '/computeMetadata/v1/instance/service-accounts/default/token') {
        if (headers['metadata-flavor'] !== 'Google') return { status: 403 }
        return issue(accounts.owner)
      }
      if (url.pathname === '/sts/v1/token') return await exchange(request, front, issue)
      return tokens.answer(request)
    },
  }
}

const permissions = {
  pull: 'artifactregistry.repositories.downloadArtifacts',
  push: 'artifactregistry.repositories.uploadArtifacts',
  delete: 'artifactregistry.repositories.deleteArtifacts',
} as const

function accountOfKey(secret: string, front: Front): Account | undefined {
  try {
    const key = JSON.parse(secret) as { client_email?: string; private_key?: string }
    return front.account(key.client_email, key.private_key)
  } catch {
    return undefined
  }
}

/** The subject token is `name:secret` of an account. */
async function exchange(
  request: FrontRequest,
  front: Front,
  issue: (account: Account) => Reply,
): Promise<Reply> {
  const form = new URLSearchParams(await request.text())
  const [name, secret] = (form.get('subject_token') ?? '').split(':')
  const account = front.account(name, secret)
  if (account !== undefined && mayDo(account, 'pull')) return issue(account)
  const description = 'The given credential is rejected by the attribute condition.'
  return { status: 400, body: { error: 'invalid_grant', error_description: description } }
}

async function tagList(repository: string, front: Front): Promise<Reply | undefined> {
  const images = await front.backend.images(repository)
  if (images === undefined) return undefined
  const manifest = Object.fromEntries(
    images.map(({ digest, mediaType, tags, createdAt }) => [
      digest,
      {
        imageSizeBytes: '1000',
        mediaType,
        tag: tags,
        timeCreatedMs: String(Date.parse(createdAt)),
        timeUploadedMs: String(Date.parse(createdAt)),
      },
    ]),
  )
  return {
    status: 200,
    body: { name: repository, tags: images.flatMap(({ tags }) => tags), manifest },
  }
}
