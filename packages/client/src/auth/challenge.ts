/** What a `WWW-Authenticate` header asks for. */
export type Challenge =
  | { readonly scheme: 'basic'; readonly realm: string | undefined }
  | {
      readonly scheme: 'bearer'
      /** The address of the token service, as it came. */
      readonly realm: string
      readonly service: string | undefined
      /** Scopes that would have been enough, separated by spaces. */
      readonly scope: string | undefined
      /** `invalid_token`, `insufficient_scope`. */
      readonly error: string | undefined
    }

const headerMax = 8192
const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const parameter = new RegExp(
  `\\s*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))\\s*,?`,
  'y',
)
const schemeName = new RegExp(`[\\s,]*(${token})(?=\\s|,|$)`, 'y')

/**
 * Reads the challenges of an answer (RFC 9110, section 11.6.1). Bearer is taken before Basic when both are offered,
 * since it alone allows anonymous pulls. `undefined` when there is none that a registry client knows.
 */
export function parseChallenge(
  header: string | readonly string[] | undefined,
): Challenge | undefined {
  const texts = typeof header === 'string' ? [header] : (header ?? [])
  const challenges = texts.flatMap((text) => readChallenges(text.slice(0, headerMax)))
  return challenges.find(({ scheme }) => scheme === 'bearer') ?? challenges[0]
}

function readChallenges(text: string): Challenge[] {
  const challenges: Challenge[] = []
  let at = 0
  while (at < text.length) {
    schemeName.lastIndex = at
    const scheme = schemeName.exec(text)?.[1]?.toLowerCase()
    if (scheme === undefined) break
    at = schemeName.lastIndex
    const parameters = new Map<string, string>()
    for (;;) {
      parameter.lastIndex = at
      const found = parameter.exec(text)
      if (found === null) break
      parameters.set(
        (found[1] ?? '').toLowerCase(),
        found[3] ?? (found[2] ?? '').replaceAll(/\\(.)/g, '$1'),
      )
      at = parameter.lastIndex
    }
    const realm = parameters.get('realm')
    if (scheme === 'basic') challenges.push({ scheme, realm })
    if (scheme === 'bearer' && realm !== undefined) {
      challenges.push({
        scheme,
        realm,
        service: parameters.get('service'),
        scope: parameters.get('scope'),
        error: parameters.get('error'),
      })
    }
  }
  return challenges
}
