import type { ManifestModel, Model, RepositoryModel, SessionModel } from './kill-model.ts'
import {
  type ExpectantClient,
  ensureBlob,
  Interrupted,
  openSession,
  patch,
} from './kill-uploads.ts'
import { fetchBlob, fetchManifest, sessionsCertainMs } from './kill-check.ts'
import type { Random } from './random.ts'
import {
  configType,
  describeAnswer,
  digestOf,
  imageType,
  indexType,
  layerType,
  locationOf,
  withDigest,
} from './registry-client.ts'

/** Collection may take what nothing refers to after so long. */
const graceMs = 1000
const attempts = 4

/**
 * One client with tags and manifests of its own, which shares repositories and layers with the others.
 * It tells the model what it is about to do, does it, and tells what was acknowledged.
 */
export class WorkloadClient {
  readonly #id: string
  readonly #random: Random
  readonly #http: ExpectantClient
  readonly #model: Model
  readonly #layers: readonly Buffer[]
  readonly #counts: Map<string, number>

  constructor(parts: {
    id: string
    random: Random
    http: ExpectantClient
    model: Model
    /** Layers that every client uses. */
    layers: readonly Buffer[]
    /** Acts done, by name. */
    counts: Map<string, number>
  }) {
    this.#id = parts.id
    this.#random = parts.random
    this.#http = parts.http
    this.#model = parts.model
    this.#layers = parts.layers
    this.#counts = parts.counts
  }

  /** Works until `isStopped`. Throws `Interrupted` when the server goes away, anything else for a fault of the server. */
  async run(isStopped: () => boolean): Promise<void> {
    while (!isStopped()) await this.#act(this.#random.pick(this.#model.repositories))
  }

  async #act(repository: RepositoryModel): Promise<void> {
    const acts: readonly (readonly [number, string, () => Promise<unknown>])[] = [
      [22, 'push image', () => this.#pushImage(repository)],
      [12, 'push again', () => this.#pushAgain(repository)],
      [8, 'delete tag', () => this.#deleteTag(repository)],
      [20, 'delete manifest', () => this.#deleteManifest(repository)],
      [8, 'push index', () => this.#pushIndex(repository)],
      [6, 'push referrer', () => this.#pushReferrer(repository)],
      [6, 'delete own blob', () => this.#deleteOwnBlob(repository)],
      [4, 'delete shared blob', () => this.#deleteSharedBlob(repository)],
      [4, 'cancel upload', () => this.#cancelUpload(repository)],
      [5, 'leave upload open', () => this.#leaveUploadOpen(repository)],
      [7, 'resume upload', () => this.#resumeUpload()],
      [10, 'pull', () => this.#pull(repository)],
    ]
    let left = this.#random.next() * acts.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, name, act] of acts) {
      left -= weight
      if (left > 0) continue
      await act()
      this.#count(name)
      return
    }
  }

  #count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  /** Manifests and tags belong to the client that made them, so that each is changed by one request at a time. */
  #own(repository: RepositoryModel): ManifestModel[] {
    return [...repository.manifests.values()].filter(
      ({ state, owner }) => state === 'present' && owner === this.#id,
    )
  }

  #tag(): string {
    return `${this.#id}-${this.#random.between(0, 5)}`
  }

  #freshLayer(): Buffer {
    const most = this.#random.chance(0.15) ? 600_000 : 20_000
    return this.#random.bytes(this.#random.between(1, most))
  }

  #freshManifest(parts: {
    mediaType: string
    content: object
    blobs: readonly Buffer[]
    children?: readonly string[]
    subject?: ManifestModel
  }): ManifestModel {
    const { subject } = parts
    const payload = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: parts.mediaType,
        ...parts.content,
        ...(subject && { subject: descriptor(subject.mediaType, subject.payload) }),
        annotations: { client: this.#id, nonce: this.#random.bytes(9).toString('hex') },
      }),
    )
    return {
      digest: digestOf(payload),
      owner: this.#id,
      payload,
      mediaType: parts.mediaType,
      blobs: parts.blobs.map((bytes) => ({ digest: digestOf(bytes), size: bytes.length })),
      children: parts.children ?? [],
      subject: subject?.digest,
      state: 'absent',
      collectable: false,
      parents: new Set(),
    }
  }

  async #pushImage(
    repository: RepositoryModel,
    how: { tag?: boolean; subject?: ManifestModel } = {},
  ): Promise<ManifestModel | undefined> {
    const layers = Array.from({ length: this.#random.between(1, 4) }, () =>
      this.#random.chance(0.6) ? this.#random.pick(this.#layers) : this.#freshLayer(),
    )
    const config = Buffer.from(JSON.stringify({ of: this.#random.bytes(8).toString('hex') }))
    const blobs = [config, ...new Map(layers.map((layer) => [digestOf(layer), layer])).values()]
    const manifest = this.#freshManifest({
      mediaType: imageType,
      content: {
        ...(how.subject && { artifactType: 'application/vnd.example.note' }),
        config: descriptor(configType, config),
        layers: blobs.slice(1).map((layer) => descriptor(layerType, layer)),
      },
      blobs,
      ...(how.subject && { subject: how.subject }),
    })
    const tags = (how.tag ?? this.#random.chance(0.8)) ? [this.#tag()] : []
    for (let attempt = 1; ; attempt += 1) {
      for (const bytes of blobs) {
        await ensureBlob(this.#http, this.#random, repository.name, bytes, {
          look: attempt === 1,
          source: this.#random.pick(this.#model.repositories).name,
        })
      }
      if (await this.#putManifest(repository, manifest, tags)) return manifest
      if (attempt < attempts) continue
      // The machine is so busy that a push takes longer than the grace.
      this.#count('push given up')
      return undefined
    }
  }

  /** `false` when the registry says that something the manifest refers to is missing. */
  async #putManifest(
    repository: RepositoryModel,
    manifest: ManifestModel,
    tags: readonly string[],
  ): Promise<boolean> {
    const before = {
      absent: !repository.mayBePresent(repository.manifests.get(manifest.digest) ?? manifest),
      tags: new Map(tags.map((tag) => [tag, new Set(repository.possible(tag))])),
    }
    repository.beginPut(manifest, tags)
    this.#model.touch(repository, [manifest.digest], tags)
    const byTag = tags.length === 1 && this.#random.chance(0.7)
    const query = byTag ? '' : `?${tags.map((tag) => `tag=${tag}`).join('&')}`
    const reference = byTag ? tags[0] : manifest.digest
    const answer = await this.#http.expect(
      [201, 400],
      'PUT',
      `/v2/${repository.name}/manifests/${reference}${query}`,
      { headers: { 'content-type': manifest.mediaType }, body: manifest.payload },
    )
    if (answer.status === 201) {
      repository.endPut(manifest, tags)
      return true
    }
    if (!answer.body.includes('MANIFEST_BLOB_UNKNOWN')) throw new Error(describeAnswer(answer))
    repository.refusePut(manifest, before.absent, before.tags)
    return false
  }

  /** Pushes a manifest that is there already: to move a tag, or to make sure of it before collection comes. */
  async #pushAgain(repository: RepositoryModel): Promise<void> {
    const own = this.#own(repository)
    const threatened = own.filter(({ collectable }) => collectable)
    const choice = threatened.length > 0 && this.#random.chance(0.5) ? threatened : own
    if (choice.length === 0) return
    const manifest = this.#random.pick(choice)
    const owed = repository.mustBePresent(manifest) && repository.isWhole(manifest)
    const tags = this.#random.chance(0.3) ? [] : [this.#tag()]
    const done = await this.#putManifest(repository, manifest, tags)
    if (!done && owed) throw new Error(`what ${manifest.digest} refers to went while it was here`)
  }

  async #deleteTag(repository: RepositoryModel): Promise<void> {
    const tag = this.#tag()
    const isThere = repository.certain(tag) !== undefined
    repository.beginTagDelete(tag)
    this.#model.touch(repository, [...repository.possible(tag)], [tag])
    await this.#http.expect(
      isThere ? 202 : [202, 404],
      'DELETE',
      `/v2/${repository.name}/manifests/${tag}`,
    )
    repository.settleTag(tag, undefined)
  }

  async #deleteManifest(repository: RepositoryModel): Promise<void> {
    const own = this.#own(repository)
    if (own.length === 0) return
    const manifest = this.#random.pick(own)
    const owed = repository.mustBePresent(manifest)
    const related = [
      ...manifest.children,
      ...repository.referrersOf(manifest.digest).map(({ digest }) => digest),
    ]
    this.#model.touch(repository, [manifest.digest, ...related], repository.tagsOn(manifest.digest))
    repository.beginDelete(manifest.digest)
    await this.#http.expect(
      owed ? 202 : [202, 404],
      'DELETE',
      `/v2/${repository.name}/manifests/${manifest.digest}`,
    )
    repository.endDelete(manifest.digest)
  }

  async #pushIndex(repository: RepositoryModel): Promise<void> {
    const children: ManifestModel[] = []
    // An index often lists what another one lists already.
    const owed = this.#own(repository).filter(
      (manifest) => repository.mustBePresent(manifest) && repository.isWhole(manifest),
    )
    for (const tag of [false, this.#random.chance(0.3)]) {
      const old = this.#random.chance(0.5) ? owed.pop() : undefined
      const child = old ?? (await this.#pushImage(repository, { tag }))
      if (child === undefined) return
      children.push(child)
    }
    const index = this.#freshManifest({
      mediaType: indexType,
      content: {
        manifests: children.map((child) => descriptor(child.mediaType, child.payload)),
      },
      blobs: [],
      children: children.map((child) => child.digest),
    })
    if (!(await this.#putManifest(repository, index, [this.#tag()]))) {
      throw new Error('manifests that an index may count on are missing')
    }
  }

  async #pushReferrer(repository: RepositoryModel): Promise<void> {
    const own = this.#own(repository)
    const subject = own.length > 0 ? this.#random.pick(own) : undefined
    await this.#pushImage(repository, { tag: false, ...(subject && { subject }) })
  }

  async #deleteOwnBlob(repository: RepositoryModel): Promise<void> {
    const bytes = this.#freshLayer()
    const digest = digestOf(bytes)
    const started = performance.now()
    await ensureBlob(this.#http, this.#random, repository.name, bytes, {
      look: false,
      source: repository.name,
    })
    const path = `/v2/${repository.name}/blobs/${digest}`
    const answer = await this.#http.expect([202, 404], 'DELETE', path)
    if (answer.status === 404 && performance.now() - started < graceMs) {
      throw new Error(`the blob ${digest} went before its grace was over`)
    }
    repository.deletedBlobs.add(digest)
    await this.#http.expect(404, 'GET', path)
  }

  async #deleteSharedBlob(repository: RepositoryModel): Promise<void> {
    const digest = digestOf(this.#random.pick(this.#layers))
    // 405 while a manifest needs it.
    const path = `/v2/${repository.name}/blobs/${digest}`
    await this.#http.expect([202, 404, 405], 'DELETE', path)
  }

  async #cancelUpload(repository: RepositoryModel): Promise<void> {
    let location = await openSession(this.#http, repository.name)
    const bytes = this.#freshLayer()
    if (this.#random.chance(0.7))
      location = await patch(this.#http, this.#random, location, bytes, 0)
    await this.#http.expect(204, 'DELETE', location)
    await this.#http.expect(404, 'GET', location)
  }

  async #leaveUploadOpen(repository: RepositoryModel): Promise<void> {
    const bytes = this.#random.bytes(this.#random.between(10, 400_000))
    const session: SessionModel = {
      repository: repository.name,
      bytes,
      location: await openSession(this.#http, repository.name),
      offsets: new Set([0]),
      mayBeGone: false,
      touchedAt: Date.now(),
    }
    this.#model.sessions.push(session)
    await this.#advance(session, this.#random.between(2, bytes.length - 1))
  }

  async #advance(session: SessionModel, end: number): Promise<void> {
    const [offset = 0] = session.offsets
    session.offsets.add(end)
    const started = Date.now()
    const chunk = session.bytes.subarray(offset, end)
    session.location = await patch(this.#http, this.#random, session.location, chunk, offset)
    session.offsets = new Set([end])
    // Only now: a request that was interrupted may not have put off the end of the session.
    session.touchedAt = started
  }

  /** Goes on with a session that was left open, maybe before a restart, and ends it. */
  async #resumeUpload(): Promise<void> {
    // Taken off the list at once: no other client must use it.
    const at = this.#model.sessions.findIndex(
      ({ offsets, mayBeGone }) => offsets.size === 1 && !mayBeGone,
    )
    const [session] = at === -1 ? [] : this.#model.sessions.splice(at, 1)
    if (!session || Date.now() - session.touchedAt > sessionsCertainMs) return
    try {
      await this.#finish(session)
    } catch (error) {
      if (error instanceof Interrupted) this.#model.sessions.push(session)
      throw error
    }
  }

  async #finish(session: SessionModel): Promise<void> {
    const [offset = 0] = session.offsets
    const status = await this.#http.expect(204, 'GET', session.location)
    const range = `0-${Math.max(0, offset - 1)}`
    if (status.headers['range'] !== range) {
      throw new Error(`a session at ${offset} says it has ${status.headers['range']}`)
    }
    session.location = locationOf(status)
    if (this.#random.chance(0.5) && offset + 1 < session.bytes.length) {
      await this.#advance(session, this.#random.between(offset + 1, session.bytes.length))
    }
    const [end = 0] = session.offsets
    const digest = digestOf(session.bytes)
    const started = performance.now()
    session.mayBeGone = true
    await this.#http.expect(201, 'PUT', withDigest(session.location, digest), {
      body: session.bytes.subarray(end),
    })
    const blob = { digest, size: session.bytes.length }
    const fault = await fetchBlob(this.#http, session.repository, blob)
    if (fault !== undefined && performance.now() - started < graceMs) throw new Error(fault)
  }

  async #pull(repository: RepositoryModel): Promise<void> {
    const owed = this.#own(repository).filter((manifest) => repository.mustBePresent(manifest))
    if (owed.length === 0) return
    const fault = await fetchManifest(this.#http, repository, this.#random.pick(owed))
    if (fault !== undefined) throw new Error(fault)
  }
}

function descriptor(mediaType: string, bytes: Buffer): object {
  return { mediaType, digest: digestOf(bytes), size: bytes.length }
}
