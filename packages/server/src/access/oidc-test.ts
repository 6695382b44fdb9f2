import { readFile } from 'node:fs/promises'
import type { OutboundRequest } from '../outbound/outbound.ts'
import type { OidcSettings } from './oidc-provider-client.ts'
import { type Step, StepFailure, Steps } from './sign-in-test.ts'

type Fetch = (url: string, request: OutboundRequest) => Promise<Response>

type Metadata = {
  readonly issuer: string
  readonly jwks_uri: string
  readonly algorithms: readonly string[]
}

const timeMs = 12_000
const bodyMax = 1024 * 1024
const clockOffMaxMs = 30_000

/**
 * Asks a provider of OpenID Connect what a sign-in needs of it: its metadata, its keys, whether the clocks agree, and the
 * secret of the client. Nobody is signed in by it. Answers within about 12 seconds.
 */
export async function testOidcProvider(parts: {
  settings: OidcSettings
  fetch: Fetch
  redirectUri: string
  now: () => number
}): Promise<Step[]> {
  const { settings, fetch, redirectUri, now } = parts
  const steps = new Steps(null, timeMs)
  try {
    const { metadata, date } = await steps.take(
      'discovery',
      'See that access.oidc.issuer is written exactly as the provider writes it, that this machine reaches it, and that outbound allows it.',
      () => discover(settings, fetch),
    )
    await steps.take('keys', 'The provider has to publish the keys it signs with.', () =>
      readKeys(metadata, settings, fetch),
    )
    await steps.take('clock', 'Let both machines keep time with NTP.', () => checkClock(date, now))
    await steps.take(
      'client',
      'See that the file of clientSecretFile is there and can be read by Berth.',
      () => readSecret(settings),
    )
  } catch {
    // The step that failed has been noted.
  }
  steps.skip(
    'redirect',
    `Only the provider knows whether this address is registered with it: ${redirectUri}`,
  )
  return steps.taken
}

async function discover(settings: OidcSettings, fetch: Fetch) {
  const issuer = settings.issuer.replace(/\/$/, '')
  const answer = await fetch(`${issuer}/.well-known/openid-configuration`, { method: 'GET' })
  const document = await readJson(answer)
  const { issuer: named, jwks_uri: keys } = document
  if (named !== settings.issuer) {
    throw new StepFailure(`The provider calls itself ${quoted(named)}, and not ${settings.issuer}.`)
  }
  if (typeof keys !== 'string') throw new StepFailure('The metadata names no jwks_uri.')
  for (const name of ['authorization_endpoint', 'token_endpoint']) {
    if (typeof document[name] !== 'string') throw new StepFailure(`The metadata has no ${name}.`)
  }
  const offered = document['id_token_signing_alg_values_supported'] ?? ['RS256']
  const algorithms = Array.isArray(offered) ? offered.filter((one) => typeof one === 'string') : []
  const common = settings.signingAlgorithms.filter((one) => algorithms.includes(one))
  if (common.length === 0) {
    throw new StepFailure('It signs in no way that access.oidc.signingAlgorithms accepts.')
  }
  const metadata: Metadata = { issuer: settings.issuer, jwks_uri: keys, algorithms: common }
  const date = answer.headers.get('date')
  return { message: `It answers, and signs with ${common.join(', ')}.`, value: { metadata, date } }
}

async function readKeys({ jwks_uri: address }: Metadata, _: OidcSettings, fetch: Fetch) {
  const { keys } = await readJson(await fetch(address, { method: 'GET' }))
  if (!Array.isArray(keys) || keys.length === 0) throw new StepFailure('It publishes no keys.')
  return { message: `It publishes ${keys.length} keys.`, value: undefined }
}

function checkClock(date: string | null, now: () => number) {
  const theirs = date === null ? Number.NaN : Date.parse(date)
  if (Number.isNaN(theirs)) {
    return Promise.resolve({ message: 'It does not tell its time.', value: undefined })
  }
  const seconds = Math.round((theirs - now()) / 1000)
  if (Math.abs(seconds) * 1000 > clockOffMaxMs) {
    const apart = `${Math.abs(seconds)} seconds ${seconds > 0 ? 'ahead of' : 'behind'}`
    return Promise.reject(new StepFailure(`Its clock is ${apart} this one.`))
  }
  return Promise.resolve({ message: 'The clocks agree.', value: undefined })
}

async function readSecret({ clientSecretFile }: OidcSettings) {
  if (clientSecretFile === undefined) {
    return { message: 'Berth is a public client, without a secret.', value: undefined }
  }
  const secret = await readFile(clientSecretFile, 'utf8').catch(() => {
    throw new StepFailure('The file with the client secret cannot be read.')
  })
  if (secret.trim() === '') throw new StepFailure('The file with the client secret is empty.')
  return {
    message: 'The client secret can be read. Whether it is right shows at the first sign-in.',
    value: undefined,
  }
}

async function readJson(answer: Response): Promise<Readonly<Record<string, unknown>>> {
  if (!answer.ok) throw new StepFailure(`It answers with status ${answer.status}.`)
  const text = await answer.text()
  if (text.length > bodyMax) throw new StepFailure('Its answer is too large.')
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw new StepFailure('Its answer is not JSON.')
}

function quoted(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 200) ?? 'nothing'
}
