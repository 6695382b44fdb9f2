import { createHash } from 'node:crypto'
import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import type { ErrorEnvelope } from '@berth/oci/error-code.ts'

export type Answer = {
  status: number
  /** The reason phrase. */
  statusMessage: string
  headers: IncomingHttpHeaders
  body: Buffer
}

export type Asked = {
  method?: string
  /** Sent exactly as it stands: nothing is normalised or escaped. */
  path: string
  headers?: OutgoingHttpHeaders
  /** A list is sent chunk by chunk without a Content-Length. */
  body?: Uint8Array | string | readonly Uint8Array[]
}

/** Sends one request over a connection of its own, as it is: what `fetch` would refuse or put right arrives. */
export function ask(base: string, asked: Asked): Promise<Answer> {
  const { hostname, port } = new URL(base)
  const { method = 'GET', path, headers = {}, body } = asked
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false })
    const outgoing = request({ hostname, port, method, path, headers, agent }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () => {
        resolve({
          status: incoming.statusCode ?? 0,
          statusMessage: incoming.statusMessage ?? '',
          headers: incoming.headers,
          body: Buffer.concat(chunks),
        })
      })
    })
    outgoing.on('error', reject)
    if (body === undefined) outgoing.end()
    else if (typeof body === 'string' || body instanceof Uint8Array) outgoing.end(body)
    else Readable.from(body, { objectMode: true }).pipe(outgoing)
  })
}

/** Writes bytes to a new connection and returns all that comes back until the server closes it. */
export function exchangeBytes(base: string, bytes: string | Uint8Array): Promise<string> {
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      received += text
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(received)
      else reject(error)
    })
    socket.on('close', () => resolve(received))
  })
}

export function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}

export function digestOf(bytes: Uint8Array | string, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

/** The registry protocol as one user, with Basic credentials on every request. */
export class RegistryClient {
  readonly #base: string
  readonly #authorization: string | undefined

  constructor(base: string, user?: { name: string; password: string }) {
    this.#base = base
    this.#authorization = user && basic(user.name, user.password)
  }

  send(method: string, path: string, more: Omit<Asked, 'method' | 'path'> = {}): Promise<Answer> {
    const headers = { ...(this.#authorization && { authorization: this.#authorization }) }
    return ask(this.#base, { ...more, method, path, headers: { ...headers, ...more.headers } })
  }

  async pushBlob(repository: string, bytes: Uint8Array | string): Promise<string> {
    const digest = digestOf(bytes)
    const answer = await this.send('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, {
      headers: { 'content-length': Buffer.byteLength(bytes) },
      body: bytes,
    })
    if (answer.status !== 201) throw new Error(`${answer.status} ${answer.body.toString()}`)
    return digest
  }

  pushManifest(
    repository: string,
    reference: string,
    manifest: object | string,
    mediaType = 'application/vnd.oci.image.manifest.v1+json',
  ): Promise<Answer> {
    const body = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
    return this.send('PUT', `/v2/${repository}/manifests/${reference}`, {
      headers: { 'content-type': mediaType },
      body,
    })
  }

  /** Opens an upload session and returns its Location. */
  async startUpload(repository: string): Promise<string> {
    const answer = await this.send('POST', `/v2/${repository}/blobs/uploads/`)
    if (answer.status !== 202) throw new Error(`${answer.status} ${answer.body.toString()}`)
    return String(answer.headers.location)
  }
}

/** The body as JSON of the shape that the test expects. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what it expects
export function readJson<T>(answer: Answer): T {
  const content: T = JSON.parse(answer.body.toString())
  return content
}

/** The code of the first error in an envelope. */
export function errorCode(answer: Answer): string {
  return readJson<ErrorEnvelope>(answer).errors[0]?.code ?? ''
}

const emptyConfig = '{}'

/** An artifact manifest without layers; its config is the empty one, which must be pushed as a blob first. */
export function artifact(more: object = {}): object {
  return {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.oci.empty.v1+json',
      digest: digestOf(emptyConfig),
      size: emptyConfig.length,
    },
    layers: [],
    ...more,
  }
}
