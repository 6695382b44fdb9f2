import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { type Descriptor, readDescriptor } from '@berth/oci/descriptor.ts'
import { type Digest, digestAlgorithm, makeDigest, parseDigest } from '@berth/oci/digest.ts'
import { isJsonObject } from '@berth/oci/json-guard.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  OCI_IMAGE_INDEX,
  OCI_IMAGE_MANIFEST,
  parseMediaType,
} from '@berth/oci/media-type.ts'
import { OciError } from '@berth/oci/oci-error.ts'
import { isTagName, parseTagName, type Reference, type TagName } from '@berth/oci/reference.ts'
import { repositoryScope } from '../auth/scope.ts'
import { ClientError, isClientError } from '../client-error.ts'
import type {
  BlobOutcome,
  ContentSource,
  ContentTarget,
  ManifestContent,
  PutBlobOptions,
  ReadBlobOptions,
} from '../content.ts'
import { formatRepositoryAddress, type RepositoryAddress } from '../image-reference.ts'
import { type Answer, dropBody, readBody } from '../transport/transport.ts'
import { listPages } from './pages.ts'
import type { RegistryConnection, RegistryRequest } from './registry-connection.ts'
import type { Uploads } from './uploads.ts'

const manifestBytesMax = 4 * 1024 * 1024
/** From here on a connection of its own is worth its while. */
const largeBytes = 4 * 1024 * 1024
const fallbackReferrersMax = 4 * 1024 * 1024
const accept = [
  OCI_IMAGE_INDEX,
  OCI_IMAGE_MANIFEST,
  DOCKER_MANIFEST_LIST,
  DOCKER_MANIFEST,
  '*/*',
].join(', ')

/** One repository of a registry, read and written by the distribution protocol. */
export class RemoteRepository implements ContentSource, ContentTarget {
  readonly address: RepositoryAddress
  readonly name: string
  readonly #connection: RegistryConnection
  readonly #uploads: Uploads
  readonly #path: string

  constructor(address: RepositoryAddress, connection: RegistryConnection, uploads: Uploads) {
    this.address = address
    this.name = formatRepositoryAddress(address)
    this.#connection = connection
    this.#uploads = uploads
    this.#path = `/v2/${address.repository}`
  }

  resolve(reference: Reference, signal?: AbortSignal): Promise<Descriptor | undefined> {
    return this.#resolve(reference, this.#scope('pull'), signal)
  }

  /** As `resolve`, with the right to push as well: Berth names what a policy blocks to those who may sign it. */
  resolveForPush(reference: Reference, signal?: AbortSignal): Promise<Descriptor | undefined> {
    return this.#resolve(reference, this.#scope('pull', 'push'), signal)
  }

  async #resolve(
    reference: Reference,
    scope: string,
    signal: AbortSignal | undefined,
  ): Promise<Descriptor | undefined> {
    const pull = this.#pull(`manifests/${textOf(reference)}`, reference, signal)
    const request = { ...pull, scopes: [scope] }
    const answer = await this.#connection.send({ ...request, method: 'HEAD', expect: [200, 404] })
    dropBody(answer)
    if (answer.status === 404) return undefined
    const { 'docker-content-digest': digest, 'content-length': length } = answer.headers
    const mediaType = parseMediaType(answer.headers['content-type'])
    // Some registries leave the digest out; then only the content itself tells.
    if (typeof digest !== 'string' || length === undefined || mediaType === undefined) {
      return (await this.readManifest(reference, signal)).descriptor
    }
    return { mediaType, digest: parseAnswered(digest, this.name), size: Number(length) }
  }

  async readManifest(reference: Reference, signal?: AbortSignal): Promise<ManifestContent> {
    const request = this.#pull(`manifests/${textOf(reference)}`, reference, signal)
    const answer = await this.#connection.send({ ...request, method: 'GET', expect: [200] })
    const bytes = await readBody(answer, manifestBytesMax)
    return this.#readContent(bytes, answer, reference)
  }

  async openBlob(
    descriptor: Descriptor,
    { start = 0, length, signal }: ReadBlobOptions = {},
  ): Promise<Readable> {
    const request = {
      ...this.#blob(descriptor, signal),
      expect: [200, 206],
      ...((start > 0 || length !== undefined) && {
        headers: {
          Range: `bytes=${start}-${length === undefined ? '' : start + Math.max(length, 1) - 1}`,
        },
      }),
    }
    const rest = descriptor.size - start
    // Many short ranges are better off with connections that stay.
    if (length === undefined && rest >= largeBytes) {
      const body = await this.#connection.openLarge(request)
      if (body?.isOfLength(rest) === true) return body
      // Another length than asked for, or none: the usual way finds out what it means.
      body?.destroy()
    }
    const answer = await this.#connection.send(request)
    if (start > 0 && answer.status !== 206) {
      answer.body.destroy()
      throw new ClientError(
        'unsupported',
        `${this.address.registry} cannot send a blob from its middle.`,
      )
    }
    return answer.body
  }

  /** A blob of at most `maxBytes`, compared with its digest. Throws `digestMismatch`, `notFound`. */
  async readBlob(descriptor: Descriptor, maxBytes: number, signal?: AbortSignal): Promise<Buffer> {
    const request = this.#blob(descriptor, signal)
    const answer = await this.#connection.send({ ...request, method: 'GET', expect: [200] })
    const bytes = await readBody(answer, maxBytes)
    this.#requireDigest(bytes, descriptor.digest)
    return bytes
  }

  /** The size of a blob in bytes; `undefined` when the repository does not hold it. */
  async statBlob(descriptor: Descriptor, signal?: AbortSignal): Promise<number | undefined> {
    const request = this.#blob(descriptor, signal)
    const answer = await this.#connection.send({ ...request, method: 'HEAD', expect: [200, 404] })
    dropBody(answer)
    return answer.status === 404 ? undefined : Number(answer.headers['content-length'] ?? 0)
  }

  async *listTags(signal?: AbortSignal): AsyncGenerator<TagName, void> {
    const request = this.#pull('tags/list?n=1000', undefined, signal)
    for await (const page of listPages(this.#connection, { ...request, expect: [200] })) {
      const tags = isJsonObject(page) && Array.isArray(page.tags) ? page.tags : []
      yield* tags.filter(isTagName)
    }
  }

  async *listReferrers(digest: Digest, signal?: AbortSignal): AsyncGenerator<Descriptor, void> {
    const request = this.#pull(`referrers/${digest}`, undefined, signal)
    try {
      for await (const page of listPages(this.#connection, { ...request, expect: [200] })) {
        yield* descriptorsIn(page)
      }
    } catch (error) {
      // A registry without the interface: clients keep an index under a tag made of the digest.
      if (!isClientError(error, 'notFound', 'unsupported', 'serverFault')) throw error
      if (error.kind === 'serverFault' && (error.status ?? 500) >= 500) throw error
      yield* this.#fallbackReferrers(digest, signal)
    }
  }

  async hasManifest(digest: Digest, signal?: AbortSignal): Promise<boolean> {
    return (await this.resolve({ kind: 'digest', digest }, signal)) !== undefined
  }

  putBlob(
    descriptor: Descriptor,
    open: (start: number, signal: AbortSignal) => Promise<Readable>,
    options: PutBlobOptions = {},
  ): Promise<BlobOutcome> {
    return this.#uploads.putBlob(this.address.repository, descriptor, open, options)
  }

  async putManifest(
    content: ManifestContent,
    tags: readonly TagName[],
    signal?: AbortSignal,
  ): Promise<void> {
    const names = tags.length === 0 ? [content.descriptor.digest] : tags
    let answer: Answer | undefined
    for (const name of names) {
      answer = await this.#connection.send({
        method: 'PUT',
        path: `${this.#path}/manifests/${name}`,
        scopes: [this.#scope('pull', 'push')],
        repository: this.address.repository,
        what: `${this.name}${name.includes(':') ? '@' : ':'}${name}`,
        headers: { 'Content-Type': content.descriptor.mediaType },
        body: content.bytes,
        expect: [200, 201, 202],
        signal,
      })
      dropBody(answer)
    }
    const { subject } = content.parsed
    if (subject !== undefined && answer?.headers['oci-subject'] === undefined) {
      await this.#noteReferrer(subject.digest, content, signal)
    }
  }

  /** Takes away the tag alone. Throws `unsupported` where the registry only deletes whole manifests, `notFound`. */
  async deleteTag(tag: TagName, signal?: AbortSignal): Promise<void> {
    const reference = { kind: 'tag', tag } as const
    const answer = await this.#connection.send(this.#delete(reference, signal))
    dropBody(answer)
    if (answer.status < 400) return
    // The reference registry answers 400 UNSUPPORTED or DIGEST_INVALID: it wants a digest here.
    throw new ClientError(
      'unsupported',
      `${this.address.registry} cannot delete a tag alone: it deletes manifests, with every tag on them.`,
      { status: answer.status },
    )
  }

  /** Takes away the manifest and every tag on it. Throws `notFound`. */
  async deleteManifest(digest: Digest, signal?: AbortSignal): Promise<void> {
    const request = this.#delete({ kind: 'digest', digest }, signal)
    dropBody(await this.#connection.send({ ...request, expect: [200, 202, 204] }))
  }

  /** Throws what stands in the way of pulling from this repository; an empty or unknown repository is no fault. */
  async checkPull(signal?: AbortSignal): Promise<void> {
    const request = this.#pull('tags/list?n=1', undefined, signal)
    dropBody(await this.#connection.send({ ...request, method: 'GET', expect: [200, 404] }))
  }

  /** Throws what stands in the way of pushing: starts an upload and cancels it. */
  checkPush(signal?: AbortSignal): Promise<void> {
    return this.#uploads.check(this.address.repository, signal)
  }

  #readContent(bytes: Buffer, answer: Answer, reference: Reference): ManifestContent {
    const told = answer.headers['docker-content-digest']
    const wanted =
      reference.kind === 'digest'
        ? reference.digest
        : typeof told === 'string'
          ? parseAnswered(told, this.name)
          : undefined
    const digest = wanted ?? digestOf(bytes)
    this.#requireDigest(bytes, digest)
    try {
      const parsed = parseManifest(bytes, answer.headers['content-type'])
      const descriptor = { mediaType: parsed.mediaType, digest, size: bytes.length }
      return { descriptor, bytes, parsed }
    } catch (error) {
      if (!(error instanceof OciError)) throw error
      throw new ClientError(
        'serverFault',
        `${this.address.registry} sent a manifest for ${this.#whatIs(reference)} that is not valid: ${error.message}`,
        { cause: error },
      )
    }
  }

  #requireDigest(bytes: Buffer, digest: Digest): void {
    if (digestOf(bytes, digest) === digest) return
    throw new ClientError(
      'digestMismatch',
      `What ${this.name} sent for ${digest} is other content (${bytes.length} bytes with ${digestOf(bytes, digest)}).`,
      { next: 'Try again; if it stays, the registry or something in between is damaged.' },
    )
  }

  async *#fallbackReferrers(
    digest: Digest,
    signal?: AbortSignal,
  ): AsyncGenerator<Descriptor, void> {
    const reference = { kind: 'tag', tag: referrersTag(digest) } as const
    const request = this.#pull(`manifests/${reference.tag}`, reference, signal)
    const answer = await this.#connection.send({ ...request, method: 'GET', expect: [200, 404] })
    const bytes = await readBody(answer, fallbackReferrersMax)
    if (answer.status === 200) yield* this.#readContent(bytes, answer, reference).parsed.manifests
  }

  /** Adds to the index that stands in for the referrers interface (distribution-spec, "Referrers Tag Schema"). */
  async #noteReferrer(
    subject: Digest,
    { descriptor, parsed }: ManifestContent,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const known: Descriptor[] = []
    for await (const each of this.#fallbackReferrers(subject, signal)) known.push(each)
    if (known.some(({ digest }) => digest === descriptor.digest)) return
    const { artifactType, annotations } = parsed
    const entry = {
      ...descriptor,
      ...(artifactType !== undefined && { artifactType }),
      annotations,
    }
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_IMAGE_INDEX,
        manifests: [...known, entry],
      }),
    )
    const index = parseManifest(bytes, OCI_IMAGE_INDEX)
    const own = { mediaType: OCI_IMAGE_INDEX, digest: digestOf(bytes), size: bytes.length }
    await this.putManifest(
      { descriptor: own, bytes, parsed: index },
      [referrersTag(subject)],
      signal,
    )
  }

  #pull(
    path: string,
    reference: Reference | undefined,
    signal: AbortSignal | undefined,
  ): Omit<RegistryRequest, 'expect'> {
    return {
      method: 'GET',
      path: `${this.#path}/${path}`,
      scopes: [this.#scope('pull')],
      repository: this.address.repository,
      what: reference === undefined ? this.name : this.#whatIs(reference),
      headers: { Accept: accept },
      signal,
    }
  }

  #blob({ digest }: Descriptor, signal: AbortSignal | undefined): Omit<RegistryRequest, 'expect'> {
    return {
      method: 'GET',
      path: `${this.#path}/blobs/${digest}`,
      scopes: [this.#scope('pull')],
      repository: this.address.repository,
      what: `the blob ${digest} of ${this.name}`,
      signal,
    }
  }

  #delete(reference: Reference, signal: AbortSignal | undefined): RegistryRequest {
    return {
      method: 'DELETE',
      path: `${this.#path}/manifests/${textOf(reference)}`,
      scopes: [this.#scope('delete')],
      repository: this.address.repository,
      what: this.#whatIs(reference),
      expect: [200, 202, 204, 400, 405],
      signal,
    }
  }

  #scope(...actions: ('pull' | 'push' | 'delete')[]): string {
    return repositoryScope(this.address.repository, ...actions)
  }

  #whatIs(reference: Reference): string {
    return `${this.name}${reference.kind === 'tag' ? ':' : '@'}${textOf(reference)}`
  }
}

function textOf(reference: Reference): string {
  return reference.kind === 'tag' ? reference.tag : reference.digest
}

function digestOf(bytes: Buffer, like?: Digest): Digest {
  const algorithm = like === undefined ? 'sha256' : digestAlgorithm(like)
  return makeDigest(algorithm, createHash(algorithm).update(bytes).digest('hex'))
}

function parseAnswered(digest: string, name: string): Digest {
  try {
    return parseDigest(digest)
  } catch (cause) {
    throw new ClientError('serverFault', `${name} answered with a digest that is none.`, { cause })
  }
}

function referrersTag(digest: Digest): TagName {
  const [algorithm = '', encoded = ''] = digest.split(':')
  return parseTagName(`${algorithm.slice(0, 32)}-${encoded.slice(0, 64)}`)
}

function* descriptorsIn(page: unknown): Generator<Descriptor, void> {
  const entries = isJsonObject(page) && Array.isArray(page.manifests) ? page.manifests : []
  for (const [at, entry] of entries.entries()) {
    const descriptor = readDescriptor(entry, `manifests[${at}]`, () => {})
    if (descriptor !== undefined) yield descriptor
  }
}
