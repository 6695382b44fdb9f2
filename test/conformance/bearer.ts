/** What a registry asks for (CNCF distribution, "Token authentication"; RFC 6750). */
type Challenge = {
  realm: string
  service: string
  scope: string | undefined
  error: string | undefined
}

/** Reads a challenge as the plainest clients do: one scheme, every parameter in quotes. Throws when it is not that. */
export function readChallenge(header: string | undefined): Challenge {
  const shape = /^Bearer ([a-z_]+="[^"]*"(?:, ?[a-z_]+="[^"]*")*)$/.exec(header ?? '')
  if (shape === null) throw new Error(`no challenge that clients read: ${header}`)
  // They look for this word anywhere in the header to tell the schemes apart.
  if (/basic/i.test(header ?? '')) throw new Error(`the challenge holds the word basic: ${header}`)
  const parameters = new Map(
    [...(shape[1] ?? '').matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  )
  return {
    realm: parameters.get('realm') ?? '',
    service: parameters.get('service') ?? '',
    scope: parameters.get('scope'),
    error: parameters.get('error'),
  }
}

export function basic(user: { name: string; password: string }): string {
  return `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`
}

/** The path that gives a token for the scope in the challenge and `scopes`. Throws unless the realm is at `origin`. */
export function tokenPath(challenge: Challenge, origin: string, scopes: readonly string[]): string {
  const realm = new URL(challenge.realm)
  if (realm.origin !== origin) throw new Error(`the realm ${challenge.realm} is not at ${origin}`)
  const query = new URLSearchParams({ service: challenge.service })
  if (challenge.scope !== undefined) query.append('scope', challenge.scope)
  for (const scope of scopes) query.append('scope', scope)
  return `${realm.pathname}?${query.toString()}`
}
