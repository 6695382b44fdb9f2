import { setTimeout as wait } from 'node:timers/promises'
import { isImageManifestMediaType } from '@berth/oci/media-type.ts'
import * as z from 'zod'
import type { Database } from '../metadata/database.ts'
import { lockManifest } from '../metadata/manifests.ts'
import { manifestsToIndex, namesToIndex } from '../metadata/search-sources.ts'
import { deleteUnusedTerms, ensureTerms, nextTerms, unusedTerms } from '../metadata/search-terms.ts'
import { addTrigrams } from '../metadata/search-trigrams.ts'
import { fold } from './fold.ts'
import { addProperties, readProperties } from './index.ts'
import type { LabelIndexing } from './labels.ts'

/** Rests as long as it works: it is in no hurry. */
const restFactor = 1
const stages = ['project', 'repository', 'tag', 'manifest', 'package'] as const

/** How far a rebuild has come: it goes on from there after a restart. */
const place = z.object({
  stage: z.enum(stages),
  after: z.string(),
  done: z.number(),
})

type Place = z.output<typeof place>

/** Builds the search index anew beside what is written to it, and throws out words that nothing has any more. */
export class SearchUpkeep {
  readonly #database: Database
  readonly #labels: LabelIndexing

  constructor(parts: { database: Database; labels: LabelIndexing }) {
    this.#database = parts.database
    this.#labels = parts.labels
  }

  /** Adds all that is missing, in small portions. `from` is what `onProgress` was told last, if ever. */
  async rebuild(options: {
    signal: AbortSignal
    from: unknown
    onProgress(progress: Place): void
  }): Promise<{ done: number }> {
    // PostgreSQL may have its extension only now.
    await this.#database.transaction((tx) => addTrigrams(tx, this.#database.kind))
    const former = place.safeParse(options.from)
    const at: Place = former.success ? former.data : { stage: stages[0], after: '', done: 0 }
    for (const stage of stages.slice(stages.indexOf(at.stage))) {
      if (at.stage !== stage) Object.assign(at, { stage, after: '' })
      while (!options.signal.aborted) {
        const started = performance.now()
        const next = await this.#portion(at)
        if (next === undefined) break
        at.after = next.after
        at.done += next.count
        options.onProgress({ ...at })
        await wait((performance.now() - started) * restFactor)
      }
    }
    return { done: at.done }
  }

  /** Throws out words without a place. */
  async trim(signal: AbortSignal): Promise<{ removed: number }> {
    let removed = 0
    for (let after: number | undefined = 0; after !== undefined && !signal.aborted; ) {
      const started = performance.now()
      const ids: number[] = await nextTerms(this.#database.read, after)
      const unused = await unusedTerms(this.#database.read, ids)
      if (unused.length > 0) {
        removed += await this.#database.transaction((tx) => deleteUnusedTerms(tx, unused))
      }
      after = ids.at(-1)
      await wait((performance.now() - started) * restFactor)
    }
    return { removed }
  }

  /** The next few; `undefined` at the end of the stage. */
  async #portion({ stage, after }: Place): Promise<{ after: string; count: number } | undefined> {
    if (stage === 'manifest') return this.#manifestPortion(after)
    const names = await namesToIndex(this.#database.read, stage, after)
    const last = names.at(-1)
    if (last === undefined) return undefined
    await this.#database.relaxedTransaction((tx) => ensureTerms(tx, stage, names, fold))
    return { after: last, count: names.length }
  }

  async #manifestPortion(after: string): Promise<{ after: string; count: number } | undefined> {
    const manifests = await manifestsToIndex(this.#database.read, after)
    const last = manifests.at(-1)
    if (!last) return undefined
    for (const manifest of manifests) {
      const { annotations } = manifest
      if (annotations !== null) {
        const { repository_id: repositoryId, digest } = manifest
        await this.#database.relaxedTransaction(async (tx) => {
          // It may be gone by now.
          if (!(await lockManifest(tx, repositoryId, digest))) return
          const properties = readProperties(annotations)
          await addProperties(tx, 'annotation', properties, { repositoryId, digest })
        })
      }
      if (isImageManifestMediaType(manifest.media_type)) {
        await this.#labels.index(manifest.repository, manifest.digest)
      }
    }
    return { after: `${last.repository_id} ${last.digest}`, count: manifests.length }
  }
}
