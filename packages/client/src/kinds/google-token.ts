import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type {
  AuthClient,
  AwsClientOptions,
  IdentityPoolClientOptions,
  JWTInput,
  PluggableAuthClientOptions,
} from 'google-auth-library'
import * as z from 'zod'
import { ClientError, isClientError } from '../client-error.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { readBody } from '../transport/transport.ts'
import type { KindContext } from './kind.ts'

export type GoogleToken = {
  readonly credentials: Credentials
  readonly expiresAt: Date | undefined
}

type CredentialFile = JWTInput & {
  readonly credential_source?: { readonly environment_id?: string; readonly executable?: unknown }
}

const scope = 'https://www.googleapis.com/auth/cloud-platform'
const metadataAnswer = z.object({
  access_token: z.string().min(1).max(16_384),
  expires_in: z.number().min(0),
})
const metadataTimeoutMs = 5000

/**
 * An access token by the credentials of the surroundings: the file that `GOOGLE_APPLICATION_CREDENTIALS` names, that
 * of gcloud, or the metadata server of a machine at Google. `undefined` when there are none. Throws `unauthenticated`
 * when they are there and do not count.
 */
export async function getGoogleToken(context: KindContext): Promise<GoogleToken | undefined> {
  const file = credentialFile(context.env)
  if (file !== undefined) return await tokenByFile(file, context)
  if (await isAtGoogle(context.env)) return await tokenByMetadata(context)
  return undefined
}

function credentialFile(env: KindContext['env']): string | undefined {
  const named = env.GOOGLE_APPLICATION_CREDENTIALS
  if (named !== undefined && named !== '') return named
  const folder =
    env.CLOUDSDK_CONFIG ??
    (env.APPDATA !== undefined
      ? join(env.APPDATA, 'gcloud')
      : join(env.HOME ?? '/', '.config/gcloud'))
  const file = join(folder, 'application_default_credentials.json')
  return existsSync(file) ? file : undefined
}

/** Service accounts, users and federated workloads alike: Google's library knows them all. */
async function tokenByFile(file: string, { registry }: KindContext): Promise<GoogleToken> {
  try {
    const client = await clientOf(JSON.parse(await readFile(file, 'utf8')) as CredentialFile)
    const { token } = await client.getAccessToken()
    if (token === undefined || token === null || token === '') throw new Error('no token came')
    const expiry = client.credentials.expiry_date
    return credentialsOf(token, typeof expiry === 'number' ? new Date(expiry) : undefined)
  } catch (error) {
    // A parser's message would show a piece of the file, and with it of a key.
    const isParser = error instanceof SyntaxError
    const reason = error instanceof Error && !isParser ? error.message : 'it is not JSON'
    throw new ClientError(
      'unauthenticated',
      `The Google credentials in ${file} give no token for ${registry}: ${reason.replaceAll(/\s+/g, ' ').slice(0, 300)}`,
      {
        next: 'Make them anew, for instance with "gcloud auth application-default login".',
        ...(!isParser && { cause: error }),
      },
    )
  }
}

/** The library writes warnings to standard error when it is left to read such files by itself. */
async function clientOf(json: CredentialFile): Promise<AuthClient> {
  const { AwsClient, GoogleAuth, IdentityPoolClient, PluggableAuthClient } = await import(
    'google-auth-library'
  )
  if (json.type !== 'external_account') {
    const auth = new GoogleAuth({ scopes: [scope] })
    auth.jsonContent = json
    return await auth.getClient()
  }
  const options = { ...json, scopes: [scope] }
  if (json.credential_source?.environment_id !== undefined) {
    return new AwsClient(options as unknown as AwsClientOptions)
  }
  if (json.credential_source?.executable !== undefined) {
    return new PluggableAuthClient(options as unknown as PluggableAuthClientOptions)
  }
  return new IdentityPoolClient(options as unknown as IdentityPoolClientOptions)
}

async function tokenByMetadata({ env, transport, signal }: KindContext): Promise<GoogleToken> {
  const host = env.GCE_METADATA_HOST ?? env.GCE_METADATA_IP ?? '169.254.169.254'
  const path = '/computeMetadata/v1/instance/service-accounts/default/token'
  const timeout = AbortSignal.timeout(metadataTimeoutMs)
  try {
    const answer = await transport.send({
      method: 'GET',
      url: new URL(`http://${host}${path}`),
      headers: { 'Metadata-Flavor': 'Google' },
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    })
    const text = (await readBody(answer, 65_536)).toString()
    if (answer.status === 200) {
      const { access_token, expires_in } = metadataAnswer.parse(JSON.parse(text))
      return credentialsOf(access_token, new Date(Date.now() + expires_in * 1000))
    }
    throw new Error(`status ${answer.status}`)
  } catch (error) {
    if (signal?.aborted === true && isClientError(error, 'cancelled')) throw error
    throw new ClientError('unauthenticated', `The metadata server at ${host} gives no token.`, {
      next: 'Give the machine or the workload a service account, or log in with "berth login".',
      cause: error,
    })
  }
}

/** Asking a metadata server that is not there takes seconds, so it is asked only where there is one. */
async function isAtGoogle(env: KindContext['env']): Promise<boolean> {
  const names = ['GCE_METADATA_HOST', 'GCE_METADATA_IP', 'K_SERVICE', 'CLOUD_RUN_JOB']
  if (names.some((name) => (env[name] ?? '') !== '')) return true
  try {
    return (await readFile('/sys/class/dmi/id/product_name', 'utf8')).startsWith('Google')
  } catch {
    return false
  }
}

function credentialsOf(token: string, expiresAt: Date | undefined): GoogleToken {
  const credentials = { kind: 'password', username: 'oauth2accesstoken', password: token } as const
  return { credentials, expiresAt }
}
