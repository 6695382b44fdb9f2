import type { Readable, Writable } from 'node:stream'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { repositoryScope } from '../auth/scope.ts'
import { reportBlob } from '../blob-report.ts'
import { ClientError, isClientError } from '../client-error.ts'
import type { BlobOutcome, PutBlobOptions } from '../content.ts'
import { wait } from '../transport/back-off.ts'
import { type Answer, dropBody } from '../transport/transport.ts'
import { ByteSource } from './byte-source.ts'
import type { RegistryConnection, RegistryRequest } from './registry-connection.ts'
import { UploadJournal } from './upload-journal.ts'

type Open = (start: number, signal: AbortSignal) => Promise<Readable>

/** One blob on its way into one repository. */
type Upload = {
  readonly repository: string
  readonly descriptor: Descriptor
  readonly open: Open
  readonly signal: AbortSignal
  /** Told the bytes that are done. */
  readonly onBytes: (bytes: number) => void
}

type Session = {
  readonly location: URL | string
  readonly offset: number
  readonly isResumed: boolean
}

/** Blobs up to this size go in one request; larger ones in pieces of it, so that a break costs one piece at most. */
export const chunkBytes = 64 * 1024 * 1024

const mountsMax = 3
const attemptsMax = 5
const firstWaitMs = 500

/** Brings blobs into the repositories of one registry (distribution-spec end-4 to end-6, end-11). */
export class Uploads {
  readonly #connection: RegistryConnection
  readonly #journal: UploadJournal
  /** Found out at the first large blob: some registries take a blob only as a whole. */
  #refusesChunks = false

  constructor(connection: RegistryConnection, journalFolder: string | undefined) {
    this.#connection = connection
    this.#journal = new UploadJournal(journalFolder)
  }

  /** See `ContentTarget.putBlob`. The registry itself compares the content with the digest. */
  putBlob(
    repository: string,
    descriptor: Descriptor,
    open: Open,
    { mountFrom = [], onTransfer, signal = new AbortController().signal }: PutBlobOptions,
  ): Promise<BlobOutcome> {
    return reportBlob(descriptor, onTransfer, (onBytes) =>
      this.#put({ repository, descriptor, open, signal, onBytes }, mountFrom),
    )
  }

  /** Starts an upload and cancels it: the only proof that pushing is allowed. Throws what stands in the way. */
  async check(repository: string, signal?: AbortSignal): Promise<void> {
    const answer = await this.#connection.send(this.#start(repository, '', [202], signal))
    dropBody(answer)
    await this.#cancel(repository, locationOf(answer))
  }

  async #put(upload: Upload, mountFrom: readonly string[]): Promise<BlobOutcome> {
    if (await this.#isThere(upload)) return 'present'
    const noted = await this.#resumable(upload)
    const start = noted ?? (await this.#startOrMount(upload, mountFrom))
    if (start === 'mounted') return 'mounted'
    const { isResumed } = start
    let session: Session = start
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#send(upload, session)
        await this.#journal.remove(this.#keyOf(upload))
        return isResumed ? 'resumed' : 'sent'
      } catch (error) {
        if (!isPassing(error) || attempt === attemptsMax || upload.signal.aborted) {
          if (!isResumableLater(error, upload)) await this.#abandon(upload, session)
          throw error
        }
        await wait(firstWaitMs * 2 ** (attempt - 1), upload.signal)
        const asked = await this.#ask(upload, session)
        // The session is gone when it was closed and only the answer got lost.
        if (asked === undefined && (await this.#isThere(upload))) return 'sent'
        session = asked ?? (await this.#fresh(upload))
      }
    }
  }

  /** Sends what is missing from the session's offset on and closes the session. */
  async #send(upload: Upload, session: Session): Promise<void> {
    const { descriptor } = upload
    if (this.#refusesChunks || (descriptor.size <= chunkBytes && session.offset === 0)) {
      await this.#sendWhole(upload, session)
      return
    }
    const last = await this.#sendChunks(upload, session)
    if (last === undefined) await this.#sendWhole(upload, await this.#fresh(upload))
    else await this.#finish(upload, last)
  }

  async #sendWhole(upload: Upload, { location }: Session): Promise<void> {
    const { descriptor, onBytes, open, signal } = upload
    const source = new ByteSource(await open(0, signal))
    let sent = 0
    try {
      await this.#finish(upload, location, {
        length: descriptor.size,
        writeTo: (request) =>
          source.writeTo(request, descriptor.size, (bytes) => onBytes((sent += bytes))),
      })
    } finally {
      source.destroy()
    }
  }

  /** The location after the last chunk; `undefined` when the registry does not take chunks. */
  async #sendChunks(upload: Upload, session: Session): Promise<Session['location'] | undefined> {
    const { descriptor, open, signal } = upload
    let { location, offset } = session
    if (offset >= descriptor.size) return location
    const source = new ByteSource(await open(offset, signal))
    try {
      while (offset < descriptor.size) {
        const length = Math.min(chunkBytes, descriptor.size - offset)
        const answer = await this.#sendChunk(upload, { location, offset, length, source })
        if (answer.status !== 202 && offset === 0) {
          dropBody(answer)
          this.#refusesChunks = true
          await this.#cancel(upload.repository, location)
          return undefined
        }
        if (answer.status !== 202) throw await this.#outOfStep(upload, answer)
        dropBody(answer)
        location = locationOf(answer)
        offset += length
        await this.#note(upload, location, offset)
      }
      return location
    } finally {
      source.destroy()
    }
  }

  #sendChunk(
    { repository, descriptor, onBytes, signal }: Upload,
    chunk: { location: URL | string; offset: number; length: number; source: ByteSource },
  ): Promise<Answer> {
    const { location, offset, length, source } = chunk
    let sent = offset
    return this.#connection.send({
      method: 'PATCH',
      path: location,
      scopes: scopesOf(repository),
      repository,
      what: whatOf(repository, descriptor),
      headers: {
        'Content-Type': 'application/octet-stream',
        'Content-Range': `${offset}-${offset + length - 1}`,
      },
      body: {
        length,
        writeTo: (request: Writable) =>
          source.writeTo(request, length, (bytes) => onBytes((sent += bytes))),
      },
      expect: offset === 0 ? [202, 400, 404, 405, 416, 501] : [202, 416],
      signal,
    })
  }

  /** The registry holds another number of bytes than was thought: it is asked, and the sending goes on from there. */
  async #outOfStep(upload: Upload, answer: Answer): Promise<ClientError> {
    const request = this.#status(upload, '')
    const error = await this.#connection.errorOf(answer, request)
    return new ClientError('connectionLost', error.message, { cause: error })
  }

  async #finish(
    { repository, descriptor, signal }: Upload,
    location: URL | string,
    body?: RegistryRequest['body'],
  ): Promise<void> {
    const base = typeof location === 'string' ? location : location.href
    const separator = base.includes('?') ? '&' : '?'
    const path = `${base}${separator}digest=${encodeURIComponent(descriptor.digest)}`
    const answer = await this.#connection.send({
      method: 'PUT',
      path: typeof location === 'string' ? path : new URL(path),
      scopes: scopesOf(repository),
      repository,
      what: whatOf(repository, descriptor),
      headers: { 'Content-Type': 'application/octet-stream' },
      ...(body !== undefined && { body }),
      // A repeated PUT after a lost answer would find the session gone: the blob itself is asked for instead.
      isRepeatable: false,
      expect: [200, 201, 204],
      signal,
    })
    dropBody(answer)
  }

  async #isThere({ repository, descriptor, signal }: Upload): Promise<boolean> {
    const answer = await this.#connection.send({
      method: 'HEAD',
      path: `/v2/${repository}/blobs/${descriptor.digest}`,
      scopes: scopesOf(repository),
      repository,
      what: whatOf(repository, descriptor),
      // A repository that is yet to be made is 401 or 403 on some registries: pushing will tell.
      expect: [200, 400, 401, 403, 404, 405],
      signal,
    })
    dropBody(answer)
    return answer.status === 200
  }

  async #startOrMount(upload: Upload, mountFrom: readonly string[]): Promise<Session | 'mounted'> {
    const { repository, descriptor, signal } = upload
    const sources = mountFrom.filter((from) => from !== repository).slice(0, mountsMax)
    let opened: Session | undefined
    for (const from of sources) {
      const query = `?mount=${encodeURIComponent(descriptor.digest)}&from=${encodeURIComponent(from)}`
      const request = this.#start(repository, query, [201, 202, 400, 401, 403, 404, 405], signal)
      const scopes = [...request.scopes, repositoryScope(from, 'pull')]
      const answer = await this.#connection.send({ ...request, scopes })
      dropBody(answer)
      if (opened !== undefined) await this.#cancel(repository, opened.location)
      opened = undefined
      if (answer.status === 201) return 'mounted'
      // What could not be mounted has become an upload session: it is used rather than left behind.
      if (answer.status === 202) {
        opened = { location: locationOf(answer), offset: 0, isResumed: false }
      }
    }
    return opened ?? this.#fresh(upload)
  }

  async #fresh({ repository, signal }: Upload): Promise<Session> {
    const answer = await this.#connection.send(this.#start(repository, '', [202], signal))
    dropBody(answer)
    return { location: locationOf(answer), offset: 0, isResumed: false }
  }

  /** An upload that another process left unfinished, if the registry still knows it. */
  async #resumable(upload: Upload): Promise<Session | undefined> {
    if (upload.descriptor.size <= chunkBytes) return undefined
    const note = await this.#journal.find(this.#keyOf(upload))
    if (note === undefined) return undefined
    const session = await this.#ask(upload, { ...note, isResumed: true })
    if (session === undefined) await this.#journal.remove(this.#keyOf(upload))
    return session
  }

  /** How far the registry has got; `undefined` when the session is gone. */
  async #ask(upload: Upload, session: Session): Promise<Session | undefined> {
    const request = this.#status(upload, session.location)
    const answer = await this.#connection.send(request).catch((error: unknown) => {
      if (isClientError(error, 'notFound', 'unsupported', 'denied', 'unauthenticated'))
        return undefined
      throw error
    })
    if (answer === undefined) return undefined
    dropBody(answer)
    const last = /^(?:bytes=)?0-(\d+)$/.exec(answer.headers.range ?? '')?.[1]
    // `0-0` is both "nothing" and "one byte"; a first byte sent twice does no harm, one left out would.
    const offset = last === undefined || last === '0' ? 0 : Number(last) + 1
    if (offset > upload.descriptor.size) return undefined
    const location = answer.headers.location === undefined ? session.location : locationOf(answer)
    return { ...session, location, offset }
  }

  async #note(upload: Upload, location: URL | string, offset: number): Promise<void> {
    const noted = typeof location === 'string' ? location : location.href
    await this.#journal.write({ ...this.#keyOf(upload), location: noted, offset })
  }

  async #abandon(upload: Upload, session: Session): Promise<void> {
    await this.#journal.remove(this.#keyOf(upload))
    await this.#cancel(upload.repository, session.location)
  }

  /** Takes a session away. Not being able to is no fault: registries end idle sessions by themselves. */
  async #cancel(repository: string, location: URL | string): Promise<void> {
    const request: RegistryRequest = {
      method: 'DELETE',
      path: location,
      scopes: scopesOf(repository),
      repository,
      what: `an upload to ${repository}`,
      expect: [200, 202, 204, 400, 401, 403, 404, 405],
      // Also after the command was stopped, but not for long.
      signal: AbortSignal.timeout(5000),
    }
    await this.#connection.send(request).then(dropBody, () => {})
  }

  #start(
    repository: string,
    query: string,
    expect: readonly number[],
    signal: AbortSignal | undefined,
  ): RegistryRequest {
    return {
      method: 'POST',
      path: `/v2/${repository}/blobs/uploads/${query}`,
      scopes: scopesOf(repository),
      repository,
      what: `${this.#connection.registry}/${repository}`,
      // A session too many does no harm; it ends by itself.
      isRepeatable: true,
      expect,
      signal,
    }
  }

  #status({ repository, descriptor, signal }: Upload, location: URL | string): RegistryRequest {
    return {
      method: 'GET',
      path: location,
      scopes: scopesOf(repository),
      repository,
      what: whatOf(repository, descriptor),
      expect: [200, 204],
      signal,
    }
  }

  #keyOf({ repository, descriptor }: Upload): {
    registry: string
    repository: string
    digest: string
  } {
    return { registry: this.#connection.registry, repository, digest: descriptor.digest }
  }
}

function scopesOf(repository: string): readonly string[] {
  return [repositoryScope(repository, 'pull', 'push')]
}

function whatOf(repository: string, { digest }: Descriptor): string {
  return `the blob ${digest} to ${repository}`
}

/** Where the session goes on: a path for the registry's own, an address where it lies elsewhere. */
function locationOf(answer: Answer): URL | string {
  const { location } = answer.headers
  if (location === undefined) {
    throw new ClientError(
      'serverFault',
      `${answer.url.host} started an upload and did not say where.`,
    )
  }
  const url = new URL(location, answer.url)
  // A registry behind a proxy may name itself with the wrong scheme or port: the path is what counts then.
  return url.hostname === answer.url.hostname ? `${url.pathname}${url.search}` : url
}

function isPassing(error: unknown): boolean {
  return (
    isClientError(error, 'connectionLost', 'unreachable') ||
    (isClientError(error, 'serverFault', 'rateLimited') && (error.status ?? 0) !== 400)
  )
}

/** Large blobs are noted: the next run carries them on, so the session stays. */
function isResumableLater(error: unknown, { descriptor }: Upload): boolean {
  return (
    descriptor.size > chunkBytes &&
    (isPassing(error) ||
      isClientError(error, 'cancelled') ||
      (error as Error).name === 'AbortError')
  )
}
