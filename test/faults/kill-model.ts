/** What the registry has to hold after a kill: every acknowledgement narrows it, every request under way widens it. */

export type StoredBlob = { digest: string; size: number }

export type ManifestModel = {
  readonly digest: string
  /** The one client that pushes and deletes it. */
  readonly owner: string
  readonly payload: Buffer
  readonly mediaType: string
  readonly blobs: readonly StoredBlob[]
  readonly children: readonly string[]
  readonly subject: string | undefined
  /** `unsure`: a request that adds or removes it was under way when the server was killed. */
  state: 'present' | 'absent' | 'unsure'
  /** An index that listed it, or its subject, was deleted: it may go unless something else keeps it. */
  collectable: boolean
  parents: Set<string>
}

const none = 'none'

/** One repository as its clients know it. */
export class RepositoryModel {
  readonly name: string
  readonly manifests = new Map<string, ManifestModel>()
  /** Digests that a tag may have now; the text `none` stands for no such tag. */
  readonly #tags = new Map<string, Set<string>>()
  /** Blobs that one client alone pushed and deleted. */
  readonly deletedBlobs = new Set<string>()

  constructor(name: string) {
    this.name = name
  }

  tagNames(): string[] {
    return [...this.#tags.keys()]
  }

  possible(tag: string): ReadonlySet<string> {
    return this.#tags.get(tag) ?? new Set([none])
  }

  /** The digest that a tag has for certain, `undefined` when that is not known or there is none. */
  certain(tag: string): string | undefined {
    const [only, ...others] = this.possible(tag)
    return others.length === 0 && only !== none ? only : undefined
  }

  /** A push begins: from now on its effect may be there. */
  beginPut(manifest: ManifestModel, tags: readonly string[]): void {
    const known = this.manifests.get(manifest.digest) ?? manifest
    this.manifests.set(manifest.digest, known)
    if (known.state === 'absent') known.state = 'unsure'
    for (const child of known.children) this.manifests.get(child)?.parents.add(known.digest)
    for (const tag of tags) this.#widen(tag, manifest.digest)
  }

  endPut(manifest: ManifestModel, tags: readonly string[]): void {
    const known = this.#known(manifest.digest)
    known.state = 'present'
    // It follows a subject or an index that may itself be collected at any moment.
    const leaders = [...known.parents, ...(known.subject === undefined ? [] : [known.subject])]
    known.collectable = leaders.some((digest) => {
      const leader = this.manifests.get(digest)
      return leader !== undefined && leader.state !== 'absent' && leader.collectable
    })
    for (const tag of tags) this.settleTag(tag, manifest.digest)
  }

  /** The push was refused: nothing of it may be there. */
  refusePut(
    manifest: ManifestModel,
    wasAbsent: boolean,
    tags: Map<string, ReadonlySet<string>>,
  ): void {
    if (wasAbsent) this.#known(manifest.digest).state = 'absent'
    for (const [tag, before] of tags) this.#tags.set(tag, new Set(before))
  }

  beginTagDelete(tag: string): void {
    this.#widen(tag, none)
  }

  settleTag(tag: string, digest: string | undefined): void {
    if (digest === undefined) this.#tags.delete(tag)
    else this.#tags.set(tag, new Set([digest]))
  }

  beginDelete(digest: string): void {
    const manifest = this.#known(digest)
    manifest.state = 'unsure'
    this.#release(manifest)
    for (const tag of this.tagsOn(digest)) this.#widen(tag, none)
  }

  /** A manifest is gone: acknowledged, or seen to be so. */
  endDelete(digest: string): void {
    const manifest = this.#known(digest)
    manifest.state = 'absent'
    this.#release(manifest)
    for (const tag of this.tagsOn(digest)) {
      const left = new Set(this.possible(tag))
      left.delete(digest)
      if (left.size === 1 && left.has(none)) this.#tags.delete(tag)
      else this.#tags.set(tag, left)
    }
  }

  tagsOn(digest: string): string[] {
    return this.tagNames().filter((tag) => this.possible(tag).has(digest))
  }

  /** Whether the registry owes this manifest to its clients. */
  mustBePresent(manifest: ManifestModel): boolean {
    if (manifest.state !== 'present') return false
    if (!manifest.collectable) return true
    if (this.tagNames().some((tag) => this.certain(tag) === manifest.digest)) return true
    return [...manifest.parents].some((digest) => {
      const parent = this.manifests.get(digest)
      return parent !== undefined && this.mustBePresent(parent)
    })
  }

  /** Whether no client has deleted anything that the manifest lists. */
  isWhole(manifest: ManifestModel): boolean {
    return manifest.children.every((digest) => {
      const child = this.manifests.get(digest)
      return child?.state === 'present' && this.isWhole(child)
    })
  }

  mayBePresent(manifest: ManifestModel): boolean {
    return manifest.state !== 'absent'
  }

  /** Manifests that name `subject`. */
  referrersOf(subject: string): ManifestModel[] {
    return [...this.manifests.values()].filter((manifest) => manifest.subject === subject)
  }

  /** What a manifest kept by listing it, or by being its subject, may be collected; and so on. */
  #release(manifest: ManifestModel): void {
    const children = manifest.children.flatMap((child) => this.manifests.get(child) ?? [])
    for (const kept of [...children, ...this.referrersOf(manifest.digest)]) {
      if (kept.collectable) continue
      kept.collectable = true
      this.#release(kept)
    }
  }

  #widen(tag: string, digest: string): void {
    this.#tags.set(tag, new Set([...this.possible(tag), digest]))
  }

  #known(digest: string): ManifestModel {
    const manifest = this.manifests.get(digest)
    if (manifest === undefined) throw new Error(`the model does not know ${digest}`)
    return manifest
  }
}

/** An upload session that a client left open, to go on with later. */
export type SessionModel = {
  readonly repository: string
  readonly bytes: Buffer
  location: string
  /** Offsets it may be at. */
  offsets: Set<number>
  /** Whether it may have ended: a request that ends it was under way. */
  mayBeGone: boolean
  touchedAt: number
}

export class Model {
  readonly repositories: readonly RepositoryModel[]
  sessions: SessionModel[] = []
  /** What was touched since the last look, by repository. */
  readonly touched = new Map<RepositoryModel, { tags: Set<string>; manifests: Set<string> }>()

  constructor(names: readonly string[]) {
    this.repositories = names.map((name) => new RepositoryModel(name))
  }

  touch(repository: RepositoryModel, manifests: readonly string[], tags: readonly string[]): void {
    const touched = this.touched.get(repository) ?? { tags: new Set(), manifests: new Set() }
    for (const digest of manifests) touched.manifests.add(digest)
    for (const tag of tags) touched.tags.add(tag)
    this.touched.set(repository, touched)
  }
}
