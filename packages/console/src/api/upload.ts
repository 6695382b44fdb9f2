import { type ClientAnswer, type ClientRequest, createClient } from '@berth/api/client.ts'
import type { Route } from '@berth/api/route.ts'
import { berthUrl } from './address.ts'
import { withSession } from './client.ts'
import { csrfToken } from './session-state.ts'

/** As `callApi`, for a file in `content`; tells how many of its bytes were sent. Throws `AbortError` when it was stopped. */
export async function uploadApi<R extends Route>(
  route: R,
  request: ClientRequest<R>,
  onProgress: (sentBytes: number) => void,
): Promise<ClientAnswer<R>> {
  const client = createClient({
    baseUrl: berthUrl,
    credentials: { kind: 'session', csrfToken },
    fetch: (url, init = {}) => sendWithProgress(url as string, init, onProgress),
  })
  return withSession(route, () => client.call(route, request))
}

/** What `fetch` does, but for a redirect; `fetch` itself does not tell how much was sent. */
function sendWithProgress(
  url: string,
  { method = 'GET', headers, body, signal }: RequestInit,
  onProgress: (sentBytes: number) => void,
): Promise<Response> {
  const request = new XMLHttpRequest()
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  request.open(method, url)
  for (const [name, value] of new Headers(headers)) request.setRequestHeader(name, value)
  request.upload.addEventListener('progress', ({ loaded }) => onProgress(loaded))
  request.addEventListener('load', () => {
    const answered = new Headers()
    for (const line of request.getAllResponseHeaders().trim().split('\r\n')) {
      const colon = line.indexOf(':')
      if (colon > 0) answered.append(line.slice(0, colon), line.slice(colon + 1).trim())
    }
    const content = request.status === 204 ? null : request.responseText
    resolve(new Response(content, { status: request.status, headers: answered }))
  })
  request.addEventListener('error', () => reject(new TypeError('The server was not reached.')))
  request.addEventListener('abort', () => reject(new DOMException('Stopped', 'AbortError')))
  signal?.addEventListener('abort', () => request.abort(), { once: true })
  if (signal?.aborted === true) reject(new DOMException('Stopped', 'AbortError'))
  else request.send(body as XMLHttpRequestBodyInit)
  return promise
}
