import type { Credentials } from './credentials.ts'

/** Where credentials are kept or come from. */
export type CredentialPlace = {
  readonly kind: 'environment' | 'docker' | 'podman' | 'helper' | 'ambient'
  /** For people: the path of the file, the name of the helper or of the variable. */
  readonly name: string
}

export type FoundCredentials = {
  readonly credentials: Credentials
  readonly place: CredentialPlace
  /** Known only for what is made anew in time. */
  readonly expiresAt: Date | undefined
}

export type KnownRegistry = {
  /** `host:port`; Docker Hub is `docker.io`. May hold `*` where a file has it so. */
  readonly registry: string
  /** The path below which they count; `undefined` when they count for the whole registry. */
  readonly namespace: string | undefined
  readonly place: CredentialPlace
}

/** What a registry's surroundings give without any login; see `RegistryKind.ambientCredentials`. */
export type AmbientCredentials = (
  registry: string,
  signal: AbortSignal | undefined,
) => Promise<
  { readonly credentials: Credentials; readonly expiresAt: Date | undefined } | undefined
>
