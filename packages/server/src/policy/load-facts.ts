import type { TemplateName } from '@berth/api/policy-document.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { type ParsedManifest, parseManifest } from '@berth/oci/manifest.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { levelsOf } from '../access/project-name.ts'
import type { Executor } from '../metadata/database.ts'
import {
  imagesOf,
  type ImageFactsRow,
  indexesHolding,
  manifestsIn,
  statementsFor,
  tagsOnAny,
} from '../metadata/policy-facts.ts'
import { attestedBy, classify, platformOf } from './classify.ts'
import { type ConfigReader, readConfig, unreadConfig } from './config-facts.ts'
import type { Facts, ImageFacts } from './facts.ts'
import type { PlacedRule } from './rules.ts'
import { loadFindings, loadPackages } from './scan-facts.ts'
import { loadSboms, loadSignatures, type Place } from './signature-facts.ts'

/** Manifests of one index, nested ones counted in. */
const childrenMax = 200
const depthMax = 3
const parentsMax = 20
const tagsMax = 100
const statementsMax = 5000

export type Subject = {
  readonly repository: RepositoryName
  /** `undefined` while the first push to it is judged. */
  readonly repositoryId: number | undefined
  readonly digest: string
  readonly manifest: ParsedManifest
  /** Those that a push is about to set. */
  readonly tags?: readonly string[]
  /** Other repositories whose signatures and attachments of the same digest count: where it is copied from. */
  readonly sources?: readonly Place[]
}

/** Sees to it that the stored verdicts on signatures of these subjects count all that has been pushed. */
export type SettleSignatures = (place: Place, subjects: readonly string[]) => Promise<void>

type Child = {
  readonly digest: string
  readonly manifest: ParsedManifest
  readonly platform: string | undefined
}

/**
 * Reads what the rules look at, and nothing that none of them does: a few reads by index, no scan, no network. Only
 * signatures that were pushed a moment ago are judged first.
 */
export class FactsLoader {
  readonly #db: Executor
  readonly #readConfig: ConfigReader
  readonly #settleSignatures: SettleSignatures

  constructor(parts: {
    db: Executor
    readConfig: ConfigReader
    settleSignatures: SettleSignatures
  }) {
    this.#db = parts.db
    this.#readConfig = parts.readConfig
    this.#settleSignatures = parts.settleSignatures
  }

  /** `isForPeople`: tags, platform, scans and signatures are read even where no rule looks at them. */
  async load(
    subject: Subject,
    rules: readonly PlacedRule[],
    { isForPeople = false } = {},
  ): Promise<Facts> {
    const { digest, manifest } = subject
    const kind = classify(manifest)
    const needs = needsOf(rules, isForPeople)
    if (kind === 'attachment') return attachment(digest)
    const family = await this.#family(subject, needs)
    const { children, unjudged, isNested } =
      kind === 'index' ? await this.#childrenOf(subject) : whole(subject)
    const runnable = children.filter(({ manifest: child }) => classify(child) !== 'attachment')
    if (kind === 'index' && runnable.length === 0 && unjudged === undefined) {
      return attachment(digest)
    }
    const scans = await imagesOf(this.#db, needs.scans ? runnable.map((child) => child.digest) : [])
    const byDigest = new Map(scans.map((row) => [row.digest, row]))
    const images: ImageFacts[] = []
    for (const child of runnable) {
      images.push(await this.#image(subject, child, byDigest.get(child.digest), needs))
    }
    const places = placesOf(subject)
    const subjects = [
      ...new Set([digest, ...family.parents, ...runnable.map((child) => child.digest)]),
    ]
    if (needs.signatures || needs.sboms) {
      for (const place of places) await this.#settleSignatures(place, subjects)
    }
    return {
      digest,
      kind,
      ...family,
      images,
      signatures: needs.signatures ? await loadSignatures(this.#db, places, subjects) : [],
      sboms: needs.sboms
        ? await loadSboms(this.#db, places, subjects, [manifest, ...family.indexes])
        : [],
      statements: needs.findings ? await this.#statements(subject) : [],
      unjudged,
      isNested,
    }
  }

  /** The indexes that hold it, and the tags on all of them. */
  async #family({ repositoryId, digest, tags = [] }: Subject, needs: Needs) {
    const isAlone = repositoryId === undefined || !(needs.tags || needs.signatures || needs.sboms)
    if (isAlone) return { tags, parents: [], indexes: [] }
    const rows = await indexesHolding(this.#db, repositoryId, digest, parentsMax)
    const parents = rows.map((row) => row.digest)
    const stored = await tagsOnAny(this.#db, repositoryId, [digest, ...parents], tagsMax)
    const indexes = needs.sboms ? rows.flatMap((row) => parse(row.payload, row.media_type)) : []
    return { tags: [...new Set([...tags, ...stored])], parents, indexes }
  }

  async #childrenOf(
    subject: Subject,
  ): Promise<{ children: Child[]; unjudged: string | undefined; isNested: boolean }> {
    const { repositoryId } = subject
    const children: Child[] = []
    let isNested = false
    let level: readonly Descriptor[] = subject.manifest.manifests
    // Without a repository there is nothing in it either.
    if (repositoryId === undefined) return { children, unjudged: undefined, isNested }
    for (let depth = 1; level.length > 0; depth += 1) {
      const wanted = level.filter((descriptor) => attestedBy(descriptor) === undefined)
      if (children.length + wanted.length > childrenMax) {
        return { children, unjudged: `names more than ${childrenMax} manifests`, isNested }
      }
      if (depth > depthMax) {
        return { children, unjudged: `holds indexes ${depthMax} levels deep`, isNested }
      }
      const rows = await manifestsIn(this.#db, repositoryId, [
        ...new Set(wanted.map(({ digest }) => digest)),
      ])
      const byDigest = new Map(rows.map((row) => [row.digest, row]))
      const below: Descriptor[] = []
      for (const descriptor of wanted) {
        // What is not here cannot be pulled from here either.
        const row = byDigest.get(descriptor.digest)
        const [manifest] = row ? parse(row.payload, row.media_type) : []
        if (!manifest) continue
        if (manifest.kind === 'index') below.push(...manifest.manifests)
        else {
          children.push({ digest: descriptor.digest, manifest, platform: platformOf(descriptor) })
        }
      }
      isNested ||= below.length > 0
      level = below
    }
    return { children, unjudged: undefined, isNested }
  }

  async #image(
    { repository, repositoryId }: Subject,
    { digest, manifest, platform }: Child,
    scan: ImageFactsRow | undefined,
    needs: Needs,
  ): Promise<ImageFacts> {
    const isImage = classify(manifest) === 'image'
    const wantsConfig = isImage && (needs.config || (needs.platform && platform === undefined))
    const config = wantsConfig
      ? await readConfig(this.#readConfig, repository, manifest)
      : unreadConfig
    const wantsScan = isImage && scan?.state === 'catalogued'
    return {
      digest,
      isImage,
      platform: platform ?? config.platform,
      size: [...manifest.layers, ...(manifest.config ? [manifest.config] : [])].reduce(
        (sum, { size }) => sum + size,
        0,
      ),
      layers: manifest.layers.length,
      config,
      scan: {
        state: scan?.state ?? 'none',
        reason: scan?.reason ?? undefined,
        matchedAt: scan?.matched_at ?? undefined,
        dataBuiltAt: scan?.data_built_at ?? undefined,
        dataRevision: scan?.data_revision ?? 0,
      },
      findings:
        wantsScan && needs.findings ? await loadFindings(this.#db, repositoryId ?? 0, digest) : [],
      packages:
        wantsScan && needs.packages
          ? await loadPackages(this.#db, digest, { withLicences: needs.licences })
          : [],
    }
  }

  async #statements({ repository }: Subject): Promise<Facts['statements']> {
    const rows = await statementsFor(this.#db, levelsOf(repository), repository, statementsMax)
    return rows.map(({ justification, statement, ...row }) => ({
      ...row,
      reason: statement ?? justification ?? row.status,
    }))
  }
}

function whole({ digest, manifest }: Subject) {
  return {
    children: [{ digest, manifest, platform: undefined }],
    unjudged: undefined,
    isNested: false,
  }
}

function placesOf({ repository, repositoryId, sources = [] }: Subject): Place[] {
  const own = repositoryId === undefined ? [] : [{ id: repositoryId, name: repository }]
  return [...own, ...sources.filter(({ id }) => id !== repositoryId)]
}

/** Nothing of it is ever blocked. */
function attachment(digest: string): Facts {
  return {
    digest,
    kind: 'attachment',
    tags: [],
    parents: [],
    images: [],
    signatures: [],
    sboms: [],
    statements: [],
    unjudged: undefined,
    isNested: false,
  }
}

/** A manifest that a former version accepted and this one does not is as if it were not there. */
function parse(payload: Uint8Array, mediaType: string): ParsedManifest[] {
  try {
    return [parseManifest(payload, mediaType)]
  } catch {
    return []
  }
}

type Needs = ReturnType<typeof needsOf>

function needsOf(rules: readonly PlacedRule[], isForPeople: boolean) {
  const uses = (...names: TemplateName[]) =>
    rules.some(({ rule }) => names.some((name) => rule[name] !== undefined))
  const findings = uses('maximumCvss', 'sla', 'deniedVulnerabilities')
  const packages = uses('deniedPackages', 'licences')
  return {
    findings,
    packages,
    licences: uses('licences'),
    scans: isForPeople || findings || packages || uses('scannedWithin', 'maximumDataAge'),
    config: uses('notRoot', 'requiredLabels', 'allowedBaseImages', 'maximumAge'),
    platform: isForPeople || rules.some(({ rule }) => rule.platforms !== undefined),
    tags: isForPeople || rules.some(({ rule }) => rule.tags !== undefined),
    signatures: isForPeople || uses('signedBy', 'requireAttestation'),
    sboms: uses('requireSbom'),
  }
}
