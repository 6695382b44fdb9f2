import {
  bearerOf,
  envelope,
  type Front,
  type FrontRequest,
  type Reply,
  type StandIn,
} from './front.ts'
import { type Account, accounts, mayDo } from './accounts.ts'
import type { StoredImage } from './backend.ts'
import { TokenService } from './token-service.ts'

/** GitHub's registry and, on the same port below `/github`, its packages interface. `acme` is an organisation. */
export function standInGhcr(front: Front): StandIn {
  const tokens = new TokenService({
    front,
    realmPath: '/token',
    service: () => 'ghcr.io',
    wrongSecret: { status: 403, body: envelope('DENIED', 'denied') },
    missingRight: () => ({
      status: 403,
      body: envelope(
        'DENIED',
        'permission_denied: The token provided does not match expected scopes.',
      ),
    }),
  })
  return {
    admit: (request) =>
      tokens.admit(request) ??
      (request.action === 'delete'
        ? { status: 405, body: envelope('UNSUPPORTED', 'The operation is unsupported.') }
        : undefined),
    answer: (request) => tokens.answer(request) ?? packages(request, front),
  }
}

const perPage = 2

async function packages(request: FrontRequest, front: Front): Promise<Reply | undefined> {
  const { url, method, headers } = request
  if (!url.pathname.startsWith('/github/')) return undefined
  const path = url.pathname.slice('/github'.length)
  const account = holder(bearerOf(headers), front)
  if (account === undefined) return { status: 401, body: { message: 'Bad credentials' } }
  const owner = /^\/users\/([^/]+)$/.exec(path)?.[1]
  if (owner !== undefined) {
    return { status: 200, body: { login: owner, type: owner === 'acme' ? 'Organization' : 'User' } }
  }
  if (path === '/user/orgs') return { status: 200, body: [{ login: 'acme' }] }
  if (path === '/user/packages') return { status: 200, body: [] }
  if (path === '/orgs/acme/packages') {
    const names = (await front.backend.repositories()).filter((name) => name.startsWith('acme/'))
    const body = names.map((name) => ({ name: name.slice(5), owner: { login: 'acme' } }))
    return { status: 200, body }
  }
  const found =
    /^\/(?:orgs|users)\/([^/]+)\/packages\/container\/([^/]+)\/versions(?:\/(\d+))?$/.exec(path)
  const repository = `${found?.[1]}/${decodeURIComponent(found?.[2] ?? '')}`
  const images = found === null ? undefined : await front.backend.images(repository)
  if (images === undefined) return { status: 404, body: { message: 'Package not found.' } }
  if (method === 'GET') return versionPage(images, url)
  return await deleteVersion(images, Number(found?.[3]), { account, repository, front })
}

function versionPage(images: readonly StoredImage[], url: URL): Reply {
  const page = Number(url.searchParams.get('page') ?? '1')
  const shown = images.slice((page - 1) * perPage, page * perPage)
  const next = new URL(url)
  next.searchParams.set('page', String(page + 1))
  return {
    status: 200,
    headers: page * perPage < images.length ? { Link: `<${next.href}>; rel="next"` } : {},
    body: shown.map(({ digest, tags, createdAt }) => ({
      id: idOf(digest),
      name: digest,
      created_at: createdAt,
      updated_at: createdAt,
      metadata: { package_type: 'container', container: { tags } },
    })),
  }
}

async function deleteVersion(
  images: readonly StoredImage[],
  id: number,
  { account, repository, front }: { account: Account; repository: string; front: Front },
): Promise<Reply> {
  if (!mayDo(account, 'delete')) {
    const message = 'You need at least delete:packages scope to delete a package version.'
    return { status: 403, body: { message } }
  }
  const image = images.find(({ digest }) => idOf(digest) === id)
  if (image === undefined) return { status: 404, body: { message: 'Not Found' } }
  const tagged = images.filter(({ tags }) => tags.length > 0)
  if (tagged.length === 1 && tagged[0] === image) {
    const message =
      'You cannot delete the last tagged version of a package. You must delete the package instead.'
    return { status: 400, body: { message } }
  }
  await front.backend.deleteImage(repository, image.digest)
  return { status: 204 }
}

function idOf(digest: string): number {
  return Number.parseInt(digest.slice(7, 19), 16)
}

function holder(token: string | undefined, front: Front): Account | undefined {
  const found = Object.values(accounts).find(({ secret }) => secret === token)
  return found === undefined ? undefined : front.account(found.name, found.secret)
}
