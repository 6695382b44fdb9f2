import type { Digest } from '@berth/oci/digest.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { payloadBytesMax } from '@berth/signing/limits.ts'
import { cosignTags, readSignatureManifest, type SignatureLayer } from '@berth/signing/signature.ts'
import type { Trust } from '@berth/signing/trust.ts'
import type { TrustedRoot } from '@berth/signing/trusted-root.ts'
import type { Verdict } from '@berth/signing/verify.ts'
import { levelsOf } from '../access/project-name.ts'
import { BerthError } from '../errors.ts'
import type { Database, Executor } from '../metadata/database.ts'
import { touchRepository } from '../metadata/policy-verdicts.ts'
import { findRepository } from '../metadata/repositories.ts'
import {
  replaceVerdicts,
  signatureSources,
  signedSubjects,
  type StoredVerdict,
  verdictsOf,
} from '../metadata/signature-verdicts.ts'
import { lockUnjudged, removeUnjudged, unjudgedAmong } from '../metadata/unjudged-signatures.ts'
import { identitiesOfProjects, type StoredIdentity } from '../metadata/trusted-identities.ts'
import { listRoots } from '../metadata/trusted-roots.ts'
import { readBlob } from '../registry/read-blob.ts'
import type { Blobs } from '../registry/blobs.ts'
import type { Manifests } from '../registry/manifests.ts'
import type { AttestedClaims, ClaimsOfSubject } from './attested-claims.ts'
import { readIdentity } from './identities.ts'
import { readRoot } from './roots.ts'
import { toVerdictView, type VerdictView } from './verdict-view.ts'

/** Manifests that are looked at for one subject; whoever attaches more does not make the others count less. */
const sourcesMax = 200
/** Signatures that are judged for one subject. */
const signaturesMax = 200
const subjectsPerTurn = 100
/** Attestations that are read for whoever asks what they state. */
const attestationsMax = 20
/** Someone attaches signatures faster than they are judged: the next job sees the rest. */
const turnsMax = 5

/** `predicate`: of a verified one only. */
type JudgedAttestation = VerdictView & { readonly predicate: unknown }

/** What the signatures of one subject are judged by, as it stood at one moment. */
type Evidence = {
  readonly repositoryId: number
  readonly projectId: number
  /** The last push that it takes in; `undefined` when what came by then is judged already. */
  readonly arrival: string | undefined
  readonly sources: readonly string[]
  readonly identities: readonly StoredIdentity[]
  readonly roots: readonly { readonly name: string; readonly createdAt: string }[]
}

/**
 * Judges signatures and keeps the verdicts, so that a pull only reads them. Signatures are found as cosign and Notation
 * leave them: manifests that name the image as their subject, and cosign's tags. All of it is in the same repository: a
 * signature beside a copy in another one says nothing here.
 */
export class SignatureVerification {
  readonly #database: Database
  readonly #manifests: Manifests
  readonly #blobs: Blobs
  readonly #claims: AttestedClaims
  readonly #now: () => number
  readonly #roots = new Map<string, TrustedRoot>()

  constructor(parts: {
    database: Database
    manifests: Manifests
    blobs: Blobs
    claims: AttestedClaims
    now: () => number
  }) {
    this.#database = parts.database
    this.#manifests = parts.manifests
    this.#blobs = parts.blobs
    this.#claims = parts.claims
    this.#now = parts.now
  }

  /** What was said when they were last judged. A repository that does not exist has none. */
  async readVerdicts(repository: RepositoryName, subject: Digest): Promise<VerdictView[]> {
    const found = await findRepository(this.#database.read, repository)
    return found
      ? (await verdictsOf(this.#database.read, found.id, subject)).map(toVerdictView)
      : []
  }

  /**
   * The attestations of a subject whose type is wanted, at most 20, judged anew: what was refused has no predicate. A
   * repository that does not exist has none.
   */
  async readAttestations(
    repository: RepositoryName,
    subject: Digest,
    isWanted: (predicateType: string) => boolean,
  ): Promise<JudgedAttestation[]> {
    const known = await this.readVerdicts(repository, subject)
    const wanted = known.filter((each) => isWanted(each.predicateType)).slice(0, attestationsMax)
    const evidence =
      wanted.length > 0 && (await this.#gather(this.#database.read, repository, subject))
    if (!evidence) return []
    const trust = await this.#trust(evidence)
    const found: JudgedAttestation[] = []
    for (const { source, position } of wanted) {
      const layer = (await this.#layersOf(repository, source))[position]
      if (!layer) continue
      const judged = await this.#verdictOn(repository, subject, trust, source, layer)
      const { predicate, ...verdict } = { predicate: undefined, ...judged }
      const stored = this.#toStored(source, position, layer, verdict)
      found.push({ ...toVerdictView(stored), predicate })
    }
    return found
  }

  /** Judges every signature of a subject and keeps what was found; how many. Doing it twice is harmless. */
  async verify(repository: RepositoryName, subject: Digest): Promise<{ signatures: number }> {
    for (let turn = 1; ; turn += 1) {
      const evidence = await this.#gather(this.#database.read, repository, subject)
      if (!evidence) return { signatures: 0 }
      const claims = this.#claims.begin(repository, subject)
      const verdicts = await this.#judge(repository, subject, evidence, claims)
      const isKept = await this.#database.transaction(async (tx) => {
        const found = await findRepository(tx, repository)
        if (!found) return true
        // First, and in the order of a push: it holds back whoever judges the same at the same time, in another job or
        // request, so that what they have kept is not replaced by what was gathered before.
        await lockUnjudged(tx, found.id, subject)
        await touchRepository(tx, found.id)
        const now = await this.#gather(tx, repository, subject)
        if (!now || (turn < turnsMax && !isSame(now, evidence))) return !now
        await replaceVerdicts(tx, now.repositoryId, subject, verdicts)
        await claims.save(tx, now)
        const { arrival } = evidence
        if (arrival !== undefined) await removeUnjudged(tx, now.repositoryId, subject, arrival)
        return true
      })
      if (isKept) return { signatures: verdicts.length }
    }
  }

  /** Judges anew whatever is signed in a project and below it, `''` being everywhere, from where a former run had come to. */
  async verifyProject(
    project: string,
    run: {
      readonly signal: AbortSignal
      readonly from: unknown
      readonly onProgress: (progress: { repository: string; digest: string; done: number }) => void
    },
  ): Promise<{ subjects: number }> {
    let { done, ...after } = readProgress(run.from)
    while (!run.signal.aborted) {
      const subjects = await signedSubjects(this.#database.read, {
        project,
        after,
        limit: subjectsPerTurn,
      })
      if (subjects.length === 0) break
      for (const subject of subjects) {
        if (run.signal.aborted) break
        await this.verify(subject.repository as RepositoryName, subject.digest as Digest)
        after = subject
        done += 1
        run.onProgress({ ...after, done })
      }
    }
    return { subjects: done }
  }

  async #gather(
    db: Executor,
    repository: RepositoryName,
    subject: Digest,
  ): Promise<Evidence | undefined> {
    const found = await findRepository(db, repository)
    if (!found) return undefined
    // Before the sources: what is read after it can only be newer.
    const [unjudged] = await unjudgedAmong(db, found.id, [subject])
    const tags = cosignTags({ digest: subject })
    const sources = await signatureSources(db, {
      repositoryId: found.id,
      subject,
      tags: tags ? [tags.signatures, tags.attestations] : [],
      limit: sourcesMax,
    })
    const identities = await identitiesOfProjects(db, levelsOf(repository))
    const roots = await listRoots(db)
    return {
      repositoryId: found.id,
      projectId: found.projectId,
      arrival: unjudged?.arrival,
      sources,
      identities,
      roots,
    }
  }

  async #judge(
    repository: RepositoryName,
    subject: Digest,
    evidence: Evidence,
    claims: ClaimsOfSubject,
  ): Promise<StoredVerdict[]> {
    const trust = await this.#trust(evidence)
    const verdicts: StoredVerdict[] = []
    for (const source of evidence.sources) {
      for (const [position, layer] of (await this.#layersOf(repository, source)).entries()) {
        if (verdicts.length >= signaturesMax) return verdicts
        const verdict = await this.#verdictOn(repository, subject, trust, source, layer)
        verdicts.push(this.#toStored(source, position, layer, verdict))
        await addClaim(claims, source, verdict)
      }
    }
    return verdicts
  }

  async #trust({ identities }: Evidence): Promise<Trust> {
    const roots: TrustedRoot[] = []
    for (const stored of await listRoots(this.#database.read)) {
      const key = `${stored.name} ${stored.createdAt}`
      const root = this.#roots.get(key) ?? (await readRoot(stored))
      this.#roots.set(key, root)
      roots.push(root)
    }
    return { identities: identities.map(readIdentity), roots }
  }

  /** What is gone meanwhile, or is no signature, has no layers. */
  async #layersOf(repository: RepositoryName, source: string): Promise<readonly SignatureLayer[]> {
    try {
      const { payload, mediaType } = await this.#manifests.getManifest(repository, {
        kind: 'digest',
        digest: source as Digest,
      })
      return readSignatureManifest(payload, mediaType)?.layers ?? []
    } catch (error) {
      if (error instanceof BerthError && goneKinds.has(error.kind)) return []
      throw error
    }
  }

  async #verdictOn(
    repository: RepositoryName,
    subject: Digest,
    trust: Trust,
    source: string,
    { descriptor, format, annotations }: SignatureLayer,
  ): Promise<Verdict> {
    let payload: Buffer | undefined
    try {
      payload = await readBlob(this.#blobs, repository, descriptor, payloadBytesMax)
    } catch (error) {
      if (!(error instanceof BerthError && goneKinds.has(error.kind))) throw error
      return {
        state: 'refused',
        reason: 'malformed',
        message: `The blob ${descriptor.digest} of the signature is not in the repository. Sign the image again.`,
      }
    }
    if (payload === undefined) {
      return {
        state: 'refused',
        reason: 'too-large',
        message: `The signature has more than ${payloadBytesMax} bytes, the most that Berth reads.`,
      }
    }
    const { mediaType } = descriptor
    // Loaded when there is something to verify: the server starts faster without.
    const { verifySignature } = await import('@berth/signing/verify.ts')
    return verifySignature(
      { source, format, payload, annotations, mediaType },
      { digest: subject },
      trust,
      { now: new Date(this.#now()) },
    )
  }

  #toStored(
    source: string,
    position: number,
    layer: SignatureLayer,
    verdict: Verdict,
  ): StoredVerdict {
    const common = {
      source_digest: source,
      position,
      verified_at: new Date(this.#now()).toISOString(),
    }
    if (verdict.state === 'verified') {
      return {
        ...common,
        state: 'verified',
        what: verdict.what,
        identity: verdict.identity,
        predicate_type: verdict.predicateType ?? '',
        reason: '',
        message: '',
        signed_at: verdict.signedAt ?? null,
      }
    }
    return {
      ...common,
      state: 'refused',
      what: layer.format === 'cosign-attestation-tag' ? 'attestation' : 'signature',
      identity: '',
      predicate_type: layer.annotations['dev.sigstore.bundle.predicateType'] ?? '',
      reason: verdict.reason,
      message: verdict.message.slice(0, 1000),
      signed_at: null,
    }
  }
}

async function addClaim(claims: ClaimsOfSubject, source: string, verdict: Verdict): Promise<void> {
  if (verdict.state !== 'verified' || verdict.what !== 'attestation') return
  const { identity, predicateType = '', predicate } = verdict
  await claims.add({ source, identity, predicateType, predicate })
}

const goneKinds: ReadonlySet<string> = new Set(['manifestUnknown', 'nameUnknown', 'blobUnknown'])

function isSame(a: Evidence, b: Evidence): boolean {
  const key = ({ sources, identities, roots }: Evidence) =>
    JSON.stringify([
      sources,
      identities.map(({ id }) => id),
      roots.map(({ name, createdAt }) => [name, createdAt]),
    ])
  return a.repositoryId === b.repositoryId && key(a) === key(b)
}

function readProgress(from: unknown): { repository: string; digest: string; done: number } {
  const { repository, digest, done } = (from ?? {}) as Record<string, unknown>
  return typeof repository === 'string' && typeof digest === 'string' && typeof done === 'number'
    ? { repository, digest, done }
    : { repository: '', digest: '', done: 0 }
}
