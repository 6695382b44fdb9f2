import { readBody, type Transport, type TransportRequest } from './transport.ts'

const bodyMax = 64 * 1024 * 1024
const methods = new Set<string>(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])

/**
 * `fetch` for libraries that want one, as far as a client of a JSON interface needs it: bodies of text or bytes, and answers that
 * are read at once. Requests go through the transport, with its proxies, authorities and repetitions.
 */
export function transportFetch(transport: Transport): typeof fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const { body } = init
    const isBytes = body instanceof Uint8Array
    if (body !== undefined && body !== null && typeof body !== 'string' && !isBytes) {
      throw new TypeError('only text and bytes can be sent')
    }
    const answer = await transport.send({
      method: readMethod(init.method ?? 'GET'),
      url,
      headers: Object.fromEntries(new Headers(init.headers)),
      body: isBytes ? Buffer.from(body) : (body ?? undefined),
      signal: init.signal ?? undefined,
    })
    const bytes = await readBody(answer, bodyMax)
    const headers = new Headers()
    for (const [name, value] of Object.entries(answer.headers)) {
      for (const each of Array.isArray(value) ? value : [value ?? '']) headers.append(name, each)
    }
    const hasNoBody = [204, 205, 304].includes(answer.status)
    return new Response(hasNoBody ? null : new Uint8Array(bytes), {
      status: answer.status,
      headers,
    })
  }
}

function readMethod(method: string): TransportRequest['method'] {
  if (methods.has(method)) return method as TransportRequest['method']
  throw new TypeError(`${method} cannot be sent`)
}
