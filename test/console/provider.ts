/** What the tests of a browser use of `test/tools/oidc-provider.ts`. */
export type Provider = {
  /** `https://127.0.0.1:<port>` */
  readonly issuer: string
  readonly caFile: string
  stop(): Promise<void>
}

type Start = (options: {
  users: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  clients: readonly { id: string; secret?: string; redirectUris: readonly string[] }[]
}) => Promise<Provider>

// Found while it runs: it stands on code of the server, whose types contradict those of a browser in here.
const module: string = '../tools/oidc-provider.ts'

export const { startOidcProvider } = (await import(module)) as { startOidcProvider: Start }
