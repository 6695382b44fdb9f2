import type { Door, RepositoryCall } from './door.ts'
import { jsonHeaders, nextPageLink } from './headers.ts'
import { parsePage, parseQuery } from './query.ts'

/** spec end-8: GET tags, a page at a time. */
export async function listTags(door: Door, call: RepositoryCall): Promise<void> {
  const { exchange, repository } = call
  const page = parsePage(parseQuery(call.query))
  const { tags, next } = await door.tags.listTags(repository, page)
  const body = Buffer.from(JSON.stringify({ name: repository, tags }))
  const headers = jsonHeaders(body.length)
  if (next !== undefined) {
    headers.push('Link', nextPageLink(`/v2/${repository}/tags/list`, page.limit, next))
  }
  exchange.send(200, headers, body)
}
