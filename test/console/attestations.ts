import { exportPublicKey } from '@berth/signing/keys.ts'
import { referrerManifest } from '@berth/signing/publish.ts'
import { attest } from '@berth/signing/sign.ts'
import { localSigner } from '@berth/signing/signer.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { createHash, generateKeyPairSync } from 'node:crypto'
import type { Berth } from '../tools/berth.ts'
import { manage } from './seed.ts'

type Descriptor = { readonly mediaType: string; readonly digest: Digest; readonly size: number }

const slsa = 'https://slsa.dev/provenance/v1'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'

/** Attests how an image was built with a new key that `acme` trusts under `identity`. */
export async function attestBuild(
  berth: Berth,
  repository: string,
  reference: string,
  said: { readonly identity: string; readonly predicate: object },
): Promise<void> {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  await manage(berth, 'POST', '/projects/acme/trusted-identities', {
    name: said.identity,
    identity: { kind: 'key', publicKey: exportPublicKey(key) },
  })
  const subject = await descriptorOf(berth, repository, reference)
  const artifact = await attest({
    subject,
    signer: localSigner(key),
    predicateType: slsa,
    predicate: said.predicate,
  })
  const { blobs, manifest, digest } = referrerManifest(artifact, subject, new Date())
  for (const { bytes } of blobs) await putBlob(berth, repository, bytes)
  await send(berth, 'PUT', `/v2/${repository}/manifests/${digest}`, manifestType, manifest)
  const path = `/repositories/${encodeURIComponent(repository)}/manifests/${subject.digest}`
  await manage(berth, 'POST', `${path}/signatures/verify`)
}

/** Attaches a statement of how an image was built that nobody signed. */
export async function stateBuild(
  berth: Berth,
  repository: string,
  reference: string,
  predicate: object,
): Promise<void> {
  const subject = await descriptorOf(berth, repository, reference)
  const statement = JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: slsa,
    subject: [{ name: 'image', digest: { sha256: subject.digest.slice('sha256:'.length) } }],
    predicate,
  })
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType: 'application/vnd.in-toto+json',
    config: {
      mediaType: 'application/vnd.oci.empty.v1+json',
      ...(await putBlob(berth, repository, Buffer.from('{}'))),
    },
    layers: [
      {
        mediaType: 'application/vnd.in-toto+json',
        ...(await putBlob(berth, repository, Buffer.from(statement))),
        annotations: { 'in-toto.io/predicate-type': slsa },
      },
    ],
    subject,
  })
  const path = `/v2/${repository}/manifests/${digestOf(Buffer.from(manifest))}`
  await send(berth, 'PUT', path, manifestType, Buffer.from(manifest))
}

async function descriptorOf(
  berth: Berth,
  repository: string,
  reference: string,
): Promise<Descriptor> {
  const path = `/v2/${repository}/manifests/${reference}`
  const { headers } = await send(berth, 'HEAD', path)
  return {
    mediaType: headers.get('content-type') ?? manifestType,
    digest: headers.get('docker-content-digest') as Digest,
    size: Number(headers.get('content-length')),
  }
}

async function putBlob(
  berth: Berth,
  repository: string,
  bytes: Uint8Array,
): Promise<{ digest: string; size: number }> {
  const digest = digestOf(bytes)
  const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`
  await send(berth, 'POST', path, 'application/octet-stream', bytes)
  return { digest, size: bytes.length }
}

async function send(
  { origin, username, password }: Berth,
  method: string,
  path: string,
  type?: string,
  body?: Uint8Array,
): Promise<Response> {
  const answer = await fetch(`${origin}${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
      accept: `${manifestType}, application/vnd.oci.image.index.v1+json`,
      ...(type !== undefined && { 'content-type': type }),
    },
    ...(body && { body: new Uint8Array(body) }),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
