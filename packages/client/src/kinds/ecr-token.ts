import type { ECRClient, ECRClientConfig } from '@aws-sdk/client-ecr'
import { ClientError, isClientError } from '../client-error.ts'
import type { Credentials } from '../credentials/credentials.ts'
import type { KindContext } from './kind.ts'

export type AccessKey = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

const privateHost =
  /^(?<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$/

/** Account and region, which the address of a private registry names; `undefined` for any other. */
export function readEcrHost(
  registry: string,
): { readonly account: string; readonly region: string } | undefined {
  const { account, region } = privateHost.exec(registry)?.groups ?? {}
  return account === undefined || region === undefined ? undefined : { account, region }
}

export function isEcrPublic(registry: string): boolean {
  return registry === 'public.ecr.aws'
}

export function isEcrHost(registry: string): boolean {
  return isEcrPublic(registry) || readEcrHost(registry) !== undefined
}

/**
 * A token of Amazon ECR, good for twelve hours, by the credentials of the surroundings or by the key. Throws
 * `unauthenticated` when there are none or AWS refuses them, `denied` when they may not ask for a token.
 */
export async function getEcrToken(
  context: KindContext,
  key?: AccessKey,
): Promise<{ readonly credentials: Credentials; readonly expiresAt: Date | undefined }> {
  const { GetAuthorizationTokenCommand } = await import('@aws-sdk/client-ecr')
  return await withEcr(context, key, async (client) => {
    const options = context.signal === undefined ? {} : { abortSignal: context.signal }
    const answer = await client.send(new GetAuthorizationTokenCommand({}), options)
    const [data] = answer.authorizationData ?? []
    const text = Buffer.from(data?.authorizationToken ?? '', 'base64').toString()
    const colon = text.indexOf(':')
    if (colon < 1) throw new ClientError('serverFault', 'Amazon ECR answered without a token.')
    const username = text.slice(0, colon)
    const credentials = { kind: 'password', username, password: text.slice(colon + 1) } as const
    return { credentials, expiresAt: data?.expiresAt }
  })
}

/** Runs `act` with a client of the registry's region; what AWS refuses is thrown as `ClientError`. */
export async function withEcr<T>(
  context: KindContext,
  key: AccessKey | undefined,
  act: (client: ECRClient) => Promise<T>,
): Promise<T> {
  const { ECRClient } = await import('@aws-sdk/client-ecr')
  const client = new ECRClient(configOf(context, key))
  try {
    return await act(client)
  } catch (error) {
    throw awsError(error, context)
  } finally {
    client.destroy()
  }
}

function configOf({ env, registry }: KindContext, key: AccessKey | undefined): ECRClientConfig {
  const region = readEcrHost(registry)?.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION
  const endpoint = env.AWS_ENDPOINT_URL_ECR ?? env.AWS_ENDPOINT_URL
  const credentials = key ?? keyIn(env)
  return {
    maxAttempts: 4,
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && endpoint !== '' && { endpoint }),
    ...(credentials !== undefined && { credentials: withoutUndefined(credentials) }),
  }
}

function keyIn(env: KindContext['env']): AccessKey | undefined {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = env
  if (AWS_ACCESS_KEY_ID === undefined || AWS_SECRET_ACCESS_KEY === undefined) return undefined
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    sessionToken: AWS_SESSION_TOKEN,
  }
}

function withoutUndefined({ accessKeyId, secretAccessKey, sessionToken }: AccessKey): {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
} {
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
}

const unknownCaller =
  /^(?:UnrecognizedClient|InvalidSignature|InvalidClientTokenId|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken|ExpiredToken|TokenRefreshRequired|CredentialsProviderError)/

function awsError(error: unknown, { registry, signal }: KindContext): unknown {
  if (isClientError(error) || !(error instanceof Error)) return error
  if (signal?.aborted === true) {
    return new ClientError('cancelled', 'It was stopped.', { cause: error })
  }
  const said = `It says: ${error.message.replaceAll(/\s+/g, ' ').slice(0, 300)}`
  const options = { cause: error }
  if (unknownCaller.test(error.name)) {
    return new ClientError(
      'unauthenticated',
      `AWS does not accept the credentials for ${registry}. ${said}`,
      {
        ...options,
        next: 'Check them with "aws sts get-caller-identity"; keys and roles may have run out.',
      },
    )
  }
  if (error.name.startsWith('AccessDenied')) {
    return new ClientError('denied', `AWS refuses this for ${registry}. ${said}`, {
      ...options,
      next: 'Allow the action that it names in the IAM policy of the user or role.',
    })
  }
  if (error.name === 'RepositoryNotFoundException') {
    return new ClientError(
      'notFound',
      `There is no such repository in ${registry}. ${said}`,
      options,
    )
  }
  if (/Throttling|TooManyRequests|LimitExceeded/.test(error.name)) {
    return new ClientError(
      'rateLimited',
      `AWS asks for fewer requests to ${registry}. ${said}`,
      options,
    )
  }
  if (/ENOTFOUND|ECONNREFUSED|EAI_AGAIN|TimeoutError/.test(`${error.name} ${error.message}`)) {
    return new ClientError(
      'unreachable',
      `The API of Amazon ECR cannot be reached. ${said}`,
      options,
    )
  }
  return new ClientError(
    'serverFault',
    `The API of Amazon ECR failed for ${registry}. ${said}`,
    options,
  )
}
