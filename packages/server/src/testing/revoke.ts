import { expect } from 'vitest'
import { type Asked, ask, readJson } from './http-client.ts'
import type { TestServer } from './open-test-server.ts'

/** One way to show who one is, and whether a server lets that in at this moment. */
export type Entrance = {
  readonly kind: string
  /** `false`: it is kept for after the revocation, so that no server has seen it before. */
  readonly isWarm?: boolean
  enter(server: TestServer): Promise<boolean>
}

const requesters = 20
const roundsAfterwards = 2

/** Sends the request with these headers; whether the server let it in, whatever it then found. */
export async function isLetIn(
  server: TestServer,
  asked: Asked,
  headers: Record<string, string>,
): Promise<boolean> {
  const { status } = await ask(server.url, { ...asked, headers: { ...asked.headers, ...headers } })
  if (status >= 500) throw new Error(`${asked.method ?? 'GET'} ${asked.path}: ${status}`)
  return ![401, 403, 429].includes(status)
}

/** A token of the token service for these credentials; `undefined` when they are refused. */
export async function fetchToken(
  server: TestServer,
  asked: Omit<Asked, 'path'> & { scope: string; query?: string },
): Promise<{ token: string; refresh_token?: string } | undefined> {
  const query = `service=berth&scope=${encodeURIComponent(asked.scope)}${asked.query ?? ''}`
  const answer = await ask(server.url, { ...asked, path: `/token?${query}` })
  return answer.status === 200 ? readJson(answer) : undefined
}

/** The same by a form. */
export async function exchangeToken(
  server: TestServer,
  form: Record<string, string>,
  headers: Record<string, string>,
): Promise<string | undefined> {
  const answer = await ask(server.url, {
    method: 'POST',
    path: '/token',
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ service: 'berth', ...form }).toString(),
  })
  return answer.status === 200 ? readJson<{ token: string }>(answer).token : undefined
}

/**
 * Warms what every server remembers of these entrances, revokes, and looks again. `survivors` are the kinds that must go
 * on; all others must be refused by every server from the very next request on. Meanwhile requesters in parallel never
 * stop asking: none of their requests that begins after `revoke` has returned may get in.
 */
export async function expectRevoked(
  servers: readonly TestServer[],
  entrances: readonly Entrance[],
  revoke: () => Promise<unknown>,
  survivors: readonly string[] = [],
): Promise<void> {
  const places = entrances.flatMap((entrance) => servers.map((server) => ({ entrance, server })))
  const warm = places.filter(({ entrance }) => entrance.isWarm !== false)
  for (const { entrance, server } of [...warm, ...warm]) {
    expect([entrance.kind, await entrance.enter(server)]).toEqual([entrance.kind, true])
  }
  const doomed = warm.filter(({ entrance }) => !survivors.includes(entrance.kind))
  let isRevoked = false
  const over = new AbortController()
  const late: string[] = []
  const inBefore = Array.from({ length: requesters }, () => Promise.withResolvers<void>())
  const asking = inBefore.map(async (before, index) => {
    let afterwards = 0
    for (let round = index; afterwards < roundsAfterwards && !over.signal.aborted; round += 1) {
      const { entrance, server } = doomed[round % doomed.length] as (typeof doomed)[number]
      const isAfter = isRevoked
      const isIn = await entrance.enter(server)
      if (isIn) before.resolve()
      if (isAfter) afterwards += 1
      if (isAfter && isIn) late.push(entrance.kind)
    }
  })
  const stopped = Promise.all(asking)
  try {
    await Promise.race([stopped, Promise.all(inBefore.map(({ promise }) => promise))])
    await revoke()
    isRevoked = true
    const seen = await Promise.all(
      places.map(async ({ entrance, server }) => [entrance.kind, await entrance.enter(server)]),
    )
    const expected = places.map(({ entrance: { kind } }) => [kind, survivors.includes(kind)])
    expect(seen).toEqual(expected)
    await stopped
    expect(late).toEqual([])
  } finally {
    over.abort()
    await stopped
  }
}
