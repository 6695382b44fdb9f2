import { parseGuardedJson } from '@berth/oci/json-guard.ts'
import { isImageManifestMediaType } from '@berth/oci/media-type.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Transaction } from '../metadata/database.ts'
import { deleteTerm, ensureTerms, insertOccurrences } from '../metadata/search-terms.ts'
import type { PlacedRepository, RegistryEvent } from '../registry/admission.ts'
import { fold, word } from './fold.ts'

/** Labels or annotations of one manifest that are found; any beyond are not. */
const propertiesMax = 64

/**
 * Keeps the search index, in the transactions of the writes: what can be found is there, and the other way round. What
 * no tag and no label has any more is only thrown out later (`SearchUpkeep.trim`): it leads nowhere, and so finds nothing.
 */
export class SearchIndex {
  readonly #queue: JobQueue

  constructor(parts: { queue: JobQueue }) {
    this.#queue = parts.queue
  }

  /** Called for every event of the registry, in its transaction. */
  async record(tx: Transaction, event: RegistryEvent): Promise<void> {
    switch (event.kind) {
      case 'repositoryCreated':
        await ensureTerms(tx, 'repository', [event.repository.name], fold)
        return
      case 'repositoryRemoved':
        await deleteTerm(tx, 'repository', event.repository.name)
        return
      case 'tagCreated':
        await ensureTerms(tx, 'tag', [event.tag], fold)
        return
      case 'manifestPushed':
        if (event.isNew) await this.#addManifest(tx, event)
        return
      // What belongs to a manifest goes with its row.
      case 'manifestDeleted':
      case 'tagMoved':
      case 'tagDeleted':
      case 'blobLinked':
      case 'blobUnlinked':
    }
  }

  /** In the transaction that creates the project. */
  async addProject(tx: Transaction, name: string): Promise<void> {
    await ensureTerms(tx, 'project', [name], fold)
  }

  /** In the transaction that removes the project. */
  removeProject(tx: Transaction, name: string): Promise<void> {
    return deleteTerm(tx, 'project', name)
  }

  /** In the transaction that catalogues an image. */
  async addPackages(tx: Transaction, names: readonly string[]): Promise<void> {
    await ensureTerms(tx, 'package', names, fold)
  }

  async #addManifest(
    tx: Transaction,
    event: {
      repository: PlacedRepository
      digest: string
      mediaType: string
      annotations: string | undefined
    },
  ): Promise<void> {
    const { repository, digest } = event
    if (event.annotations !== undefined) {
      await addProperties(tx, 'annotation', readProperties(event.annotations), {
        repositoryId: repository.id,
        digest,
      })
    }
    // Labels are in a blob, and nothing is read from the store inside a transaction.
    if (!isImageManifestMediaType(event.mediaType)) return
    await this.#queue.enqueue(tx, {
      name: 'index-labels',
      payload: { repository: repository.name, digest },
    })
  }
}

/** Makes the labels or annotations of a manifest of this repository found; how many. */
export async function addProperties(
  tx: Transaction,
  kind: 'label' | 'annotation',
  properties: Readonly<Record<string, unknown>>,
  manifest: { repositoryId: number; digest: string },
): Promise<number> {
  const texts = Object.entries(properties)
    .filter(([, value]) => typeof value === 'string')
    .slice(0, propertiesMax)
    .map(([key, value]) => word(`${key}=${String(value)}`))
  const terms = await ensureTerms(tx, kind, texts, fold)
  await insertOccurrences(tx, terms, manifest)
  return terms.length
}

/** Annotations as they are kept with a manifest. Not `JSON.parse`: see `json-guard.ts`. */
export function readProperties(stored: string): Record<string, unknown> {
  return parseGuardedJson(Buffer.from(stored)) as Record<string, unknown>
}
