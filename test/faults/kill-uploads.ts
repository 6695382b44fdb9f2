import type { Random } from './random.ts'
import {
  type Answer,
  describeAnswer,
  digestOf,
  locationOf,
  type RegistryClient,
  withDigest,
} from './registry-client.ts'

/** The server ended in the middle of a request: its outcome is not known. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

type RequestOptions = {
  headers?: Record<string, string>
  body?: Buffer | AsyncIterable<Uint8Array>
}
type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Sends requests of a client that expects the server to be killed, but never to fail. */
export class ExpectantClient {
  readonly #http: RegistryClient

  constructor(http: RegistryClient) {
    this.#http = http
  }

  /** Throws `Interrupted` when there is no answer, and an error for one of 500 or above. */
  async send(method: Method, path: string, options: RequestOptions = {}): Promise<Answer> {
    let answer: Answer
    try {
      answer = await this.#http.send(method, path, options)
    } catch (cause) {
      throw new Interrupted(`${method} ${path}: no answer`, { cause })
    }
    if (answer.status >= 500) throw new Error(`${method} ${path}: ${describeAnswer(answer)}`)
    return answer
  }

  async expect(
    wanted: number | readonly number[],
    method: Method,
    path: string,
    options: RequestOptions = {},
  ): Promise<Answer> {
    const answer = await this.send(method, path, options)
    if ([wanted].flat().includes(answer.status)) return answer
    throw new Error(
      `${method} ${path}: expected ${[wanted].flat().join(' or ')}, got ${describeAnswer(answer)}`,
    )
  }
}

/** Opens a session and returns its Location. */
export async function openSession(http: ExpectantClient, repository: string): Promise<string> {
  return locationOf(await http.expect(202, 'POST', `/v2/${repository}/blobs/uploads/`))
}

/** Makes sure that a blob is in a repository, in one of the ways in which clients do. `source` may hold it already. */
export async function ensureBlob(
  http: ExpectantClient,
  random: Random,
  repository: string,
  bytes: Buffer,
  options: { look: boolean; source: string },
): Promise<void> {
  const digest = digestOf(bytes)
  if (options.look && random.chance(0.6)) {
    const found = await http.expect([200, 404], 'HEAD', `/v2/${repository}/blobs/${digest}`)
    if (found.status === 200) return
  }
  const uploads = `/v2/${repository}/blobs/uploads/`
  if (random.chance(0.3)) {
    const from = options.source === repository ? '' : `&from=${encodeURIComponent(options.source)}`
    const answer = await http.expect([201, 202], 'POST', `${uploads}?mount=${digest}${from}`)
    if (answer.status === 202) await sendBytes(http, random, locationOf(answer), bytes, digest)
    return
  }
  if (random.chance(0.25)) {
    await http.expect(201, 'POST', `${uploads}?digest=${digest}`, { body: bytes })
    return
  }
  await sendBytes(http, random, await openSession(http, repository), bytes, digest)
}

/** Sends a whole blob into an empty session and ends it. */
async function sendBytes(
  http: ExpectantClient,
  random: Random,
  start: string,
  bytes: Buffer,
  digest: string,
): Promise<void> {
  const chunks = random.pick([0, 1, 1, 2, 4])
  let location = start
  let offset = 0
  for (let chunk = 0; chunk < chunks && offset < bytes.length; chunk += 1) {
    const isLast = chunk === chunks - 1
    const end =
      isLast && random.chance(0.7) ? bytes.length : random.between(offset + 1, bytes.length)
    location = await patch(http, random, location, bytes.subarray(offset, end), offset)
    offset = end
  }
  await http.expect(201, 'PUT', withDigest(location, digest), { body: bytes.subarray(offset) })
}

/** Appends a chunk, with or without its range, with or without its length. Returns the next Location. */
export async function patch(
  http: ExpectantClient,
  random: Random,
  location: string,
  chunk: Buffer,
  offset: number,
): Promise<string> {
  const headers: Record<string, string> = {}
  if (random.chance(0.4)) headers['content-range'] = `${offset}-${offset + chunk.length - 1}`
  const body = random.chance(0.5) ? chunk : inPieces(chunk)
  return locationOf(await http.expect(202, 'PATCH', location, { headers, body }))
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 40_000) {
    yield bytes.subarray(at, at + 40_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
