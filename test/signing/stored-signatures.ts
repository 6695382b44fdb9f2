/** Fetches what is stored beside an image, and stores what Berth signed, over the registry's own API. */
import { expect } from 'vitest'
import {
  referrerManifest,
  type SignatureUpload,
  tagManifest,
} from '../../packages/signing/src/publish.ts'
import type { SignatureArtifact } from '../../packages/signing/src/sign.ts'
import {
  cosignTags,
  readSignatureManifest,
  type SignatureMaterial,
} from '../../packages/signing/src/signature.ts'
import type { Descriptor } from '../fixtures/layout.ts'
import type { Registry } from '../clients/registry.ts'

export async function fetchSignatures(
  registry: Registry,
  repository: string,
  digest: string,
): Promise<SignatureMaterial[]> {
  const answer = await registry.send('GET', `/v2/${repository}/referrers/${digest}`)
  const { manifests } = (await answer.json()) as { manifests: { digest: string }[] }
  const tags = cosignTags({ digest })
  const references = [
    ...manifests.map((entry) => entry.digest),
    tags?.signatures ?? '',
    tags?.attestations ?? '',
  ]
  const found: SignatureMaterial[] = []
  for (const reference of references) {
    found.push(...(await fetchFrom(registry, repository, reference)))
  }
  return found
}

async function fetchFrom(
  registry: Registry,
  repository: string,
  reference: string,
): Promise<SignatureMaterial[]> {
  const path = `/v2/${repository}/manifests/${reference}`
  const response = await registry.send('GET', path)
  if (response.status === 404) return []
  const source = response.headers.get('docker-content-digest') ?? ''
  const mediaType = response.headers.get('content-type') ?? ''
  const manifest = readSignatureManifest(new Uint8Array(await response.arrayBuffer()), mediaType)
  const materials: SignatureMaterial[] = []
  for (const { descriptor, format, annotations } of manifest?.layers ?? []) {
    const blob = await registry.send('GET', `/v2/${repository}/blobs/${descriptor.digest}`)
    expect(blob.status).toBe(200)
    const payload = new Uint8Array(await blob.arrayBuffer())
    materials.push({ source, format, payload, annotations, mediaType: descriptor.mediaType })
  }
  return materials
}

/** Uploads to `origin`, a Berth over plain HTTP, as an administrator. */
export async function storeSignature(
  registry: Registry,
  repository: string,
  image: Descriptor,
  artifact: SignatureArtifact,
): Promise<void> {
  const tags = cosignTags(image)
  if (artifact.place === 'bundle' || artifact.place === 'notation') {
    const upload = referrerManifest(artifact, image as never, new Date())
    return put(registry, repository, upload, upload.digest)
  }
  const tag = (artifact.place === 'signature-tag' ? tags?.signatures : tags?.attestations) ?? ''
  const former = await registry.send('GET', `/v2/${repository}/manifests/${tag}`)
  const previous = former.status === 200 ? new Uint8Array(await former.arrayBuffer()) : undefined
  await put(registry, repository, tagManifest(artifact, previous), tag)
}

async function put(
  registry: Registry,
  repository: string,
  upload: SignatureUpload,
  reference: string,
): Promise<void> {
  const basic = Buffer.from(`${registry.username}:${registry.password}`).toString('base64')
  const send = async (method: string, path: string, body: Buffer, type: string): Promise<void> => {
    const response = await fetch(`http://${registry.host}${path}`, {
      method,
      body: new Uint8Array(body),
      headers: { authorization: `Basic ${basic}`, 'content-type': type },
    })
    expect(response.status, await response.text()).toBe(201)
  }
  for (const { digest, bytes } of upload.blobs) {
    const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`
    await send('POST', path, bytes, 'application/octet-stream')
  }
  const path = `/v2/${repository}/manifests/${reference}`
  await send('PUT', path, upload.manifest, upload.mediaType)
}
