import type { Digest } from '@berth/oci/digest.ts'
import type { RepositoryName, TagName } from '@berth/oci/reference.ts'
import type { Challenge } from '../auth/challenge.ts'
import type { Credentials } from '../credentials/credentials.ts'
import type { Transport } from '../transport/transport.ts'

export type KindName =
  | 'berth'
  | 'ghcr'
  | 'docker-hub'
  | 'ecr'
  | 'google'
  | 'acr'
  | 'harbor'
  | 'nexus'
  | 'zot'
  | 'gitlab'
  | 'quay'
  /** Anything else that speaks the distribution protocol. */
  | 'distribution'

/** What a registry answered to `GET /v2/` without credentials. */
export type Probe = {
  readonly registry: string
  /** `https://host:port` that answered. */
  readonly origin: string
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly challenge: Challenge | undefined
}

export type RegistryAction = 'list' | 'pull' | 'push' | 'delete'

/** One thing that a person is asked when they log in. */
export type Question = {
  readonly id: string
  readonly text: string
  readonly isSecret: boolean
  /** Where the answer is found or made, as a whole sentence. */
  readonly hint?: string | undefined
  readonly preset?: string | undefined
}

export type KindContext = {
  /** `host:port`; Docker Hub is `docker.io`. */
  readonly registry: string
  /** `https://host:port` that answers there, where it is known; default: found by asking. */
  readonly origin?: string | undefined
  readonly transport: Transport
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal | undefined
}

/**
 * One kind of registry: how it is told, how one signs in, what its refusals mean, and what it can beyond the protocol.
 * One file each in this folder; `kinds.ts` lists them in the order in which they are tried.
 */
export interface RegistryKind {
  readonly name: KindName
  /** For people: `GitHub Container Registry`. */
  readonly title: string
  /** By the address alone; no request is made. */
  matchesHost(registry: string): boolean
  /** By what it answered, where the address says nothing. */
  matchesProbe(probe: Probe): boolean
  /** What to ask for the way of signing in that `method` names; the first method is the usual one. */
  readonly methods: readonly SignInMethod[]
  /**
   * Credentials that this machine's surroundings give without any login (the AWS chain, a metadata server, CI's token);
   * `undefined` where there are none. `expiresAt` says when to ask again.
   */
  ambientCredentials?(
    context: KindContext,
  ): Promise<
    { readonly credentials: Credentials; readonly expiresAt: Date | undefined } | undefined
  >
  /** What a refusal means here: which permission, scope or role is missing, and where to set it. Two whole sentences at most. */
  explainRefusal(refusal: Refusal): { readonly meaning: string; readonly next: string }
  /** What this kind can beyond the distribution protocol; absent where there is nothing. */
  openApi?(context: KindContext, credentials: Credentials): Promise<KindApi>
}

export type Refusal = {
  readonly action: RegistryAction
  readonly registry: string
  readonly repository: string | undefined
  readonly status: number
  readonly codes: readonly string[]
  readonly message: string | undefined
  /** Whether credentials were shown. */
  readonly isSignedIn: boolean
}

export type SignInMethod = {
  /** As given to `--method`. */
  readonly name: string
  readonly title: string
  readonly questions: readonly Question[]
  /**
   * The surroundings give these credentials again whenever they are needed (see `ambientCredentials`), so that nothing
   * has to be stored: what is stored would only run out.
   */
  readonly isAmbient?: boolean | undefined
  /**
   * Turns answers into what is stored and shown from now on. Throws `unauthenticated` with the reason when they are
   * wrong or have run out.
   */
  signIn(answers: Readonly<Record<string, string>>, context: KindContext): Promise<Credentials>
}

/** What a registry tells of one manifest beyond the protocol. Whatever it does not tell is `undefined`. */
export type ImageDetails = {
  readonly digest: Digest
  readonly tags: readonly TagName[]
  readonly mediaType?: string | undefined
  /** What the manifest is about; `null` when it is known to be about nothing. */
  readonly subject?: Digest | null | undefined
  /** Bytes of all that the manifest refers to. */
  readonly size?: number | undefined
  readonly pushedAt?: Date | undefined
  readonly lastPulledAt?: Date | undefined
}

/** A kind's own interface, where the protocol does not reach: listing with dates, and its own way of deleting. */
export interface KindApi {
  /** Every manifest of the repository, the untagged too. Throws `notFound` when the repository is unknown. */
  listImages?(repository: RepositoryName, signal?: AbortSignal): AsyncIterable<ImageDetails>
  /** Takes away the manifest and all tags on it; what is gone already is no error. */
  deleteImage?(
    repository: RepositoryName,
    image: { readonly digest: Digest; readonly tags: readonly TagName[] },
    signal?: AbortSignal,
  ): Promise<void>
  /** Takes away one tag and leaves the manifest. Absent where the kind cannot. */
  deleteTag?(repository: RepositoryName, tag: TagName, signal?: AbortSignal): Promise<void>
  /** Every repository that the caller sees, for kinds without a catalog. */
  listRepositories?(signal?: AbortSignal): AsyncIterable<RepositoryName>
  /** Bytes used and allowed, where there is a quota; by project, owner or registry. */
  readQuotas?(signal?: AbortSignal): Promise<readonly Quota[]>
}

export type Quota = {
  readonly owner: string
  readonly usedBytes: number
  readonly limitBytes: number | undefined
}
