import type { Digest } from '@berth/oci/digest.ts'
import type { FoundReference } from './find/found-reference.ts'
import { type PinSite, pinText } from './find/pin-site.ts'
import { type LockFile, lockKeyIn } from './lock-file.ts'
import type { Scan, ScannedFile } from './scan.ts'

export type FileEdit = { readonly start: number; readonly end: number; readonly text: string }

export type FileChange = {
  readonly path: string
  readonly before: string
  readonly after: string
  /** In the order of the file; they do not touch one another. */
  readonly edits: readonly FileEdit[]
}

export type Plan = {
  readonly changes: readonly FileChange[]
  /** References that stay without digest, with the reason. */
  readonly left: readonly {
    readonly path: string
    readonly reference: FoundReference
    readonly reason: string
  }[]
}

/** What it takes to write the locked digests into the files. References that are not locked stay as they are. */
export function planPins(scan: Scan, lock: LockFile): Plan {
  return plan(scan, ({ standing }, path) => {
    if (standing.state === 'built') return 'nothing'
    if (standing.state === 'unresolved') return { reason: standing.reason }
    const locked = lockedDigest(lock, lockKeyIn(lock, standing.image, path))
    if (locked === undefined) return { reason: 'it is not locked' }
    if (standing.image.digest === locked) return 'nothing'
    if (standing.state === 'fixed') return { reason: standing.reason }
    return edit(standing.site, pinText(standing.site, locked))
  })
}

/** What it takes to take off the digests that the lock holds; all of them with `isAll`. Those without a tag stay. */
export function planUnpins(scan: Scan, lock: LockFile, isAll: boolean): Plan {
  return plan(scan, ({ standing }, path) => {
    if (standing.state !== 'writable' || standing.image.digest === undefined) return 'nothing'
    const { site, image } = standing
    const key = lockKeyIn(lock, image, path)
    if (site.unpinned === undefined || key.includes('@')) {
      return { reason: 'without its digest it would name something else' }
    }
    if (site.digest === undefined) return 'nothing'
    if (!isAll && lockedDigest(lock, key) !== image.digest) {
      return { reason: 'its digest is not the locked one; --all takes it off as well' }
    }
    return edit(site, site.unpinned)
  })
}

/** The text with the edits made. They must be in order and apart. */
export function applyEdits(text: string, edits: readonly FileEdit[]): string {
  let made = ''
  let at = 0
  for (const { start, end, text: piece } of edits) {
    made += text.slice(at, start) + piece
    at = end
  }
  return made + text.slice(at)
}

type Decision = FileEdit | 'nothing' | { readonly reason: string }

function plan(scan: Scan, decide: (reference: FoundReference, path: string) => Decision): Plan {
  const changes: FileChange[] = []
  const left: { path: string; reference: FoundReference; reason: string }[] = []
  for (const file of scan.files) {
    const edits = new Map<string, FileEdit>()
    for (const reference of file.references) {
      const decision = decide(reference, file.path)
      if (decision === 'nothing') continue
      if ('reason' in decision) {
        left.push({ path: file.path, reference, reason: decision.reason })
      } else edits.set(`${decision.start}:${decision.end}:${decision.text}`, decision)
    }
    const change = changeOf(file, [...edits.values()])
    if (change !== undefined) changes.push(change)
  }
  return { changes, left }
}

function changeOf(file: ScannedFile, edits: readonly FileEdit[]): FileChange | undefined {
  const ordered = [...edits].sort((a, b) => a.start - b.start || a.end - b.end)
  for (const [at, each] of ordered.entries()) {
    const before = ordered[at - 1]
    if (before !== undefined && (each.start < before.end || each.start === before.start)) {
      throw new Error(`Two edits of ${file.path} overlap at offset ${each.start}.`)
    }
  }
  const after = applyEdits(file.text, ordered)
  if (after === file.text) return undefined
  return { path: file.path, before: file.text, after, edits: ordered }
}

function lockedDigest(lock: LockFile, key: string): Digest | undefined {
  return Object.hasOwn(lock.images, key) ? lock.images[key]?.digest : undefined
}

function edit({ start, end }: PinSite, text: string): FileEdit {
  return { start, end, text }
}
