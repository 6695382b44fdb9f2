import type { Digest } from '@berth/oci/digest.ts'
import { subjectOfCosignTag } from '@berth/signing/signature.ts'
import { randomUUID } from 'node:crypto'
import type { JobQueue } from '../jobs/queue.ts'
import type { Transaction } from '../metadata/database.ts'
import { touchRepository } from '../metadata/policy-verdicts.ts'
import { dropVerdictsOf } from '../metadata/signature-verdicts.ts'
import { noteUnjudged } from '../metadata/unjudged-signatures.ts'
import type { RegistryEvent } from '../registry/admission.ts'
import type { AttestedClaims } from './attested-claims.ts'

/**
 * Notes that the signatures of an image are to be judged whenever one arrives, and asks for it; drops what was said of one
 * that goes. All in the transaction of the write: whoever is told that a signature is stored can count on it.
 */
export class SignatureEvents {
  readonly #queue: JobQueue
  readonly #claims: AttestedClaims

  constructor(parts: { queue: JobQueue; claims: AttestedClaims }) {
    this.#queue = parts.queue
    this.#claims = parts.claims
  }

  /** Called for every event of the registry, in its transaction. */
  async record(tx: Transaction, event: RegistryEvent): Promise<void> {
    if (event.kind === 'manifestDeleted') {
      const { id: repositoryId, name: repository } = event.repository
      await this.#claims.withdraw(tx, { repository, source: event.digest })
      if (await dropVerdictsOf(tx, repositoryId, event.digest)) {
        await touchRepository(tx, repositoryId)
      }
      return
    }
    if (event.kind === 'repositoryRemoved') {
      await this.#claims.withdraw(tx, { repository: event.repository.name })
    }
    const subject = subjectOf(event)
    if (subject === undefined) return
    await noteUnjudged(tx, event.repository.id, subject, randomUUID())
    await this.#queue.enqueue(tx, {
      name: 'verify-signatures',
      payload: { repository: event.repository.name, digest: subject },
    })
  }
}

/** What may have got a signature by this, or lost one that a tag led to. */
function subjectOf(event: RegistryEvent): Digest | undefined {
  switch (event.kind) {
    case 'manifestPushed':
      return event.subject
    case 'tagCreated':
    case 'tagMoved':
    case 'tagDeleted':
      return subjectOfCosignTag(event.tag)?.digest as Digest | undefined
    case 'repositoryCreated':
    case 'repositoryRemoved':
    case 'blobLinked':
    case 'blobUnlinked':
    case 'manifestDeleted':
      return undefined
  }
}
