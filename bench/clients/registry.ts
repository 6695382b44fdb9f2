import type { Readable } from 'node:stream'
import { Client } from 'undici'
import { upload } from './curl.ts'

export type Credentials = { name: string; password: string }

/** Where a registry is and as whom to speak to it. */
export type Registry = { url: string; credentials?: Credentials | undefined }

type Answer = {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** One kept-alive connection to a registry: what one client has. */
export class RegistryConnection {
  readonly url: string
  readonly #client: Client
  readonly #authorization: Record<string, string>

  constructor(url: string, token?: string) {
    this.url = url
    this.#client = new Client(url, { pipelining: 1, headersTimeout: 600_000, bodyTimeout: 600_000 })
    this.#authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  }

  /** A stream goes in chunked encoding. Throws unless the status is one of `expected`. */
  async request(
    method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    path: string,
    expected: number[],
    body?: Buffer | Readable,
    contentType = 'application/octet-stream',
  ): Promise<Answer> {
    const headers =
      body === undefined
        ? this.#authorization
        : { ...this.#authorization, 'content-type': contentType }
    const response = await this.#client.request({ method, path, headers, body: body ?? null })
    const text = await response.body.text()
    if (!expected.includes(response.statusCode)) {
      throw new Error(
        `${method} ${this.url}${path} answered ${response.statusCode}: ${text.slice(0, 300)}`,
      )
    }
    return { status: response.statusCode, headers: response.headers, body: text }
  }

  /** Opens an upload session and returns the path to send to. */
  async startUpload(repository: string): Promise<string> {
    return this.#location(await this.request('POST', `/v2/${repository}/blobs/uploads/`, [202]))
  }

  /** One PATCH and the closing PUT, as Docker does. Returns how long the PUT took. */
  async pushBlob(
    repository: string,
    digest: string,
    bytes: Buffer | Readable,
  ): Promise<{ putMilliseconds: number }> {
    const session = await this.startUpload(repository)
    const patched = this.#location(await this.request('PATCH', session, [202], bytes))
    const started = performance.now()
    await this.request('PUT', withDigest(patched, digest), [201])
    return { putMilliseconds: performance.now() - started }
  }

  async pushManifest(
    repository: string,
    reference: string,
    mediaType: string,
    payload: Buffer,
  ): Promise<void> {
    await this.request('PUT', `/v2/${repository}/manifests/${reference}`, [201], payload, mediaType)
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  /** Locations may be absolute or relative. */
  #location(answer: Answer): string {
    const location = answer.headers['location']
    if (typeof location !== 'string') throw new Error(`${this.url} answered without a Location`)
    const { pathname, search } = new URL(location, this.url)
    return pathname + search
  }
}

export function withDigest(location: string, digest: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`
}

export function registryBlobPath(repository: string, digest: string): string {
  return `/v2/${repository}/blobs/${digest}`
}

/** Pushes a file of any size as a blob. */
export async function storeOverHttp(
  registry: Registry,
  repository: string,
  digest: string,
  file: string,
): Promise<void> {
  const token =
    registry.credentials && (await fetchToken(registry.url, registry.credentials, repository))
  const connection = new RegistryConnection(registry.url, token)
  const session = await connection.startUpload(repository)
  await connection.close()
  await upload({
    url: registry.url + withDigest(session, digest),
    file,
    method: 'PUT',
    token,
    expected: 201,
  })
}

/** Asks the token service that the registry names in its challenge for pull and push. */
export async function fetchToken(
  url: string,
  credentials: Credentials,
  repository: string,
): Promise<string> {
  const challenge = (await fetch(`${url}/v2/`)).headers.get('www-authenticate') ?? ''
  const realm = /realm="([^"]+)"/.exec(challenge)?.[1]
  if (realm === undefined)
    throw new Error(`${url} names no token service in its challenge: "${challenge}"`)
  const service = /service="([^"]+)"/.exec(challenge)?.[1] ?? ''
  const query = new URLSearchParams({ service, scope: `repository:${repository}:pull,push` })
  const basic = Buffer.from(`${credentials.name}:${credentials.password}`).toString('base64')
  const response = await fetch(`${realm}?${query.toString()}`, {
    headers: { authorization: `Basic ${basic}` },
  })
  const token = tokenIn(await response.json())
  if (token === undefined) throw new Error(`${realm} answered ${response.status} without a token`)
  return token
}

function tokenIn(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined
  if ('token' in answer && typeof answer.token === 'string') return answer.token
  if ('access_token' in answer && typeof answer.access_token === 'string')
    return answer.access_token
  return undefined
}
