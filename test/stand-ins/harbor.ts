import { mayDo } from './accounts.ts'
import {
  basicOf,
  envelope,
  type Front,
  type FrontRequest,
  type Reply,
  type StandIn,
} from './front.ts'
import { TokenService, unauthorised } from './token-service.ts'

/** Harbor with its interface. Its accounts are robots of the project `acme`: `robot$acme+ann`. */
export function standInHarbor(front: Front): StandIn {
  const accountOf: (name: string, secret: string) => ReturnType<Front['account']> = (
    name,
    secret,
  ) => (name.startsWith('robot$acme+') ? front.account(name.slice(11), secret) : undefined)
  const tokens = new TokenService({
    front,
    realmPath: '/service/token',
    service: () => 'harbor-registry',
    accountOf,
    wrongSecret: { status: 401, body: envelope('UNAUTHORIZED', 'unauthorized: unauthorized') },
    missingRight: ({ repository, action }, challenge) =>
      unauthorised(
        challenge,
        `unauthorized to access repository: ${repository}, action: ${action}: unauthorized to access repository: ${repository}, action: ${action}`,
      ),
  })
  return {
    admit: (request) => tokens.admit(request),
    answer: (request) => tokens.answer(request) ?? api(request, front, accountOf),
  }
}

const apiPath = '/api/v2.0'

async function api(
  request: FrontRequest,
  front: Front,
  accountOf: (name: string, secret: string) => ReturnType<Front['account']>,
): Promise<Reply | undefined> {
  const { url, method, headers } = request
  if (!url.pathname.startsWith(apiPath)) return undefined
  const shown = basicOf(headers)
  const account = shown === undefined ? undefined : accountOf(shown.name, shown.secret)
  if (account === undefined) return { status: 401, body: envelope('UNAUTHORIZED', 'unauthorized') }
  const path = url.pathname.slice(apiPath.length)
  if (path === '/repositories') {
    const names = await front.backend.repositories()
    return {
      status: 200,
      body: page(
        names.map((name) => ({ name })),
        url,
      ),
    }
  }
  if (path === '/quotas') {
    const quota = { ref: { name: 'acme' }, hard: { storage: 1_000_000 }, used: { storage: 1234 } }
    return { status: 200, body: page([quota], url) }
  }
  const found =
    /^\/projects\/([^/]+)\/repositories\/([^/]+)\/artifacts(?:\/([^/]+)(?:\/tags\/([^/]+))?)?$/.exec(
      path,
    )
  // Escaped twice; the path of a URL keeps the escapes.
  const name = decodeURIComponent(decodeURIComponent(found?.[2] ?? ''))
  const repository = `${found?.[1]}/${name}`
  const images = found === null ? undefined : await front.backend.images(repository)
  if (images === undefined) {
    return { status: 404, body: envelope('NOT_FOUND', `repository ${repository} not found`) }
  }
  if (method === 'GET') {
    const artifacts = images.map(({ digest, mediaType, createdAt, tags }) => ({
      digest,
      manifest_media_type: mediaType,
      size: 1000,
      push_time: createdAt,
      pull_time: '0001-01-01T00:00:00.000Z',
      tags: tags.length === 0 ? null : tags.map((tag) => ({ name: tag, push_time: createdAt })),
    }))
    return { status: 200, body: page(artifacts, url) }
  }
  if (!mayDo(account, 'delete')) return { status: 403, body: envelope('FORBIDDEN', 'forbidden') }
  const [, , , reference = '', tag] = found ?? []
  const image = images.find(({ digest, tags }) => digest === reference || tags.includes(reference))
  if (image === undefined) return { status: 404, body: envelope('NOT_FOUND', 'artifact not found') }
  if (tag === undefined) await front.backend.deleteImage(repository, image.digest)
  else await front.backend.deleteTag(repository, tag)
  return { status: 200 }
}

function page<T>(all: readonly T[], url: URL): readonly T[] {
  const size = Number(url.searchParams.get('page_size') ?? '10')
  const number = Number(url.searchParams.get('page') ?? '1')
  return all.slice((number - 1) * size, number * size)
}
