import type { Call, Door } from './door.ts'
import { jsonHeaders, nextPageLink } from './headers.ts'
import { parsePage, parseQuery } from './query.ts'

/** Docker's GET /v2/_catalog: the names of the repositories that the caller may pull, a page at a time. */
export async function listRepositories(door: Door, call: Call): Promise<void> {
  const { exchange, caller } = call
  const page = parsePage(parseQuery(call.query))
  const { repositories, next } = await door.repositories.listRepositories(page, {
    projects: await caller.readableProjects(),
    // The token is for the list; it names none of the repositories in it.
    mayPull: async (name) => caller.couldWithToken('pull', name),
  })
  const body = Buffer.from(JSON.stringify({ repositories }))
  const headers = jsonHeaders(body.length)
  if (next !== undefined) headers.push('Link', nextPageLink('/v2/_catalog', page.limit, next))
  exchange.send(200, headers, body)
}
