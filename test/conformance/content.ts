import { createHash } from 'node:crypto'
import { pseudoRandomBytes } from '../fixtures/content.ts'
import { expectStatus } from './check.ts'
import type { Answer, Registry } from './registry.ts'

export const algorithms = ['sha256', 'sha512'] as const

export type Algorithm = (typeof algorithms)[number]

export const types = {
  image: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  empty: 'application/vnd.oci.empty.v1+json',
  dockerImage: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  artifact: 'application/vnd.example.berth.one',
  otherArtifact: 'application/vnd.example.berth.two',
} as const

export type Descriptor = {
  mediaType: string
  digest: string
  size: number
  artifactType?: string
  annotations?: Record<string, string>
  [more: string]: unknown
}

/** `algorithm:hex` of some bytes. */
export function digestOf(bytes: Uint8Array | string, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

let serial = 0

/** Bytes that no other check has. */
export function freshBytes(size: number): Buffer {
  serial += 1
  return pseudoRandomBytes(`conformance ${serial}`, size)
}

export function descriptor(
  mediaType: string,
  bytes: Uint8Array,
  algorithm: Algorithm = 'sha256',
): Descriptor {
  return { mediaType, digest: digestOf(bytes, algorithm), size: bytes.length }
}

export function blobPath(repository: string, digest: string): string {
  return `/v2/${repository}/blobs/${digest}`
}

export function manifestPath(repository: string, reference: string): string {
  return `/v2/${repository}/manifests/${reference}`
}

export function uploadsPath(repository: string): string {
  return `/v2/${repository}/blobs/uploads/`
}

/** A `Location` as a path on the registry, whether it came relative or absolute. */
export function locationOf(registry: Registry, answer: Answer): string {
  const { pathname, search } = new URL(String(answer.headers.location), registry.origin)
  return `${pathname}${search}`
}

export function addQuery(path: string, query: Record<string, string>): string {
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(query).toString()}`
}

/** Opens an upload session and returns its Location. */
export async function openSession(registry: Registry, repository: string): Promise<string> {
  const answer = await registry.ask('POST', uploadsPath(repository))
  expectStatus(answer, 202)
  return locationOf(registry, answer)
}

/** Pushes a blob for a check that is about something else; returns its digest. */
export async function pushBlob(
  registry: Registry,
  repository: string,
  bytes: Uint8Array,
  algorithm: Algorithm = 'sha256',
): Promise<string> {
  const digest = digestOf(bytes, algorithm)
  const path = addQuery(await openSession(registry, repository), { digest })
  expectStatus(await registry.ask('PUT', path, { body: bytes }), 201)
  return digest
}

export function putManifest(
  registry: Registry,
  repository: string,
  reference: string,
  bytes: Uint8Array,
  mediaType: string = types.image,
): Promise<Answer> {
  return registry.ask('PUT', manifestPath(repository, reference), {
    headers: { 'content-type': mediaType },
    body: bytes,
  })
}

/** JSON as Go's encoder would write it. */
export function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

/** Pushes a config and a layer, and returns an image manifest of them, not pushed, with `more` fields. */
export async function makeImage(
  registry: Registry,
  repository: string,
  more: object = {},
): Promise<Buffer> {
  const config = encode({ serial: freshBytes(8).toString('hex') })
  const layer = freshBytes(300)
  await pushBlob(registry, repository, config)
  await pushBlob(registry, repository, layer)
  return encode({
    schemaVersion: 2,
    mediaType: types.image,
    config: descriptor(types.config, config),
    layers: [descriptor(types.layer, layer)],
    ...more,
  })
}

/** Pushes an image under a tag or, without one, by digest; returns its bytes. */
export async function pushImage(
  registry: Registry,
  repository: string,
  tag?: string,
  more: object = {},
): Promise<Buffer> {
  const bytes = await makeImage(registry, repository, more)
  expectStatus(await putManifest(registry, repository, tag ?? digestOf(bytes), bytes), 201)
  return bytes
}

export function encodeIndex(manifests: readonly Descriptor[], more: object = {}): Buffer {
  return encode({ schemaVersion: 2, mediaType: types.index, manifests, ...more })
}
