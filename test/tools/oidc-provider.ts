import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureSelfSigned } from '../../packages/server/src/http/self-signed.ts'
import { Outbound } from '../../packages/server/src/outbound/outbound.ts'
import { freePort, startService } from './process.ts'

/** The claims about one user besides `sub`. */
export type ProviderUser = {
  readonly name?: string
  readonly preferred_username?: string
  readonly email?: string
  readonly email_verified?: boolean
  readonly groups?: readonly string[]
}

export type OidcProvider = {
  readonly pid: number
  /** `https://127.0.0.1:<port>` */
  readonly issuer: string
  readonly caFile: string
  readonly logs: () => string
  setUser(id: string, user: ProviderUser): Promise<void>
  removeUser(id: string): Promise<void>
  stop(): Promise<void>
}

const processFile = join(import.meta.dirname, 'oidc-provider-process.js')

/** Starts a real provider, `oidc-provider`, over TLS on loopback. A client without a secret is a public one. */
export async function startOidcProvider(options: {
  users: Readonly<Record<string, ProviderUser>>
  clients: readonly { id: string; secret?: string; redirectUris: readonly string[] }[]
  /** Put all claims into the ID token; without it they come from the userinfo endpoint. */
  claimsInIdToken?: boolean
}): Promise<OidcProvider> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-oidc-'))
  try {
    const { caCertificateFile } = await ensureSelfSigned(folder, [], new Date())
    const [port, controlPort] = [await freePort(), await freePort()]
    const issuer = `https://127.0.0.1:${port}`
    const settings = {
      issuer,
      port,
      controlPort,
      users: options.users,
      claimsInIdToken: options.claimsInIdToken ?? false,
      clients: options.clients.map(({ id, secret, redirectUris }) => ({
        client_id: id,
        redirect_uris: redirectUris,
        ...(secret === undefined
          ? { token_endpoint_auth_method: 'none' }
          : { client_secret: secret }),
      })),
    }
    await writeFile(join(folder, 'settings.json'), JSON.stringify(settings))
    const control = `http://127.0.0.1:${controlPort}`
    const service = await startService(process.execPath, [processFile, folder], {
      isReady: async () => (await fetch(control)).ok,
    })
    const change = async (method: string, id: string, user?: ProviderUser): Promise<void> => {
      await fetch(`${control}/users/${encodeURIComponent(id)}`, {
        method,
        ...(user && { body: JSON.stringify(user) }),
      })
    }
    return {
      pid: service.pid,
      issuer,
      caFile: caCertificateFile,
      logs: service.logs,
      setUser: (id, user) => change('PUT', id, user),
      removeUser: (id) => change('DELETE', id),
      async stop() {
        await service.stop()
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/**
 * Does at the provider what a person does in a browser: signs in as `user`, agrees, and comes back. Answers with the
 * address that the provider sends the browser to in the end, without going there.
 */
export async function signInAtProvider(
  provider: Pick<OidcProvider, 'issuer' | 'caFile'>,
  authorizationUrl: string,
  user: string,
): Promise<string> {
  const outbound = new Outbound({
    settings: {
      allowedNetworks: ['127.0.0.1'],
      allowedHosts: [],
      caFile: provider.caFile,
      timeoutSeconds: 10,
    },
  })
  const cookies = new Map<string, string>()
  let url = new URL(authorizationUrl)
  let form: URLSearchParams | undefined
  for (let step = 0; step < 20; step += 1) {
    const answer = await outbound.fetch(url, {
      method: form === undefined ? 'GET' : 'POST',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { body: form }),
      redirect: 'manual',
    })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const location = answer.headers.get('location')
    if (location === null) {
      const page = await answer.text()
      const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1]
      if (answer.status !== 200 || prompt === undefined) {
        throw new Error(`The provider answers ${answer.status}: ${page.slice(0, 2000)}`)
      }
      form = new URLSearchParams(
        prompt === 'login' ? { prompt, login: user, password: 'any' } : { prompt },
      )
      continue
    }
    form = undefined
    url = new URL(location, url)
    if (url.origin !== provider.issuer) return url.href
  }
  throw new Error('The provider sends the browser around in circles.')
}
