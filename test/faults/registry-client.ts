import { createHash } from 'node:crypto'
import { Pool } from 'undici'

export type Answer = { status: number; headers: Readonly<Record<string, string>>; body: Buffer }

export const imageType = 'application/vnd.oci.image.manifest.v1+json'
export const indexType = 'application/vnd.oci.image.index.v1+json'
export const configType = 'application/vnd.oci.image.config.v1+json'
export const layerType = 'application/vnd.oci.image.layer.v1.tar'

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** Sends requests as they are told: no retries, no redirects, answers read whole. */
export class RegistryClient {
  readonly #pool: Pool

  constructor(origin: string, connections = 32) {
    this.#pool = new Pool(origin, { connections, headersTimeout: 60_000, bodyTimeout: 60_000 })
  }

  async send(
    method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    options: {
      headers?: Record<string, string>
      body?: Buffer | AsyncIterable<Uint8Array>
    } = {},
  ): Promise<Answer> {
    const response = await this.#pool.request({
      method,
      path,
      headers: options.headers ?? {},
      body: (options.body ?? null) as Buffer | null,
    })
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(response.headers)) {
      if (value !== undefined) headers[name] = String(value)
    }
    const body = Buffer.from(await response.body.arrayBuffer())
    return { status: response.statusCode, headers, body }
  }

  /** Ends every connection, whatever is under way. */
  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}

/** Opens a session and returns its Location. */
export async function startUpload(client: RegistryClient, repository: string): Promise<string> {
  const answer = await client.send('POST', `/v2/${repository}/blobs/uploads/`)
  return locationOf(expectStatus(answer, 202))
}

/** The way docker pushes a layer: POST, PATCH with everything, PUT. */
export async function pushBlob(
  client: RegistryClient,
  repository: string,
  bytes: Buffer,
): Promise<string> {
  const digest = digestOf(bytes)
  const location = await startUpload(client, repository)
  const patched = expectStatus(await client.send('PATCH', location, { body: bytes }), 202)
  const ended = withDigest(locationOf(patched), digest)
  expectStatus(await client.send('PUT', ended), 201)
  return digest
}

/** Pushes blobs and a manifest of them under `reference`; returns the manifest and its digest. */
export async function pushImage(
  client: RegistryClient,
  repository: string,
  reference: string,
  layers: readonly Buffer[],
): Promise<{ digest: string; payload: Buffer; layers: string[] }> {
  const config = Buffer.from(JSON.stringify({ reference, layers: layers.length }))
  await pushBlob(client, repository, config)
  const digests: string[] = []
  for (const layer of layers) digests.push(await pushBlob(client, repository, layer))
  const payload = imageManifest(config, layers)
  const answer = await client.send('PUT', `/v2/${repository}/manifests/${reference}`, {
    headers: { 'content-type': imageType },
    body: payload,
  })
  expectStatus(answer, 201)
  return { digest: digestOf(payload), payload, layers: digests }
}

export function imageManifest(config: Buffer, layers: readonly Buffer[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: imageType,
      config: { mediaType: configType, digest: digestOf(config), size: config.length },
      layers: layers.map((layer) => ({
        mediaType: layerType,
        digest: digestOf(layer),
        size: layer.length,
      })),
    }),
  )
}

export function locationOf(answer: Answer): string {
  const location = answer.headers['location']
  if (location === undefined) throw new Error(`no Location in ${describeAnswer(answer)}`)
  return location
}

export function withDigest(location: string, digest: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`
}

export function expectStatus(answer: Answer, ...wanted: number[]): Answer {
  if (wanted.includes(answer.status)) return answer
  throw new Error(`expected ${wanted.join(' or ')}, got ${describeAnswer(answer)}`)
}

export function describeAnswer(answer: Answer): string {
  return `${answer.status} ${answer.body.subarray(0, 500).toString()}`
}
