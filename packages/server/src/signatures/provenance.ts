import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { Reference, RepositoryName } from '@berth/oci/reference.ts'
import { predicateNameOf } from '@berth/signing/predicates/predicate-types.ts'
import type { BuildFacts } from '@berth/signing/predicates/build-facts.ts'
import { BerthError } from '../errors.ts'
import type { Blobs } from '../registry/blobs.ts'
import type { Manifests } from '../registry/manifests.ts'
import { readBlob } from '../registry/read-blob.ts'
import type { Referrers } from '../registry/referrers.ts'
import { attachedManifests, isStatement, statedType } from '../registry/attached-manifests.ts'
import type { SignatureVerification } from './verification.ts'

/** What one provenance says of how an image was built, and who says it. */
export type Provenance = {
  /** Digest of the manifest that carries it. */
  readonly source: string
  /** The image that it is about: the one that was asked for, or one of an index. */
  readonly subject: string
  /** `unsigned`: whoever may push can have written it. */
  readonly state: 'verified' | 'refused' | 'unsigned'
  /** Name of the trusted identity; empty unless verified. */
  readonly identity: string
  readonly predicateType: string
  readonly signedAt: string | null
  /** Why there are no facts. */
  readonly message: string
  readonly facts: BuildFacts | undefined
}

const unsignedMax = 20
const statementBytesMax = 4 * 1024 * 1024

/** Reads what builders say of their builds: signed attestations, and the statements that BuildKit adds to an index. */
export class Provenances {
  readonly #signatures: SignatureVerification
  readonly #manifests: Manifests
  readonly #blobs: Blobs
  readonly #referrers: Referrers

  constructor(parts: {
    signatures: SignatureVerification
    manifests: Manifests
    blobs: Blobs
    referrers: Referrers
  }) {
    this.#signatures = parts.signatures
    this.#manifests = parts.manifests
    this.#blobs = parts.blobs
    this.#referrers = parts.referrers
  }

  /** Of an image or of all of an index, the verified first; 40 at most. Throws `manifestUnknown`, `nameUnknown`. */
  async read(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<{ digest: Digest; items: Provenance[] }> {
    const image = await this.#manifests.getManifest(repository, reference)
    const signed = await this.#signatures.readAttestations(repository, image.digest, isProvenance)
    const items: Provenance[] = []
    for (const { predicate, ...verdict } of signed) {
      const { source, state, identity, predicateType, signedAt } = verdict
      const common = { source, subject: image.digest, state, identity, predicateType, signedAt }
      items.push({
        ...common,
        ...(state === 'verified'
          ? await factsIn(predicateType, predicate)
          : { message: verdict.message, facts: undefined }),
      })
    }
    const parts = { manifests: this.#manifests, referrers: this.#referrers }
    for await (const attached of attachedManifests(parts, repository, image)) {
      for (const layer of attached.layers) {
        const predicateType = statedType(layer, attached)
        if (predicateType === undefined || !isProvenance(predicateType)) continue
        if (!isStatement(layer) || items.length >= signed.length + unsignedMax) continue
        items.push({
          source: attached.digest,
          subject: attached.subject,
          state: 'unsigned',
          identity: '',
          predicateType,
          signedAt: null,
          ...(await this.#statedIn(repository, layer, attached.subject)),
        })
      }
    }
    const order = ['verified', 'unsigned', 'refused']
    const ordered = items.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
    return { digest: image.digest, items: ordered }
  }

  async #statedIn(
    repository: RepositoryName,
    layer: Descriptor,
    subject: string,
  ): Promise<Pick<Provenance, 'message' | 'facts'>> {
    const payload = await this.#readStatement(repository, layer)
    if (typeof payload === 'string') return unreadable(payload)
    // Loaded when there is something to read: the server starts faster without.
    const { readStatement } = await import('@berth/signing/statement.ts')
    const { Refusal } = await import('@berth/signing/refusal.ts')
    try {
      const stated = readStatement(payload, layer.mediaType, { digest: subject })
      return await factsIn(stated.predicateType ?? '', stated.predicate)
    } catch (error) {
      if (error instanceof Refusal) return unreadable(error.message)
      throw error
    }
  }

  /** A text says why there is none. */
  async #readStatement(repository: RepositoryName, layer: Descriptor): Promise<Buffer | string> {
    try {
      const bytes = await readBlob(this.#blobs, repository, layer, statementBytesMax)
      return (
        bytes ?? `The statement has more than ${statementBytesMax} bytes, the most that is read.`
      )
    } catch (error) {
      if (!(error instanceof BerthError) || error.kind !== 'blobUnknown') throw error
      return `The statement ${layer.digest} is not in the repository.`
    }
  }
}

function isProvenance(predicateType: string): boolean {
  const name = predicateNameOf(predicateType)
  return name === 'slsaProvenance' || name === 'slsaProvenance02'
}

async function factsIn(
  predicateType: string,
  predicate: unknown,
): Promise<Pick<Provenance, 'message' | 'facts'>> {
  const { readPredicate, PredicateInvalid } = await import(
    '@berth/signing/predicates/read-predicate.ts'
  )
  const { buildFactsOf } = await import('@berth/signing/predicates/build-facts.ts')
  try {
    const read = readPredicate(predicateType, predicate)
    const facts = read && buildFactsOf(read)
    return facts ? { message: '', facts } : unreadable(`It states ${predicateType}.`)
  } catch (error) {
    if (error instanceof PredicateInvalid) return unreadable(error.message)
    throw error
  }
}

function unreadable(message: string): Pick<Provenance, 'message' | 'facts'> {
  return { message, facts: undefined }
}
