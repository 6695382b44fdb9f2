import type { ClientError } from '../client-error.ts'
import type { Environment } from '../transport/transport.ts'
import type { AuthFile, NamespaceMatch } from './auth-file.ts'
import type { Credentials, CredentialSource } from './credentials.ts'
import { dockerVariableKeys, findInDockerVariable, openDockerConfig } from './docker-config.ts'
import type {
  AmbientCredentials,
  CredentialPlace,
  FoundCredentials,
  KnownRegistry,
} from './known-credentials.ts'
import { openPodmanAuthFiles } from './podman-auth.ts'
import { parseRegistryKey } from './registry-key.ts'

export type CredentialStoreOptions = {
  readonly env: Environment
  /** The home folder of the user. */
  readonly home: string
  /** Whose file or helper takes what is stored. Default `docker`, whose file all other clients read too. */
  readonly storeIn?: 'docker' | 'podman' | undefined
  /** Asked where nothing is stored. Default: nobody. */
  readonly ambient?: AmbientCredentials | undefined
}

/** How long an answer counts that does not say when it runs out: a helper is a process, and a command asks often. */
const answerAgeMaxMs = 5 * 60_000
/** What is about to run out is made anew: a request takes its time too. */
const marginMs = 60_000

/**
 * The logins of this machine's user. They are looked up in this order, and the first that is there counts:
 *
 * 1. an entry for a path that the repository lies in (`quay.io/acme`), the longest, in docker's file and podman's;
 * 2. the variable `DOCKER_AUTH_CONFIG`;
 * 3. docker's file: the helper that it names for the registry, then its own entry;
 * 4. podman's files, in the same way;
 * 5. what the surroundings give (`ambient`).
 */
export function openCredentials(options: CredentialStoreOptions): CredentialStore {
  return new CredentialStore(options)
}

export class CredentialStore implements CredentialSource {
  readonly #env: Environment
  readonly #docker: AuthFile
  readonly #podman: readonly AuthFile[]
  readonly #storeIn: 'docker' | 'podman'
  readonly #ambient: AmbientCredentials | undefined
  readonly #answers = new Map<string, Answer>()

  constructor({ env, home, storeIn = 'docker', ambient }: CredentialStoreOptions) {
    this.#env = env
    this.#docker = openDockerConfig(env, home)
    this.#podman = openPodmanAuthFiles(env, home)
    this.#storeIn = storeIn
    this.#ambient = ambient
  }

  async credentialsFor(
    registry: string,
    signal?: AbortSignal,
    repository?: string,
  ): Promise<Credentials> {
    const found = await this.find(registry, signal, repository)
    return found?.credentials ?? { kind: 'anonymous' }
  }

  /** Like `credentialsFor`, with the place; `undefined` when nothing is known. */
  async find(
    registry: string,
    signal?: AbortSignal,
    repository?: string,
  ): Promise<FoundCredentials | undefined> {
    const key = repository === undefined ? registry : `${registry}/${repository}`
    const known = this.#answers.get(key)
    if (known !== undefined && known.until > Date.now()) return known.found
    // Many ask at once when a transfer begins; they share one answer.
    const answer: Answer = {
      until: Number.POSITIVE_INFINITY,
      found: this.#lookUp(registry, repository, signal).then(
        (found) => {
          answer.until = found?.expiresAt
            ? found.expiresAt.getTime() - marginMs
            : Date.now() + answerAgeMaxMs
          return found
        },
        (error: unknown) => {
          this.#answers.delete(key)
          throw error
        },
      ),
    }
    this.#answers.set(key, answer)
    return answer.found
  }

  /** Keeps them in the place of what was there, and says where. Throws as helpers and `editJsonFile` do. */
  async store(
    registry: string,
    credentials: Credentials,
    options: { storeIn?: 'docker' | 'podman' | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<CredentialPlace> {
    this.#answers.clear()
    const { storeIn = this.#storeIn, signal } = options
    const file = storeIn === 'docker' ? this.#docker : (this.#podman[0] ?? this.#docker)
    return file.store(registry, credentials, signal)
  }

  /** Takes them away wherever they are stored, and says where that was. */
  async erase(registry: string, signal?: AbortSignal): Promise<readonly CredentialPlace[]> {
    this.#answers.clear()
    const places: CredentialPlace[] = []
    for (const file of this.#files) places.push(...(await file.erase(registry, signal)))
    return places
  }

  /**
   * Every registry for which something is stored, in the order in which it counts. `onFault` is told of helpers that do
   * not answer.
   */
  async list(
    onFault: (fault: ClientError) => void,
    signal?: AbortSignal,
  ): Promise<readonly KnownRegistry[]> {
    const known: KnownRegistry[] = dockerVariableKeys(this.#env).flatMap((key) => {
      const parsed = parseRegistryKey(key)
      const place = { kind: 'environment', name: 'DOCKER_AUTH_CONFIG' } as const
      return parsed === undefined ? [] : [{ ...parsed, place }]
    })
    for (const file of this.#files) known.push(...(await file.list(signal, onFault)))
    return known
  }

  get #files(): readonly AuthFile[] {
    const others = this.#podman.filter(({ path }) => path !== this.#docker.path)
    return [this.#docker, ...others]
  }

  async #lookUp(
    registry: string,
    repository: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<FoundCredentials | undefined> {
    if (repository !== undefined) {
      let best: NamespaceMatch | undefined
      for (const file of this.#files) {
        const match = await file.findByNamespace(registry, repository, signal)
        if (match !== undefined && match.length > (best?.length ?? 0)) best = match
      }
      if (best !== undefined) return best.found
    }
    const fromVariable = findInDockerVariable(this.#env, registry)
    if (fromVariable !== undefined) return fromVariable
    for (const file of this.#files) {
      const found = await file.find(registry, signal)
      if (found !== undefined) return found
    }
    const ambient = await this.#ambient?.(registry, signal)
    if (ambient === undefined) return undefined
    const place = { kind: 'ambient', name: 'the surroundings of this machine' } as const
    return { ...ambient, place }
  }
}

type Answer = { until: number; readonly found: Promise<FoundCredentials | undefined> }
