import { totpCode } from '../../packages/server/src/access/totp.ts'
import { signInAtProvider } from '../tools/oidc-provider.ts'
import { callApi, callAsAdmin, cookiesOf } from './api.ts'
import { audience, directoryPassword, type Installation } from './installation.ts'
import type { Login } from './login.ts'

type Headers = Readonly<Record<string, string>>

const push = ['pull', 'push', 'createTag', 'moveTag']
const passwordOfAll = 'nobody would guess this'

/** Somebody or something that may push to the project `acme`, as docker logs it in. */
export const identities: Readonly<Record<string, (at: Installation) => Promise<Login>>> = {
  'a user with a password': (at) => makeUser(at, 'ulla'),
  'a user with a second factor, by a key': async (at) => {
    const { login, session } = await makeUserWithSecondFactor(at, 'sina')
    return { name: login.name, password: await makeKey(at, session) }
  },
  'a key that may push': async (at) => {
    const { name, password } = await makeUser(at, 'kim')
    const session = await signIn(at, { name, password })
    return { name, password: await makeKey(at, session, push) }
  },
  'a robot': async (at) => (await makeRobot(at, 'ci')).login,
  'a user of the directory': async () => ({ name: 'alice', password: directoryPassword }),
  'a user who signs in at a provider, by a key': async (at) => {
    await at.provider.setUser('id-1', { preferred_username: 'olga', groups: ['developers'] })
    const session = await signInByProvider(at, 'id-1')
    return { name: 'olga', password: await makeKey(at, session) }
  },
  'a workload with a token of its issuer': async (at) => {
    await makeWorkloadRule(at)
    return { name: 'workload', password: await workloadToken(at) }
  },
}

async function must(
  call: ReturnType<typeof callApi>,
  status: number,
): Promise<Awaited<typeof call>> {
  const answer = await call
  if (answer.status === status) return answer
  throw new Error(`The API answered ${answer.status}: ${JSON.stringify(answer.body)}`)
}

/** A user who may push to `acme` and nothing else. */
export async function makeUser({ berth }: Installation, name: string): Promise<Login> {
  await must(callAsAdmin(berth, 'POST', '/users', { name, password: passwordOfAll }), 201)
  const member = `/projects/acme/members/user/${name}`
  await must(callAsAdmin(berth, 'PUT', member, { role: 'developer' }), 200)
  return { name, password: passwordOfAll }
}

/** Signs in as a browser does; returns what each request of the session carries. */
export async function signIn({ berth }: Installation, body: Login): Promise<Headers> {
  const answer = await must(callApi(berth, 'POST', '/session', { body }), 201)
  const { csrfToken } = answer.body as { csrfToken: string }
  return { cookie: cookiesOf(answer), 'x-berth-csrf': csrfToken }
}

/** A user whose password alone is not enough any more, and a session from before. */
export async function makeUserWithSecondFactor(
  at: Installation,
  name: string,
): Promise<{ login: Login; session: Headers }> {
  const login = await makeUser(at, name)
  const headers = await signIn(at, login)
  const begun = await must(callApi(at.berth, 'POST', '/second-factor', { headers }), 201)
  const { secret } = begun.body as { secret: string }
  const code = totpCode(fromBase32(secret), Math.floor(Date.now() / 30_000))
  const body = { code }
  await must(callApi(at.berth, 'POST', '/second-factor/confirm', { headers, body }), 201)
  return { login, session: headers }
}

/** Signs in at the provider by code flow with PKCE, and comes back with a session. */
export async function signInByProvider(at: Installation, user: string): Promise<Headers> {
  const { berth, provider } = at
  const started = await must(callApi(berth, 'GET', '/auth/oidc/corp/start?returnTo=/'), 303)
  const location = started.headers.get('location') ?? ''
  if (new URL(location).searchParams.get('code_challenge_method') !== 'S256') {
    throw new Error(`There is no PKCE in ${location}`)
  }
  const back = new URL(await signInAtProvider(provider, location, user))
  const path = back.pathname.replace('/api/v1', '') + back.search
  const cookie = cookiesOf(started)
  const finished = await must(callApi(berth, 'GET', path, { headers: { cookie } }), 303)
  const headers = { cookie: cookiesOf(finished) }
  const { body } = await must(callApi(berth, 'GET', '/session', { headers }), 200)
  const { session } = body as { session: { csrfToken: string } }
  return { ...headers, 'x-berth-csrf': session.csrfToken }
}

/** A key of whoever the session is of; without `actions` it may what they may. */
export async function makeKey(
  { berth }: Installation,
  headers: Headers,
  actions: readonly string[] | null = null,
): Promise<string> {
  const body = { name: `key-${actions?.length ?? 'all'}`, actions }
  const answer = await must(callApi(berth, 'POST', '/account/keys', { headers, body }), 201)
  return (answer.body as { secret: string }).secret
}

/** A robot of `acme` that may push there. */
export async function makeRobot(
  { berth }: Installation,
  name: string,
): Promise<{ id: string; login: Login }> {
  const body = { name, actions: push }
  const answer = await must(callAsAdmin(berth, 'POST', '/projects/acme/robots', body), 201)
  const { robot, secret } = answer.body as { robot: { id: string; login: string }; secret: string }
  return { id: robot.id, login: { name: robot.login, password: secret } }
}

async function makeWorkloadRule({ berth, issuer }: Installation): Promise<void> {
  const body = {
    name: 'release',
    issuer: issuer.url,
    conditions: { sub: 'repo:acme/app:*' },
    actions: push,
  }
  await must(callAsAdmin(berth, 'POST', '/projects/acme/workload-rules', body), 201)
}

/** What a CI system gives to a job. */
export async function workloadToken(at: Installation, subject = 'repo:acme/app:main') {
  const now = Math.floor(Date.now() / 1000)
  const times = { iat: now, exp: now + 600 }
  return at.issuerKey.sign({ iss: at.issuer.url, aud: audience, sub: subject, ...times })
}

function fromBase32(text: string): Buffer {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = Array.from(text, (letter) => letters.indexOf(letter).toString(2).padStart(5, '0'))
  const bytes = bits.join('').match(/.{8}/g) ?? []
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)))
}
