import { basic, Tokens } from '../auth/tokens.ts'
import type { Credentials } from '../credentials/credentials.ts'
import type { KindContext, Probe } from './kind.ts'
import { askWithoutCredentials } from './probe.ts'

/** Authorises calls to an interface that lies behind the same door as the registry, by the registry's own challenge. */
export class RegistryAuthorization {
  readonly #context: KindContext
  readonly #credentials: Credentials
  readonly #tokens: Tokens
  #probe: Promise<Probe> | undefined

  constructor(context: KindContext, credentials: Credentials) {
    this.#context = context
    this.#credentials = credentials
    this.#tokens = new Tokens(context.transport)
  }

  /** `https://host:port`. */
  async origin(): Promise<string> {
    return (await this.#asked()).origin
  }

  /** The header for a call that needs these scopes; none for nobody where the registry wants Basic. */
  async headers(
    scopes: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Readonly<Record<string, string>>> {
    const { challenge, origin } = await this.#asked()
    const credentials = this.#credentials
    if (challenge?.scheme === 'bearer') {
      const request = { origin, challenge, scopes, credentials, signal }
      return { Authorization: `Bearer ${await this.#tokens.token(request)}` }
    }
    if (credentials.kind === 'password') return { Authorization: basic(credentials) }
    if (credentials.kind === 'accessToken') return { Authorization: `Bearer ${credentials.token}` }
    return {}
  }

  #asked(): Promise<Probe> {
    this.#probe ??= askWithoutCredentials(this.#context)
    return this.#probe
  }
}
