/** A service of a signing did not do its part: which one, where, and what it answered. */
export class SigningServiceError extends Error {
  override readonly name = 'SigningServiceError'
}

export type Fetch = typeof globalThis.fetch

/** One service, and how to reach it. `fetch` is the caller's, with its proxies, authorities and limits. */
export type Service = {
  /** For messages: `Fulcio`, `Rekor`, `timestamp authority`. */
  readonly what: string
  readonly url: string
  readonly fetch: Fetch
}

const answerBytesMax = 4 * 1024 * 1024
const timeoutMilliseconds = 30_000

/** POSTs a body and returns the whole answer, at most 4 MiB within 30 s. Throws `SigningServiceError`. */
export async function post(
  service: Service,
  path: string,
  body: string | Buffer<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
): Promise<Buffer> {
  const url = `${service.url.replace(/\/+$/, '')}${path}`
  let response: Response
  let answer: Buffer
  try {
    response = await service.fetch(url, {
      method: 'POST',
      body,
      headers: { ...headers },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMilliseconds),
    })
    answer = await readAnswer(response)
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    throw new SigningServiceError(`${service.what} at ${service.url} cannot be used: ${cause}.`, {
      cause: error,
    })
  }
  if (response.ok) return answer
  const text = answer.toString().slice(0, 300)
  throw new SigningServiceError(
    `${service.what} at ${service.url} answered ${response.status}: ${text}`,
  )
}

async function readAnswer(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > answerBytesMax) throw new Error(`the answer has more than ${answerBytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
