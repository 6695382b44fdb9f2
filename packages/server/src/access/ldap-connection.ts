import { readFile } from 'node:fs/promises'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectSecurely, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { Client, type Entry, type Filter } from 'ldapts'
import type { Config } from '../config/schema.ts'

type LdapSettings = Config['access']['ldap']

/** All of one operation on a directory: several questions over one connection. */
const totalFactor = 4

/**
 * One connection to one directory server, encrypted unless settings say otherwise, closed at the end of `work`.
 * It is never opened a second time: the library would do so unasked, and what was encrypted by StartTLS would then go
 * on in the open.
 */
export async function withLdapConnection<T>(
  settings: LdapSettings,
  url: string,
  work: (connection: LdapConnection) => Promise<T>,
): Promise<T> {
  const { hostname } = new URL(url)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const tls: ConnectionOptions = {
    host,
    minVersion: 'TLSv1.2',
    ...(isIP(host) === 0 && { servername: host }),
    ...(settings.caFile !== undefined && { ca: await readFile(settings.caFile) }),
  }
  const sockets = new OneConnection()
  const milliseconds = settings.timeoutSeconds * 1000
  const client = new Client({
    url,
    timeout: milliseconds,
    connectTimeout: milliseconds,
    createConnection: ((port: number, name: string) =>
      sockets.open(() => connect(port, name))) as typeof connect,
    createSecureConnection: (...args: unknown[]) => sockets.openSecurely(args, tls),
  })
  const deadline = setTimeout(() => sockets.destroy(), milliseconds * totalFactor)
  try {
    if (settings.startTls && url.toLowerCase().startsWith('ldap:')) await client.startTLS({})
    return await work(new LdapConnection(client, settings))
  } finally {
    clearTimeout(deadline)
    await client.unbind().catch(() => undefined)
    sockets.destroy()
  }
}

/** Hands out one socket and, over it or instead, one TLS connection; nothing after that. */
class OneConnection {
  #plain: Socket | undefined
  #secure: TLSSocket | undefined

  open(make: () => Socket): Socket {
    if (this.#plain !== undefined || this.#secure !== undefined) throw closed()
    this.#plain = make()
    return this.#plain
  }

  /** `args`: port and host for ldaps, one object with the socket for StartTLS, as the library passes them. */
  openSecurely(args: readonly unknown[], tls: ConnectionOptions): TLSSocket {
    if (this.#secure !== undefined) throw closed()
    const [first] = args
    if (typeof first === 'number') this.#secure = connectSecurely({ ...tls, port: first })
    else if (this.#plain === undefined || this.#plain.destroyed) throw closed()
    else this.#secure = connectSecurely({ ...tls, socket: this.#plain })
    return this.#secure
  }

  destroy(): void {
    this.#secure?.destroy(closed())
    this.#plain?.destroy(closed())
  }
}

/** What Berth asks a directory. Every method throws as the library does. */
export class LdapConnection {
  readonly #client: Client
  readonly #settings: LdapSettings

  constructor(client: Client, settings: LdapSettings) {
    this.#client = client
    this.#settings = settings
  }

  /** Signs in as who may search. Without such an account the connection stays, or becomes again, anonymous. */
  async bindForSearch(): Promise<void> {
    const { bindDn, bindPassword } = this.#settings
    await this.#client.bind(bindDn ?? '', bindPassword ?? '')
  }

  /** Never with an empty password: a server then answers well and has checked nothing (RFC 4513, 5.1.2). */
  async bind(dn: string, password: string): Promise<void> {
    if (dn === '' || password === '') throw new Error('A bind needs a name and a password.')
    await this.#client.bind(dn, password)
  }

  /** The entries found, at most `sizeLimit`. Referrals to other servers are not followed. */
  async search(
    base: string,
    query: {
      readonly scope: 'base' | 'one' | 'sub'
      readonly filter: Filter
      readonly attributes: readonly string[]
      readonly sizeLimit: number
    },
  ): Promise<Entry[]> {
    const { scope, filter, attributes, sizeLimit } = query
    const { searchEntries } = await this.#client.search(base, {
      scope,
      filter,
      attributes: [...attributes],
      explicitBufferAttributes: ['objectGUID', this.#settings.idAttribute],
      derefAliases: 'never',
      sizeLimit,
      timeLimit: Math.max(1, Math.ceil(this.#settings.timeoutSeconds)),
    })
    return searchEntries
  }
}

function closed(): Error {
  return new Error('The connection to the directory is closed.')
}
