import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Descriptor } from '../fixtures/layout.ts'
import { startBerth, type Berth } from '../tools/berth.ts'
import { findTool } from '../tools/process.ts'
import {
  startRecordingProxy,
  type RecordedRequest,
  type RecordingProxy,
} from '../tools/recording-proxy.ts'

/** A Berth behind a proxy that notes what every client really sent. */
export type Registry = {
  /** `127.0.0.1:<port>` of the proxy: what the client is told. */
  readonly host: string
  readonly username: string
  readonly password: string
  readonly proxy: RecordingProxy
  /** A folder for what the tests of one file keep; removed by `stop`. */
  readonly scratch: string
  /** A request with the administrator's password, straight to Berth. */
  send(method: string, path: string): Promise<Response>
  stop(): Promise<void>
}

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  '*/*',
].join(', ')

/** Starts a registry over plain HTTP. */
export async function startRegistry(): Promise<Registry> {
  const berth = await startBerth()
  const proxy = await startRecordingProxy(berth.port)
  const scratch = await mkdtemp(join(tmpdir(), 'berth-client-'))
  const basic = Buffer.from(`${berth.username}:${berth.password}`).toString('base64')
  return {
    host: proxy.host,
    username: berth.username,
    password: berth.password,
    proxy,
    scratch,
    send: (method, path) =>
      fetch(`${berth.origin}${path}`, {
        method,
        headers: { authorization: `Basic ${basic}`, accept: manifestTypes },
      }),
    async stop() {
      await proxy.stop()
      await berth.stop()
      await rm(scratch, { recursive: true, force: true })
    },
  }
}

/** The name by which clients reach a Berth with TLS when 127.0.0.1 would not do. */
export const tlsHostName = 'registry.berth.test'

/** Starts a registry over TLS with a certificate of Berth's own making. */
export function startTlsRegistry(): Promise<Berth> {
  return startBerth({ tls: { hosts: [tlsHostName] } })
}

/**
 * The tests of one client. On a machine without the client they are skipped by name, but where
 * CI=true a missing client is a failure: there, nobody would see the skip.
 */
export function describeClient(name: string, tools: readonly string[], suite: () => void): void {
  const missing = tools.filter((tool) => findTool(tool) === undefined)
  if (missing.length === 0) {
    describe(name, suite)
  } else if (process.env.CI === 'true') {
    test(`${name} is installed`, () => {
      expect.fail(`not installed: ${missing.join(', ')}; see test/tools/install.sh`)
    })
  } else {
    describe.skip(name, suite)
  }
}

/** Reads a body to its end, keeping it only when it is a manifest. */
async function readBody(
  response: Response,
  keep: boolean,
): Promise<{ digest: string; size: number; text: string }> {
  const hash = createHash('sha256')
  const kept: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    hash.update(chunk)
    size += chunk.length
    if (keep) kept.push(chunk)
  }
  return { digest: `sha256:${hash.digest('hex')}`, size, text: Buffer.concat(kept).toString() }
}

type ManifestContent = { config?: Descriptor; layers?: Descriptor[]; manifests?: Descriptor[] }

/**
 * Asserts that the registry serves a manifest and everything that it leads to, byte for byte as the
 * digests promise. Returns the digest of the manifest.
 */
export async function expectComplete(
  registry: Registry,
  repository: string,
  reference: string,
): Promise<string> {
  const response = await registry.send('GET', `/v2/${repository}/manifests/${reference}`)
  expect(response.status, `manifest ${reference} in ${repository}`).toBe(200)
  const { digest, text } = await readBody(response, true)
  expect(response.headers.get('docker-content-digest')).toBe(digest)
  const content: ManifestContent = JSON.parse(text)
  for (const child of content.manifests ?? []) {
    expect(await expectComplete(registry, repository, child.digest)).toBe(child.digest)
  }
  const blobs = [...(content.config ? [content.config] : []), ...(content.layers ?? [])]
  for (const blob of blobs) {
    const answer = await registry.send('GET', `/v2/${repository}/blobs/${blob.digest}`)
    expect(answer.status, `blob ${blob.digest} in ${repository}`).toBe(200)
    const { digest: served, size } = await readBody(answer, false)
    expect({ digest: served, size }).toEqual({ digest: blob.digest, size: blob.size })
  }
  expect(blobs.length + (content.manifests ?? []).length).toBeGreaterThan(0)
  return digest
}

/** The digest that a tag stands for, or undefined when there is no such tag. */
export async function digestOfTag(
  registry: Registry,
  repository: string,
  tag: string,
): Promise<string | undefined> {
  const response = await registry.send('HEAD', `/v2/${repository}/manifests/${tag}`)
  if (response.status === 404) return undefined
  expect(response.status).toBe(200)
  return response.headers.get('docker-content-digest') ?? undefined
}

/** How many bytes of blobs the noted requests uploaded, and how many blobs were mounted instead. */
export function uploadTraffic(requests: readonly RecordedRequest[]): {
  blobBytes: number
  mounts: number
} {
  const uploads = requests.filter(({ url }) => url.includes('/blobs/uploads/'))
  const isMount = ({ method, url, status }: RecordedRequest): boolean =>
    method === 'POST' && url.includes('mount=') && status === 201
  return {
    blobBytes: uploads.reduce((sum, { requestBytes }) => sum + requestBytes, 0),
    mounts: uploads.filter(isMount).length,
  }
}
