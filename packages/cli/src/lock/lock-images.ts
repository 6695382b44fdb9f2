import { ClientError } from '@berth/client/client-error.ts'
import { parseImageReference } from '@berth/client/image-reference.ts'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { mapLimited } from '../limited.ts'
import { describeImage } from './describe-image.ts'
import { type FoundReference, pinnedDigest } from './find/found-reference.ts'
import type { LockedImage, LockFile } from './lock-file.ts'
import { pairsOf } from './pairs.ts'
import { imagesIn, type Scan, type ScannedFile } from './scan.ts'

export type LockOptions = {
  /** Which references are resolved again although they are locked. */
  readonly isUpdated: (reference: string) => boolean
  /** Whether only a part of the files was looked through, so that what none of them names stays locked. */
  readonly isPartial: boolean
  /** Pairs of names that `berth.yaml` declares. */
  readonly pairs: readonly (readonly [string, string])[]
  readonly signal?: AbortSignal | undefined
}

export type LockOutcome = {
  readonly lock: LockFile
  readonly added: readonly string[]
  readonly moved: readonly {
    readonly reference: string
    readonly from: Digest
    readonly to: Digest
  }[]
  readonly removed: readonly string[]
  readonly failed: readonly {
    readonly reference: string
    readonly place: string
    readonly error: ClientError
  }[]
  /** References that the files pin to more than one digest. */
  readonly divided: readonly { readonly reference: string; readonly digests: readonly Digest[] }[]
}

const requestsAtOnce = 6

type Uses = readonly { readonly file: ScannedFile; readonly reference: FoundReference }[]

/**
 * The lock of all that the files name. What is locked stays as it is unless it is to be updated; what is new gets the
 * digest that the files pin, else the one that its tag points at now. One image that cannot be resolved does not stop the
 * others: it keeps what was locked, or is left out.
 */
export async function lockImages(
  client: RegistryClient,
  scan: Scan,
  old: LockFile,
  { isUpdated, isPartial, pairs, signal }: LockOptions,
): Promise<LockOutcome> {
  const uses = imagesIn(scan, old)
  const paired = new Set(
    pairsOf([...uses.keys(), ...Object.keys(old.services)], pairs).flatMap(
      ({ accelerated, plain }) => [accelerated, plain],
    ),
  )
  const failed: LockOutcome['failed'][number][] = []
  const divided: LockOutcome['divided'][number][] = []
  const entries = await mapLimited([...uses], requestsAtOnce, async ([key, places]) => {
    const kept = Object.hasOwn(old.images, key) ? old.images[key] : undefined
    const wantsLayers = paired.has(key) || places.some(({ reference }) => reference.kind === 'from')
    const pins = [...new Set(places.flatMap(({ reference }) => pinnedDigest(reference) ?? []))]
    if (pins.length > 1) divided.push({ reference: key, digests: pins })
    const usedIn = [
      ...new Set([
        ...places.map(({ file }) => file.path),
        ...(isPartial ? (kept?.usedIn ?? []) : []),
      ]),
    ]
    const isKept = kept !== undefined && !isUpdated(key)
    if (isKept && (!wantsLayers || hasLayers(kept))) return [key, { ...kept, usedIn }] as const
    const digest = isKept ? kept.digest : isUpdated(key) ? undefined : pins[0]
    try {
      const image = parseImageReference(key)
      const made = await describeImage(client, image, { digest, wantsLayers, signal })
      return [key, { ...made, usedIn }] as const
    } catch (error) {
      if (!(error instanceof ClientError) || signal?.aborted === true) throw error
      failed.push({ reference: key, place: firstPlace(places), error })
      return kept === undefined ? undefined : ([key, { ...kept, usedIn }] as const)
    }
  })
  const images = {
    ...(isPartial ? old.images : {}),
    ...Object.fromEntries(entries.filter((each) => each !== undefined)),
  }
  const services = await completeServices(client, old, paired, signal)
  return {
    lock: { version: 1, images, services },
    ...changes(old.images, images),
    failed: failed.sort((a, b) => (a.reference < b.reference ? -1 : 1)),
    divided,
  }
}

/** Services of a pair whose layers nobody noted yet are read from where they were pushed. */
async function completeServices(
  client: RegistryClient,
  { services }: LockFile,
  paired: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<LockFile['services']> {
  const entries = await mapLimited(
    Object.entries(services),
    requestsAtOnce,
    async ([name, service]) => {
      if (!paired.has(name) || hasLayers(service)) return [name, service] as const
      try {
        const image = parseImageReference(service.image)
        const { digest } = service
        const made = await describeImage(client, image, { digest, wantsLayers: true, signal })
        const base = service.base ?? made.base
        return [
          name,
          { ...service, platforms: made.platforms, ...(base !== undefined && { base }) },
        ] as const
      } catch (error) {
        // It may have been built and not pushed: then its layers stay unknown.
        if (!(error instanceof ClientError) || signal?.aborted === true) throw error
        return [name, service] as const
      }
    },
  )
  return Object.fromEntries(entries)
}

function changes(old: LockFile['images'], images: LockFile['images']) {
  const added = Object.keys(images)
    .filter((key) => !Object.hasOwn(old, key))
    .sort()
  const removed = Object.keys(old)
    .filter((key) => !Object.hasOwn(images, key))
    .sort()
  const moved = Object.entries(images).flatMap(([reference, { digest }]) => {
    const before = Object.hasOwn(old, reference) ? old[reference] : undefined
    return before === undefined || before.digest === digest
      ? []
      : [{ reference, from: before.digest, to: digest }]
  })
  return { added, removed, moved }
}

function hasLayers({ platforms }: Pick<LockedImage, 'platforms'>): boolean {
  return platforms.some(({ layers }) => layers !== undefined)
}

function firstPlace(places: Uses): string {
  const [first] = places
  return first === undefined ? '' : `${first.file.path}:${first.reference.line}`
}
