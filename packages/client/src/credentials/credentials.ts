/** What is shown to a registry, or to its token service, to say who asks. */
export type Credentials =
  | { readonly kind: 'anonymous' }
  /** Sent as Basic, to the registry or to its token service, whichever the registry's challenge asks for. */
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** A refresh token of the registry's token service (docker's `identitytoken`), exchanged for access tokens. */
  | { readonly kind: 'identityToken'; readonly username: string; readonly token: string }
  /** An access token as it is (docker's `registrytoken`). */
  | { readonly kind: 'accessToken'; readonly token: string }

/** Gives the credentials for each registry. */
export interface CredentialSource {
  /**
   * What to show to this registry (`host:port`, Docker Hub is `docker.io`); anonymous when nothing is known. With a
   * repository, logins for a path that it lies in come first. Credentials that run out are made anew in time. Throws
   * `toolMissing` or `toolFailed` when a credential helper does not answer.
   */
  credentialsFor(registry: string, signal?: AbortSignal, repository?: string): Promise<Credentials>
}

/** Nobody in particular. */
export const anonymous: CredentialSource = {
  credentialsFor: () => Promise.resolve({ kind: 'anonymous' }),
}
