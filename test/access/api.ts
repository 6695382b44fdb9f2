import type { Berth } from '../tools/berth.ts'
import { basic } from './login.ts'

type Answer = {
  readonly status: number
  readonly headers: Headers
  /** The body as JSON, `undefined` without one. */
  readonly body: unknown
}

/** One request to the management API; redirects are not followed. */
export async function callApi(
  berth: Pick<Berth, 'origin'>,
  method: string,
  path: string,
  more: { headers?: Readonly<Record<string, string>>; body?: unknown } = {},
): Promise<Answer> {
  const answer = await fetch(`${berth.origin}/api/v1${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...more.headers,
      ...(more.body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(more.body !== undefined && { body: JSON.stringify(more.body) }),
  })
  const text = await answer.text()
  const { status, headers } = answer
  return { status, headers, body: text === '' ? undefined : JSON.parse(text) }
}

/** As the administrator whom the first start made. */
export function callAsAdmin(
  berth: Pick<Berth, 'origin' | 'username' | 'password'>,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const authorization = basic({ name: berth.username, password: berth.password })
  return callApi(berth, method, path, {
    headers: { authorization },
    ...(body !== undefined && { body }),
  })
}

/** Names and values of the cookies that an answer sets, as a `Cookie` header sends them back. */
export function cookiesOf({ headers }: Pick<Answer, 'headers'>): string {
  return headers
    .getSetCookie()
    .map((line) => line.slice(0, line.indexOf(';')))
    .filter((pair) => !pair.endsWith('='))
    .join('; ')
}
