import { ClientError } from '@berth/client/client-error.ts'
import { parseImageReference } from '@berth/client/image-reference.ts'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { mapLimited } from '../limited.ts'
import type { Drift } from './drift.ts'
import { pinnedDigest } from './find/found-reference.ts'
import { type LockFile, lockKeyIn } from './lock-file.ts'
import { imagesIn, type Scan } from './scan.ts'

export type ProblemKind =
  /** A file names an image that is not locked. */
  | 'missing'
  /** A file pins another digest than the lock. */
  | 'differs'
  /** A file could pin and does not; only where that is asked for. */
  | 'unpinned'
  /** It is not known from the files which image is meant. */
  | 'unresolved'
  /** The lock holds an image that no file names. */
  | 'unused'
  /** A file could not be read. */
  | 'unreadable'
  /** The tag points at something else now. */
  | 'moved'
  /** The registry does not have the locked digest any more. */
  | 'gone'
  /** The registry could not be asked. */
  | 'unchecked'
  /** Two images of a pair are built on different versions of their base. */
  | 'drift'

export type Problem = {
  readonly kind: ProblemKind
  /** `notice` is told and does not fail the check. */
  readonly level: 'error' | 'notice'
  readonly reference: string | undefined
  readonly path: string | undefined
  readonly line: number | undefined
  readonly column: number | undefined
  readonly locked: Digest | undefined
  readonly found: Digest | undefined
  /** One sentence, without the place. */
  readonly message: string
}

export type VerifyOptions = {
  /** Whether what is unresolved, unused or unreadable fails the check as well. */
  readonly isStrict: boolean
  /** Whether each reference that can hold a digest has to. */
  readonly needsPins: boolean
  /** Whether only a part of the files was looked through: then nothing can be said of what no file names. */
  readonly isPartial: boolean
}

const requestsAtOnce = 6
const nowhere = { path: undefined, line: undefined, column: undefined }
const nothing = { ...nowhere, reference: undefined, locked: undefined, found: undefined }

/** Compares the files with the lock. In the order of the files. */
export function verifyFiles(
  scan: Scan,
  lock: LockFile,
  { isStrict, needsPins, isPartial }: VerifyOptions,
): readonly Problem[] {
  const soft = isStrict ? 'error' : 'notice'
  const problems: Problem[] = []
  for (const { path, references } of scan.files) {
    for (const reference of references) {
      const { standing, line, column, text } = reference
      const at = { ...nothing, path, line, column, reference: text }
      if (standing.state === 'built') continue
      if (standing.state === 'unresolved') {
        const message = `"${text}" cannot be locked: ${standing.reason}.`
        problems.push({ ...at, kind: 'unresolved', level: soft, message })
        continue
      }
      const key = lockKeyIn(lock, standing.image, path)
      const locked = Object.hasOwn(lock.images, key) ? lock.images[key]?.digest : undefined
      const found = pinnedDigest(reference)
      const own = { ...at, reference: key, locked, found }
      if (locked === undefined) {
        problems.push({ ...own, kind: 'missing', level: 'error', message: `${key} is not locked.` })
      } else if (found !== undefined && found !== locked) {
        const message = `${key} is pinned to ${found}, and locked to ${locked}.`
        problems.push({ ...own, kind: 'differs', level: 'error', message })
      } else if (found === undefined && needsPins && standing.state === 'writable') {
        const message = `${key} is not pinned.`
        problems.push({ ...own, kind: 'unpinned', level: 'error', message })
      }
    }
  }
  for (const { path, line, reason } of scan.skipped) {
    const message = `The file was left out: ${reason}.`
    problems.push({ ...nothing, path, line, kind: 'unreadable', level: soft, message })
  }
  const named = imagesIn(scan, lock)
  for (const reference of isPartial ? [] : Object.keys(lock.images)) {
    if (named.has(reference)) continue
    const message = `${reference} is locked, and no file names it.`
    problems.push({ ...nothing, reference, kind: 'unused', level: soft, message })
  }
  return problems
}

/**
 * Asks the registries whether they still have each locked digest, and what the tags point at now. A tag that moved is a
 * notice when `mayMove`: the digest that is pulled is still the locked one.
 */
export async function verifyOnline(
  client: RegistryClient,
  lock: LockFile,
  { mayMove, signal }: { readonly mayMove: boolean; readonly signal?: AbortSignal | undefined },
): Promise<readonly Problem[]> {
  const problems = await mapLimited(
    Object.entries(lock.images),
    requestsAtOnce,
    async ([key, image]) => {
      const locked = image.digest
      const own = { ...nothing, reference: key, locked }
      try {
        const address = parseImageReference(key)
        const repository = client.repository(address)
        const found: Problem[] = []
        const there = await repository.resolve({ kind: 'digest', digest: locked }, signal)
        if (there === undefined) {
          const message = `${key}: the registry has no ${locked} any more.`
          found.push({ ...own, kind: 'gone', level: 'error', message })
        }
        if (address.tag === undefined) return found
        const now = await repository.resolve({ kind: 'tag', tag: address.tag }, signal)
        if (now?.digest !== locked) {
          const message =
            now === undefined
              ? `${key}: the tag is gone.`
              : `${key} points at ${now.digest} now, and is locked to ${locked}.`
          found.push({
            ...own,
            found: now?.digest,
            kind: 'moved',
            level: mayMove ? 'notice' : 'error',
            message,
          })
        }
        return found
      } catch (error) {
        if (!(error instanceof ClientError) || signal?.aborted === true) throw error
        const message = `${key} could not be checked: ${error.message}`
        return [{ ...own, kind: 'unchecked' as const, level: 'error' as const, message }]
      }
    },
  )
  return problems.flat()
}

/** Drift as problems; what is no drift is none. */
export function driftProblems(drifts: readonly Drift[]): readonly Problem[] {
  return drifts
    .filter(({ state }) => state === 'drift')
    .map(({ accelerated, message }) => ({
      ...nothing,
      reference: accelerated,
      kind: 'drift',
      level: 'error',
      message,
    }))
}
