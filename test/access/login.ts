import type { Berth } from '../tools/berth.ts'

export type Login = { readonly name: string; readonly password: string }

export function basic({ name, password }: Login): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}

/** What `docker login` does: asks for a token with name and password, and shows it. Answers with the last status. */
export async function dockerLogin(berth: Pick<Berth, 'origin'>, login: Login): Promise<number> {
  const token = await tokenFor(berth, login)
  if (token === undefined) return 401
  const answer = await fetch(`${berth.origin}/v2/`, {
    headers: { authorization: `Bearer ${token}` },
  })
  return answer.status
}

/** A token for the login, with whatever of the scope the user may; `undefined` when the login is refused. */
export async function tokenFor(
  berth: Pick<Berth, 'origin'>,
  login: Login,
  scope?: string,
): Promise<string | undefined> {
  const challenge = await fetch(`${berth.origin}/v2/`)
  const [, realm = ''] =
    /realm="([^"]+)"/.exec(challenge.headers.get('www-authenticate') ?? '') ?? []
  const url = new URL(`${berth.origin}${new URL(realm).pathname}`)
  url.searchParams.set('service', 'berth')
  if (scope !== undefined) url.searchParams.set('scope', scope)
  const answer = await fetch(url, { headers: { authorization: basic(login) } })
  if (!answer.ok) return undefined
  const { token } = (await answer.json()) as { token: string }
  return token
}

/** The status of the beginning of a push, with a token made for it now or with an older one. */
export async function pushStatus(
  berth: Pick<Berth, 'origin'>,
  repository: string,
  token: string | undefined,
): Promise<number> {
  const answer = await fetch(`${berth.origin}/v2/${repository}/blobs/uploads/`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token ?? 'none'}` },
  })
  return answer.status
}
