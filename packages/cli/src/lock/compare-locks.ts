import { ClientError, isClientError } from '@berth/client/client-error.ts'
import { parseImageReference } from '@berth/client/image-reference.ts'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { mapLimited } from '../limited.ts'
import { describeImage } from './describe-image.ts'
import type { LockedImage, LockedService, LockFile } from './lock-file.ts'

export type LockEntry = {
  readonly reference: string
  readonly digest: Digest
  readonly created?: string
}

export type LockMove = {
  readonly reference: string
  readonly from: LockEntry
  readonly to: LockEntry
  readonly platformsAdded: readonly string[]
  readonly platformsRemoved: readonly string[]
}

export type LockComparison = {
  readonly added: readonly LockEntry[]
  readonly removed: readonly LockEntry[]
  readonly moved: readonly LockMove[]
  readonly services: {
    readonly added: readonly LockEntry[]
    readonly removed: readonly LockEntry[]
    readonly moved: readonly LockMove[]
  }
}

const requestsAtOnce = 6

/** What differs between two locks, by name. Where only the files differ that name an image, nothing does. */
export function compareLocks(before: LockFile, after: LockFile): LockComparison {
  return {
    ...compareEntries(before.images, after.images, imageEntry),
    services: compareEntries(before.services, after.services, serviceEntry),
  }
}

export function isSame({ added, removed, moved, services }: LockComparison): boolean {
  return [added, removed, moved, services.added, services.removed, services.moved].every(
    (each) => each.length === 0,
  )
}

/** The lock as it would be if every tag were resolved now. A tag that is gone is left out; services stay. */
export async function currentLock(
  client: RegistryClient,
  lock: LockFile,
  signal?: AbortSignal,
): Promise<LockFile> {
  const entries = await mapLimited(
    Object.entries(lock.images),
    requestsAtOnce,
    async ([key, image]) => {
      const reference = parseImageReference(key)
      if (reference.tag === undefined) return [key, image] as const
      try {
        const repository = client.repository(reference)
        const now = await repository.resolve({ kind: 'tag', tag: reference.tag }, signal)
        if (now === undefined) return undefined
        if (now.digest === image.digest) return [key, image] as const
        const made = await describeImage(client, reference, { wantsLayers: false, signal })
        return [key, { ...made, usedIn: image.usedIn }] as const
      } catch (error) {
        if (isClientError(error, 'notFound')) return undefined
        if (error instanceof ClientError) {
          throw new ClientError(error.kind, `${key} cannot be resolved: ${error.message}`, {
            next: error.next,
            cause: error,
          })
        }
        throw error
      }
    },
  )
  const images = Object.fromEntries(entries.filter((each) => each !== undefined))
  return { ...lock, images }
}

function compareEntries<Entry extends Pick<LockedImage, 'digest' | 'platforms'>>(
  before: Readonly<Record<string, Entry>>,
  after: Readonly<Record<string, Entry>>,
  show: (name: string, entry: Entry) => LockEntry,
) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  const added: LockEntry[] = []
  const removed: LockEntry[] = []
  const moved: LockMove[] = []
  for (const name of names) {
    const [from, to] = [entryOf(before, name), entryOf(after, name)]
    if (from === undefined && to !== undefined) added.push(show(name, to))
    else if (from !== undefined && to === undefined) removed.push(show(name, from))
    else if (from !== undefined && to !== undefined && from.digest !== to.digest) {
      const [old, fresh] = [from, to].map(({ platforms }) => platforms.map((each) => each.platform))
      moved.push({
        reference: name,
        from: show(name, from),
        to: show(name, to),
        platformsAdded: (fresh ?? []).filter((each) => !(old ?? []).includes(each)),
        platformsRemoved: (old ?? []).filter((each) => !(fresh ?? []).includes(each)),
      })
    }
  }
  return { added, removed, moved }
}

function entryOf<Entry>(record: Readonly<Record<string, Entry>>, name: string): Entry | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}

function imageEntry(reference: string, { digest, created }: LockedImage): LockEntry {
  return { reference, digest, ...(created !== undefined && { created }) }
}

function serviceEntry(reference: string, { digest, builtAt }: LockedService): LockEntry {
  return { reference, digest, created: builtAt }
}
