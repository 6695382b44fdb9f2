import { ClientError } from '../client-error.ts'
import type { Credentials } from './credentials.ts'
import type { JsonObject } from './json-file.ts'

const secretFields = ['auth', 'username', 'password', 'identitytoken', 'registrytoken']
const base64 = /^[A-Za-z0-9+/]*={0,2}$/

/**
 * The credentials of one entry of `auths`. `undefined` for an entry without any, which docker leaves behind where a
 * helper keeps the secret. Throws `inputInvalid` with `where`, never with what stands there.
 */
export function readAuthEntry(entry: unknown, where: string): Credentials | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw faulty(where, 'is not an object')
  }
  const text = (name: string): string => {
    const value = (entry as JsonObject)[name] ?? ''
    if (typeof value !== 'string') throw faulty(where, `has a "${name}" that is not a text`)
    return value
  }
  const auth = text('auth')
  const { username, password } =
    auth === ''
      ? { username: text('username'), password: text('password') }
      : readBasic(auth, where)
  const identityToken = text('identitytoken')
  if (identityToken !== '') return { kind: 'identityToken', username, token: identityToken }
  const accessToken = text('registrytoken')
  if (accessToken !== '') return { kind: 'accessToken', token: accessToken }
  if (username === '' && password === '') return undefined
  return { kind: 'password', username, password }
}

/**
 * Puts the credentials into an entry as docker writes them; other fields stay. With `undefined` only the secrets are
 * taken out. Throws `inputInvalid` for a user name with a colon, which this form cannot hold.
 */
export function writeAuthEntry(entry: JsonObject, credentials: Credentials | undefined): void {
  for (const name of secretFields) delete entry[name]
  if (credentials === undefined || credentials.kind === 'anonymous') return
  if (credentials.kind === 'accessToken') {
    entry.registrytoken = credentials.token
    return
  }
  const { username } = credentials
  if (username.includes(':')) {
    throw new ClientError('inputInvalid', 'A user name with a colon cannot be stored.')
  }
  const password = credentials.kind === 'password' ? credentials.password : ''
  // Podman and docker both refuse an entry without a user name.
  entry.auth = Buffer.from(`${username === '' ? '<token>' : username}:${password}`).toString(
    'base64',
  )
  if (credentials.kind === 'identityToken') entry.identitytoken = credentials.token
}

function readBasic(auth: string, where: string): { username: string; password: string } {
  const decoded = base64.test(auth) ? Buffer.from(auth, 'base64').toString('utf8') : ''
  const colon = decoded.indexOf(':')
  if (colon === -1) throw faulty(where, 'has an "auth" that is not a name and a password in base64')
  return {
    username: decoded.slice(0, colon),
    // Old versions of docker filled up with zeros.
    password: decoded.slice(colon + 1).replaceAll(/^\0+|\0+$/g, ''),
  }
}

function faulty(where: string, fault: string): ClientError {
  return new ClientError('inputInvalid', `${where} ${fault}.`, {
    next: 'Mend it, or log in again.',
  })
}
