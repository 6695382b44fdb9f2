import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { ClientError } from '../client-error.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { type Answer, readBody } from '../transport/transport.ts'
import type { KindContext } from './kind.ts'
import { findOrigin } from './probe.ts'

export type EntraClient = {
  readonly tenant: string
  readonly clientId: string
} & (
  | { readonly clientSecret: string }
  /** A token of whoever the application trusts: a cluster, a CI system. */
  | { readonly assertion: string }
)

/** What docker's clients give as user name with a refresh token of the registry. */
const nobody = '00000000-0000-0000-0000-000000000000'
const resource = 'https://containerregistry.azure.net'
const answerMax = 256 * 1024
const identityTimeoutMs = 5000
const text = z.string().min(1).max(65_536)
const accessAnswer = z.object({ access_token: text })
const refreshAnswer = z.object({ refresh_token: text })
const refusal = z.object({ error: z.string().max(100), error_description: z.string().optional() })

/**
 * A refresh token of the registry by the identity that the surroundings give: a workload identity or a service
 * principal in the environment, or a managed identity where the environment says that there is one. `undefined`
 * without any. Throws `unauthenticated` when Microsoft Entra or the registry refuses it.
 */
export async function getAmbientAcrToken(
  context: KindContext,
): Promise<
  { readonly credentials: Credentials; readonly expiresAt: Date | undefined } | undefined
> {
  const { env } = context
  const { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: clientId } = env
  const { AZURE_CLIENT_SECRET: clientSecret, AZURE_FEDERATED_TOKEN_FILE: file } = env
  const isApplication = tenant !== undefined && clientId !== undefined
  if (isApplication && clientSecret !== undefined && clientSecret !== '') {
    const token = await getEntraToken({ tenant, clientId, clientSecret }, context)
    return await exchangeForRegistry(token, tenant, context)
  }
  if (isApplication && file !== undefined && file !== '') {
    const assertion = await readAssertion(file)
    const token = await getEntraToken({ tenant, clientId, assertion }, context)
    return await exchangeForRegistry(token, tenant, context)
  }
  const token = await getManagedIdentityToken(context)
  return token === undefined ? undefined : await exchangeForRegistry(token, tenant, context)
}

/** An access token of Microsoft Entra, by `AZURE_AUTHORITY_HOST` where that is set. Throws `unauthenticated` with Entra's reason. */
export async function getEntraToken(
  client: EntraClient,
  { env, transport, signal }: KindContext,
): Promise<string> {
  const authority = (env.AZURE_AUTHORITY_HOST ?? 'https://login.microsoftonline.com').replace(
    /\/+$/,
    '',
  )
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: client.clientId,
    scope: `${resource}/.default`,
  })
  if ('clientSecret' in client) form.set('client_secret', client.clientSecret)
  else {
    form.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    form.set('client_assertion', client.assertion)
  }
  const answer = await transport.send({
    method: 'POST',
    url: new URL(`${authority}/${encodeURIComponent(client.tenant)}/oauth2/v2.0/token`),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
    isRepeatable: true,
    signal,
  })
  return (await readAnswer(answer, accessAnswer, 'Microsoft Entra')).access_token
}

/** Exchanges a token of Microsoft Entra for a refresh token of the registry, which lasts for three hours. */
export async function exchangeForRegistry(
  entraToken: string,
  tenant: string | undefined,
  context: KindContext,
): Promise<{ readonly credentials: Credentials; readonly expiresAt: Date | undefined }> {
  const form = new URLSearchParams({ grant_type: 'access_token', service: context.registry })
  if (tenant !== undefined) form.set('tenant', tenant)
  form.set('access_token', entraToken)
  const answer = await context.transport.send({
    method: 'POST',
    url: new URL('/oauth2/exchange', await findOrigin(context)),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
    isRepeatable: true,
    signal: context.signal,
  })
  const { refresh_token } = await readAnswer(answer, refreshAnswer, context.registry)
  const credentials = { kind: 'identityToken', username: nobody, token: refresh_token } as const
  return { credentials, expiresAt: expiryOf(refresh_token) }
}

/** App Service and its kin say where to ask; elsewhere it is the metadata server, if the environment speaks of Azure at all. */
async function getManagedIdentityToken(context: KindContext): Promise<string | undefined> {
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER, AZURE_POD_IDENTITY_AUTHORITY_HOST } = context.env
  const clientId = context.env.AZURE_CLIENT_ID
  let url: URL
  let header: Readonly<Record<string, string>>
  if (IDENTITY_ENDPOINT !== undefined && IDENTITY_HEADER !== undefined) {
    url = new URL(IDENTITY_ENDPOINT)
    url.searchParams.set('api-version', '2019-08-01')
    header = { 'X-IDENTITY-HEADER': IDENTITY_HEADER }
  } else if (AZURE_POD_IDENTITY_AUTHORITY_HOST !== undefined || clientId !== undefined) {
    const host = AZURE_POD_IDENTITY_AUTHORITY_HOST ?? 'http://169.254.169.254'
    url = new URL('/metadata/identity/oauth2/token', host)
    url.searchParams.set('api-version', '2018-02-01')
    header = { Metadata: 'true' }
  } else return undefined
  url.searchParams.set('resource', resource)
  if (clientId !== undefined) url.searchParams.set('client_id', clientId)
  const timeout = AbortSignal.timeout(identityTimeoutMs)
  const signal = context.signal === undefined ? timeout : AbortSignal.any([context.signal, timeout])
  const answer = await context.transport.send({ method: 'GET', url, headers: header, signal })
  return (await readAnswer(answer, accessAnswer, 'The managed identity')).access_token
}

async function readAssertion(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    throw new ClientError('localFault', `The token in ${file} cannot be read.`, {
      next: 'AZURE_FEDERATED_TOKEN_FILE names it; the cluster or the CI system writes it.',
      cause: error,
    })
  }
}

async function readAnswer<T extends z.ZodType>(
  answer: Answer,
  schema: T,
  who: string,
): Promise<z.output<T>> {
  const body = parseJson((await readBody(answer, answerMax)).toString())
  const { status } = answer
  if (status === 200) {
    const parsed = schema.safeParse(body)
    if (parsed.success) return parsed.data
    throw new ClientError('serverFault', `${who} answered without a token.`)
  }
  if (status === 429) {
    throw new ClientError('rateLimited', `${who} asks for fewer requests.`, {
      status,
      next: 'Try again later.',
    })
  }
  if (status >= 500)
    throw new ClientError('serverFault', `${who} failed with status ${status}.`, { status })
  const said = refusal
    .safeParse(body)
    .data?.error_description?.split(/[\r\n]/)[0]
    ?.slice(0, 300)
  throw new ClientError(
    'unauthenticated',
    `${who} does not accept the identity.${said === undefined ? '' : ` It says: ${said}`}`,
    {
      status,
      next: 'Check tenant, client ID and secret; secrets run out, and a new one is made in Microsoft Entra, App registrations.',
    },
  )
}

/** The `exp` of a JWT, which nobody vouches for: only to ask anew in time. */
function expiryOf(token: string): Date | undefined {
  const claims = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const expiry = (claims as { exp?: unknown } | undefined)?.exp
  return typeof expiry === 'number' ? new Date(expiry * 1000) : undefined
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
