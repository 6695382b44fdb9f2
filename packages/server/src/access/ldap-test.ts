import { readFile } from 'node:fs/promises'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { FilterParser } from 'ldapts'
import type { Config } from '../config/schema.ts'
import { Ldap } from './ldap.ts'
import { withLdapConnection } from './ldap-connection.ts'
import { type Step, StepFailure, Steps } from './sign-in-test.ts'

type LdapSettings = Config['access']['ldap']

const timeMs = 12_000

/**
 * Asks every server of the directory what a sign-in needs of it: a connection, encryption, the account that searches, a
 * search, and the user of that name if there is one. Answers within about 12 seconds.
 */
export async function testLdap(
  settings: LdapSettings,
  userName: string | undefined,
): Promise<Step[]> {
  const all = await Promise.all(settings.urls.map((url) => testServer(settings, url, userName)))
  return all.flat()
}

async function testServer(
  settings: LdapSettings,
  url: string,
  userName: string | undefined,
): Promise<Step[]> {
  const steps = new Steps(url, timeMs)
  const one = { ...settings, urls: [url] }
  try {
    await steps.take(
      'connect',
      'See that the address and the port are right, and that no firewall is between.',
      () => openSocket(url),
    )
    if (settings.startTls || isSecure(url)) {
      await steps.take(
        'tls',
        'See that the certificate is good for this name and not over, and that access.ldap.caFile holds the authority that signed it.',
        () => encrypt(one, url),
      )
    } else steps.skip('tls', 'Nothing is encrypted: access.ldap.insecure allows it.')
    await steps.take('bind', 'See access.ldap.bindDn and access.ldap.bindPassword.', async () => {
      await withLdapConnection(one, url, (connection) => connection.bindForSearch())
      const who = settings.bindDn === undefined ? 'anybody may ask' : `as ${settings.bindDn}`
      return { message: `Signed in to search: ${who}.`, value: undefined }
    })
    await steps.take('search', 'See access.ldap.userBase and access.ldap.userFilter.', () =>
      searchUsers(one, url),
    )
    if (userName === undefined) steps.skip('user', 'No name was given to look up.')
    else {
      await steps.take(
        'user',
        'See access.ldap.userFilter, nameAttribute and requiredGroups.',
        () => lookUp(one, userName),
      )
    }
  } catch {
    // The step that failed has been noted.
  }
  return steps.taken
}

async function openSocket(url: string) {
  const { host, port } = placeOf(url)
  await settled(connect(port, host), 'connect')
  return { message: `Connected to port ${port}.`, value: undefined }
}

async function encrypt(settings: LdapSettings, url: string) {
  if (!isSecure(url)) {
    await withLdapConnection(settings, url, () => Promise.resolve())
    return { message: 'The connection is encrypted with StartTLS.', value: undefined }
  }
  const { host, port } = placeOf(url)
  const socket = connectSecurely({
    host,
    port,
    minVersion: 'TLSv1.2',
    ...(isIP(host) === 0 && { servername: host }),
    ...(settings.caFile !== undefined && { ca: await readFile(settings.caFile) }),
  })
  await settled(socket, 'secureConnect')
  return { message: 'The connection is encrypted, and the certificate is good.', value: undefined }
}

async function searchUsers(settings: LdapSettings, url: string) {
  const { userBase = '', userScope, nameAttribute } = settings
  const found = await withLdapConnection(settings, url, async (connection) => {
    await connection.bindForSearch()
    return connection.search(userBase, {
      scope: userScope,
      filter: FilterParser.parseString(settings.userFilter),
      attributes: [nameAttribute],
      sizeLimit: 1,
    })
  }).catch((error: unknown) => {
    // There are more than the one asked for: then there are some.
    if (error instanceof Error && error.name === 'SizeLimitExceededError') return [{}]
    throw error
  })
  if (found.length === 0) throw new StepFailure(`There are no users below ${userBase}.`)
  return { message: `There are users below ${userBase}.`, value: undefined }
}

async function lookUp(settings: LdapSettings, userName: string) {
  const identity = await new Ldap(settings).lookup(userName)
  if (identity === undefined) {
    throw new StepFailure('There is no such user, or not just one, or they may not sign in.')
  }
  const { groups, role } = identity
  const named = groups.slice(0, 20).join(', ')
  const mapped = role === undefined ? '' : ` They give the role ${role}.`
  return {
    message: `Found, in ${groups.length} groups${named === '' ? '' : `: ${named}`}.${mapped}`,
    value: undefined,
  }
}

function isSecure(url: string): boolean {
  return url.toLowerCase().startsWith('ldaps:')
}

function placeOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url)
  const usual = isSecure(url) ? 636 : 389
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? usual : Number(port) }
}

/** Resolves with the event, rejects with the error of the socket, which is closed in any case. */
function settled(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  socket.setTimeout(timeMs, () => socket.destroy(new Error('There was no answer in time.')))
  return new Promise<void>((resolve, reject) => {
    socket.once(event, () => resolve())
    socket.once('error', reject)
  }).finally(() => socket.destroy())
}
