import { isJsonObject } from '@berth/oci/json-guard.ts'
import { isRepositoryName, type RepositoryName } from '@berth/oci/reference.ts'
import { catalogScope } from '../auth/scope.ts'
import { Tokens } from '../auth/tokens.ts'
import type { CredentialSource } from '../credentials/credentials.ts'
import type { RepositoryAddress } from '../image-reference.ts'
import { ClientError } from '../client-error.ts'
import type { BerthApi } from '../kinds/berth-api.ts'
import type { KindApi, KindName, Probe, RegistryKind } from '../kinds/kind.ts'
import { kindByHost, kindByProbe, kindNamed } from '../kinds/kinds.ts'
import type { Environment, Transport } from '../transport/transport.ts'
import { transportFetch } from '../transport/transport-fetch.ts'
import { listPages } from './pages.ts'
import { RegistryConnection } from './registry-connection.ts'
import { RemoteRepository } from './remote-repository.ts'
import { Uploads } from './uploads.ts'

export type RegistryClientOptions = {
  /** Carries requests to a registry; it may differ by the authorities and certificates that hold for each. */
  readonly transportFor: (registry: string) => Transport
  readonly credentials: CredentialSource
  /** Registries (`host:port`) that are reached without TLS. Those on loopback are tried both ways without being named. */
  readonly plainHttp?: ReadonlySet<string> | undefined
  /** Kinds that the address and the answers do not tell. */
  readonly kindOf?: ReadonlyMap<string, KindName> | undefined
  readonly env?: Environment | undefined
  /** Where unfinished uploads are noted, so that another process can carry them on; without it nobody can. */
  readonly journalFolder?: string | undefined
}

/** Talks to any number of registries. Connections, tokens and what was learnt of each are shared by all that use it. */
export class RegistryClient {
  readonly #options: RegistryClientOptions
  readonly #connections = new Map<string, { connection: RegistryConnection; uploads: Uploads }>()

  constructor(options: RegistryClientOptions) {
    this.#options = options
  }

  repository(address: RepositoryAddress): RemoteRepository {
    const { connection, uploads } = this.#open(address.registry)
    return new RemoteRepository(address, connection, uploads)
  }

  /** What the registry answers to whom it does not know. Throws `unreachable`, `tlsUntrusted`. */
  probe(registry: string, signal?: AbortSignal): Promise<Probe> {
    return this.#open(registry).connection.probe(signal)
  }

  kindOf(registry: string, signal?: AbortSignal): Promise<RegistryKind> {
    return this.#open(registry).connection.kind(signal)
  }

  /** What the kind of registry can beyond the protocol, with the stored credentials; `undefined` when it is nothing. */
  async apiOf(registry: string, signal?: AbortSignal): Promise<KindApi | undefined> {
    const { connection } = this.#open(registry)
    const kind = await connection.kind(signal)
    const { origin } = await connection.probe(signal)
    return kind.openApi?.(
      {
        registry,
        origin,
        transport: this.#options.transportFor(registry),
        env: this.#options.env ?? {},
      },
      await connection.credentials(signal),
    )
  }

  /** The management interface of a Berth. Throws `unsupported` for a registry of another kind. */
  async berthApi(registry: string, signal?: AbortSignal): Promise<BerthApi> {
    const api = await this.apiOf(registry, signal)
    const { BerthApi } = await import('../kinds/berth-api.ts')
    if (api instanceof BerthApi) return api
    throw new ClientError('unsupported', `${registry} is no Berth: only Berth can do this.`, {
      next: `If it is one, say so with --kind ${registry}=berth.`,
    })
  }

  /** A `fetch` with the proxies and authorities that hold for a host: for services that are no registries. */
  fetchFor(host: string): typeof fetch {
    return transportFetch(this.#options.transportFor(host))
  }

  /** Throws what is wrong with the credentials; with none, whether anyone may ask at all. */
  async checkCredentials(registry: string, signal?: AbortSignal): Promise<void> {
    const { connection } = this.#open(registry)
    const answer = await connection.send({
      method: 'GET',
      path: '/v2/',
      scopes: [],
      what: registry,
      expect: [200],
      signal,
    })
    answer.body.resume()
  }

  /** Every repository that the caller sees, by the kind's own interface or the catalog. Throws `unsupported` where there is neither. */
  async *listRepositories(
    registry: string,
    signal?: AbortSignal,
  ): AsyncGenerator<RepositoryName, void> {
    const api = await this.apiOf(registry, signal)
    if (api?.listRepositories !== undefined) {
      yield* api.listRepositories(signal)
      return
    }
    const request = {
      method: 'GET',
      path: '/v2/_catalog?n=1000',
      scopes: [catalogScope],
      what: `the repositories of ${registry}`,
      expect: [200],
      signal,
    } as const
    for await (const page of listPages(this.#open(registry).connection, request)) {
      const names = isJsonObject(page) && Array.isArray(page.repositories) ? page.repositories : []
      // Registries of old hold names that no client can ask for.
      yield* names.filter(isRepositoryName)
    }
  }

  #open(registry: string): { connection: RegistryConnection; uploads: Uploads } {
    const known = this.#connections.get(registry)
    if (known !== undefined) return known
    const { transportFor, credentials, plainHttp, kindOf, journalFolder } = this.#options
    const transport = transportFor(registry)
    const named = kindOf?.get(registry)
    const connection = new RegistryConnection({
      registry,
      transport,
      tokens: new Tokens(transport),
      credentials,
      isPlain: plainHttp?.has(registry) === true,
      kindOf: (probe) =>
        (named === undefined ? kindByHost(registry) : kindNamed(named)) ?? kindByProbe(probe),
    })
    const opened = { connection, uploads: new Uploads(connection, journalFolder) }
    this.#connections.set(registry, opened)
    return opened
  }
}
