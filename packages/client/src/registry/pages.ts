import { ClientError } from '../client-error.ts'
import { readBody } from '../transport/transport.ts'
import type { RegistryConnection, RegistryRequest } from './registry-connection.ts'

const pageBytesMax = 32 * 1024 * 1024
const pagesMax = 100_000

/**
 * The pages of a list as parsed JSON, one after the other, by the `Link` of each answer (RFC 8288). Throws
 * `serverFault` when a page is not JSON, or leads back to itself.
 */
export async function* listPages(
  connection: RegistryConnection,
  request: RegistryRequest,
): AsyncGenerator<unknown, void> {
  let path: RegistryRequest['path'] = request.path
  for (let page = 0; page < pagesMax; page += 1) {
    const answer = await connection.send({ ...request, method: 'GET', path })
    const text = (await readBody(answer, pageBytesMax)).toString()
    yield parsePage(text, request)
    const next = nextPage(answer.headers.link, answer.url)
    if (next === undefined) return
    if (next.href === answer.url.href) {
      throw new ClientError('serverFault', `${request.what}: a page of its list leads to itself.`)
    }
    path = next
  }
}

function parsePage(text: string, { what }: RegistryRequest): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ClientError('serverFault', `${what}: the registry sent a list that is not JSON.`, {
      cause,
    })
  }
}

function nextPage(header: string | string[] | undefined, from: URL): URL | undefined {
  const text = Array.isArray(header) ? header.join(', ') : (header ?? '')
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(text)?.[1]
  return target === undefined ? undefined : new URL(target, from)
}
