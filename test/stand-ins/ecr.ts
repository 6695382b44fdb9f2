import { randomBytes } from 'node:crypto'
import { type Account, accounts, mayDo } from './accounts.ts'
import { admitBasic } from './basic-door.ts'
import { envelope, type Front, type FrontRequest, type Reply, type StandIn } from './front.ts'
import { readSignature } from './signature-v4.ts'
import { unauthorised } from './token-service.ts'

const registryId = '123456789012'
const realm = `Basic realm="https://${registryId}.dkr.ecr.eu-central-1.amazonaws.com/",service="ecr.amazonaws.com"`
const pageSize = 2

/**
 * Amazon ECR with its interface. Access key IDs are the accounts' names, the secret keys their secrets. Repositories
 * are not made by a push: only those that begin with `acme/` are there.
 */
export function standInEcr(
  front: Front,
  { tokenSeconds = 12 * 3600 }: { tokenSeconds?: number },
): StandIn {
  const issued = new Map<string, { account: Account; until: number }>()
  return {
    admit(request) {
      const refused = admitBasic(request, {
        accountOf: (name, secret) => (name === 'AWS' ? issued.get(secret)?.account : undefined),
        unknown: (isShown) =>
          isShown
            ? { status: 400, body: envelope('DENIED', 'Your authorization token is malformed') }
            : unauthorised(realm, 'Not Authorized'),
        missingRight: ({ action, repository }, { name }) => ({
          status: 403,
          body: envelope(
            'DENIED',
            `User: arn:aws:iam::${registryId}:user/${name} is not authorized to perform: ${iamActions[action]} on resource: arn:aws:ecr:eu-central-1:${registryId}:repository/${repository} because no identity-based policy allows the ${iamActions[action]} action`,
          ),
        }),
      })
      if (refused !== undefined) return refused
      const token = Buffer.from((request.headers.authorization ?? '').slice(6), 'base64')
      const until = issued.get(token.toString().slice('AWS:'.length))?.until ?? 0
      if (until < front.now()) {
        const message = 'Your authorization token has expired. Reauthenticate and try again.'
        return { status: 403, body: envelope('DENIED', message) }
      }
      const { repository } = request
      if (repository === undefined || repository.startsWith('acme/')) return undefined
      const message = `The repository with name '${repository}' does not exist in the registry with id '${registryId}'`
      return { status: 404, body: envelope('NAME_UNKNOWN', message) }
    },
    async answer(request) {
      const target = String(request.headers['x-amz-target'] ?? '')
      if (request.method !== 'POST' || !target.startsWith(targetPrefix)) return undefined
      const text = await request.text()
      const account = holder(request, text, front)
      if (!('rights' in account)) return account
      const operation = target.slice(targetPrefix.length)
      if (operation === 'GetAuthorizationToken') {
        const token = randomBytes(24).toString('hex')
        const until = front.now() + tokenSeconds * 1000
        issued.set(token, { account, until })
        const data = {
          authorizationToken: Buffer.from(`AWS:${token}`).toString('base64'),
          expiresAt: until / 1000,
          proxyEndpoint: `https://${registryId}.dkr.ecr.eu-central-1.amazonaws.com`,
        }
        return { status: 200, body: { authorizationData: [data] } }
      }
      return await operate(operation, JSON.parse(text) as Input, account, front)
    },
  }
}

const targetPrefix = 'AmazonEC2ContainerRegistry_V20150921.'
const iamActions = {
  pull: 'ecr:BatchGetImage',
  push: 'ecr:InitiateLayerUpload',
  delete: 'ecr:BatchDeleteImage',
} as const

type Input = {
  readonly repositoryName?: string
  readonly nextToken?: string
  readonly imageIds?: readonly { imageDigest?: string; imageTag?: string }[]
}

function holder(request: FrontRequest, body: string, front: Front): Account | Reply {
  const signature = readSignature(request, body)
  if (signature === undefined)
    return fault('MissingAuthenticationTokenException', 'Missing Authentication Token')
  const found = Object.values(accounts).find(({ name }) => name === signature.accessKeyId)
  if (found === undefined) {
    return fault(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    )
  }
  if (!signature.isRight(found.secret)) {
    const message =
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.'
    return fault('InvalidSignatureException', message)
  }
  if (!front.isAlive(found)) {
    return fault('ExpiredTokenException', 'The security token included in the request is expired')
  }
  return found
}

async function operate(
  operation: string,
  input: Input,
  account: Account,
  front: Front,
): Promise<Reply> {
  const { repositoryName = '', nextToken, imageIds } = input
  const start = Number(nextToken ?? '0')
  if (operation === 'DescribeRepositories') {
    const names = (await front.backend.repositories()).filter((name) => name.startsWith('acme/'))
    return paged(
      'repositories',
      names.map((name) => ({ repositoryName: name, registryId })),
      start,
    )
  }
  const images = await front.backend.images(repositoryName)
  if (images === undefined) {
    const message = `The repository with name '${repositoryName}' does not exist in the registry with id '${registryId}'`
    return fault('RepositoryNotFoundException', message)
  }
  if (operation === 'DescribeImages') {
    const tag = imageIds?.[0]?.imageTag
    const wanted = images.filter(({ tags }) => tag === undefined || tags.includes(tag))
    if (wanted.length === 0 && tag !== undefined)
      return fault('ImageNotFoundException', 'The image does not exist')
    const details = wanted.map(({ digest, tags, mediaType, createdAt }) => ({
      registryId,
      repositoryName,
      imageDigest: digest,
      ...(tags.length > 0 && { imageTags: tags }),
      imageSizeInBytes: 1000,
      imagePushedAt: Date.parse(createdAt) / 1000,
      lastRecordedPullTime: Date.parse(createdAt) / 1000 + 60,
      imageManifestMediaType: mediaType,
    }))
    return paged('imageDetails', details, start)
  }
  if (operation !== 'BatchDeleteImage') return fault('InvalidParameterException', operation)
  if (!mayDo(account, 'delete')) {
    return fault(
      'AccessDeniedException',
      `User: arn:aws:iam::${registryId}:user/${account.name} is not authorized to perform: ecr:BatchDeleteImage`,
    )
  }
  const [id] = imageIds ?? []
  const image = images.find(
    ({ digest, tags }) => digest === id?.imageDigest || tags.includes(id?.imageTag ?? ''),
  )
  if (image === undefined) {
    const failure = {
      imageId: id,
      failureCode: 'ImageNotFound',
      failureReason: 'Requested image not found',
    }
    return { status: 200, body: { imageIds: [], failures: [failure] } }
  }
  if (id?.imageTag === undefined || image.tags.length === 1) {
    await front.backend.deleteImage(repositoryName, image.digest)
  } else await front.backend.deleteTag(repositoryName, id.imageTag)
  return { status: 200, body: { imageIds: [id], failures: [] } }
}

function paged(field: string, all: readonly unknown[], start: number): Reply {
  const next = start + pageSize
  const rest = next < all.length ? { nextToken: String(next) } : {}
  return { status: 200, body: { [field]: all.slice(start, next), ...rest } }
}

function fault(type: string, message: string): Reply {
  return { status: 400, body: { __type: type, message } }
}
