import { randomBytes } from 'node:crypto'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { ClientError } from '@berth/client/client-error.ts'
import {
  formatImageReference,
  formatRepositoryAddress,
  type ImageReference,
  parseImageReference,
} from '@berth/client/image-reference.ts'
import { type Digest, isDigest } from '@berth/oci/digest.ts'
import { z } from 'zod'

/** The name of the file, in the folder that the command is given. */
export const lockFileName = 'build-lock.json'

const bytesMax = 32 * 1024 * 1024

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), {
  error: 'must be a digest, sha256: with 64 hexadecimal digits',
})
const moment = z.iso.datetime({ offset: true })

const base = z.object({ name: z.string(), digest: digest.optional() })

const platform = z.object({
  /** `linux/arm64`. */
  platform: z.string(),
  digest,
  /** The diff ids of the layers, lowest first; only where the images of a pair are compared by them. */
  layers: z.array(digest).optional(),
})

const image = z.object({
  /** Of the index or, where there is none, of the manifest. */
  digest,
  mediaType: z.string(),
  /** When the image was made, as it says itself. */
  created: moment.optional(),
  platforms: z.array(platform),
  /** What the image says that it is built on: `org.opencontainers.image.base.name` and `.digest`. */
  base: base.optional(),
  /** Files that name it, from the folder of the lock file. Without lines: those would change with every edit above them. */
  usedIn: z.array(z.string()),
})

const service = z.object({
  /** Without tag: `ghcr.io/acme/api`. */
  image: z.string(),
  digest,
  mediaType: z.string().optional(),
  tags: z.array(z.string()),
  /** The commit it was built from; null when there was none. */
  revision: z.string().nullable(),
  builtAt: moment,
  platforms: z.array(platform),
  base: base.optional(),
})

const schema = z.object({
  version: z.literal(1),
  /** By reference in full with its tag, `docker.io/library/alpine:3.20`; by digest where files name no tag. */
  images: z.record(z.string(), image),
  /** By name of the service: what `berth build` made last. */
  services: z.record(z.string(), service),
})

export type LockFile = z.infer<typeof schema>
export type LockedImage = z.infer<typeof image>
export type LockedPlatform = z.infer<typeof platform>
export type LockedService = z.infer<typeof service>
export type LockedBase = z.infer<typeof base>

export function emptyLock(): LockFile {
  return { version: 1, images: {}, services: {} }
}

/** Reads a lock file; an empty lock when there is no such file. Throws `inputInvalid` when it is something else. */
export async function readLockFile(path: string): Promise<LockFile> {
  try {
    const { size } = await stat(path)
    if (size > bytesMax) throw notALock(path, `it has ${size} bytes, at most ${bytesMax} are read`)
    return parseLock(await readFile(path, 'utf8'), path)
  } catch (cause) {
    if (cause instanceof ClientError) throw cause
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return emptyLock()
    throw new ClientError('localFault', `${path} cannot be read: ${messageOf(cause)}.`, { cause })
  }
}

/** Reads the text of a lock file; `name` is for the message. Throws `inputInvalid` with the path of the first fault. */
export function parseLock(text: string, name: string): LockFile {
  if (/^(?:<{7}|>{7}) /m.test(text)) {
    throw notALock(
      name,
      'a merge left its conflict markers in it',
      'Keep either side, then run "berth lock".',
    )
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw notALock(name, `it is not JSON: ${messageOf(cause)}`)
  }
  const version = (value as { version?: unknown } | null)?.version
  if (typeof version === 'number' && version > 1) {
    throw notALock(name, `it is of version ${version}, made by a newer berth`, 'Use that one.')
  }
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const fault = read.error.issues[0]
  throw notALock(name, `${fault?.path.join('.') || 'it'}: ${fault?.message ?? 'is wrong'}`)
}

/** The text of the file: keys in their order, entries by name, a final newline; the same lock is always the same text. */
export function formatLock(lock: LockFile): string {
  const images = sorted(lock.images).map(([name, each]) => [
    name,
    {
      digest: each.digest,
      mediaType: each.mediaType,
      created: each.created,
      platforms: orderPlatforms(each.platforms),
      base: orderBase(each.base),
      usedIn: [...new Set(each.usedIn)].sort(byText),
    } satisfies Record<keyof LockedImage, unknown>,
  ])
  const services = sorted(lock.services).map(([name, each]) => [
    name,
    {
      image: each.image,
      digest: each.digest,
      mediaType: each.mediaType,
      tags: [...new Set(each.tags)].sort(byText),
      revision: each.revision,
      builtAt: each.builtAt,
      platforms: orderPlatforms(each.platforms),
      base: orderBase(each.base),
    } satisfies Record<keyof LockedService, unknown>,
  ])
  const ordered = {
    version: lock.version,
    images: Object.fromEntries(images),
    services: Object.fromEntries(services),
  }
  return `${JSON.stringify(ordered, undefined, 2)}\n`
}

/** Writes the file whole or not at all; leaves it alone when nothing differs. Throws `localFault`. */
export async function writeLockFile(path: string, lock: LockFile): Promise<void> {
  const text = formatLock(lock)
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return
    await writeFile(temporary, text, { flag: 'wx', flush: true })
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw new ClientError('localFault', `${path} cannot be written: ${messageOf(cause)}.`, {
      cause,
    })
  }
}

/**
 * What a reference is called in the lock: in full with its tag (`latest` when it names none), without digest; with the
 * digest when that is all there is.
 */
export function lockKey(reference: ImageReference): string {
  const { tag, digest: pinned } = reference
  if (tag !== undefined) return formatImageReference({ ...reference, digest: undefined })
  if (pinned !== undefined) return formatImageReference(reference)
  return `${formatRepositoryAddress(reference)}:latest`
}

/**
 * What a reference in the file at `path` is called in this lock. One with a digest alone that was pinned from
 * `repository` without a tag is still that: `latest`.
 */
export function lockKeyIn(lock: LockFile, reference: ImageReference, path: string): string {
  const key = lockKey(reference)
  if (reference.tag !== undefined || reference.digest === undefined) return key
  if (Object.hasOwn(lock.images, key)) return key
  const untagged = lockKey({ ...reference, digest: undefined })
  const latest = Object.hasOwn(lock.images, untagged) ? lock.images[untagged] : undefined
  const isMeant = latest?.digest === reference.digest || latest?.usedIn.includes(path) === true
  return isMeant ? untagged : key
}

/** What is locked for a reference, written in any way that names it. Throws `referenceInvalid` for a malformed text. */
export function findImage(
  lock: LockFile,
  reference: ImageReference | string,
): LockedImage | undefined {
  const key = lockKey(typeof reference === 'string' ? parseImageReference(reference) : reference)
  return Object.hasOwn(lock.images, key) ? lock.images[key] : undefined
}

export type RecordedBuild = {
  /** Name in `berth.yaml`. */
  readonly service: string
  /** Repository in full, without tag: `ghcr.io/acme/api`. */
  readonly image: string
  readonly digest: Digest
  readonly mediaType?: string | undefined
  readonly tags: readonly string[]
  readonly revision: string | undefined
  readonly builtAt: Date
  readonly platforms?: readonly {
    readonly platform: string
    readonly digest: Digest
    readonly layers?: readonly Digest[] | undefined
  }[]
  readonly base?: { readonly name: string; readonly digest?: Digest | undefined } | undefined
}

/** The lock with what a build made in place of what the build of that service made before. */
export function recordBuild(lock: LockFile, build: RecordedBuild): LockFile {
  const made: LockedService = {
    image: build.image,
    digest: build.digest,
    ...(build.mediaType !== undefined && { mediaType: build.mediaType }),
    tags: [...build.tags],
    revision: build.revision ?? null,
    builtAt: build.builtAt.toISOString(),
    platforms: (build.platforms ?? []).map((each) => ({
      platform: each.platform,
      digest: each.digest,
      ...(each.layers !== undefined && { layers: [...each.layers] }),
    })),
    ...(build.base !== undefined && {
      base: {
        name: build.base.name,
        ...(build.base.digest !== undefined && { digest: build.base.digest }),
      },
    }),
  }
  return { ...lock, services: { ...lock.services, [build.service]: made } }
}

function orderPlatforms(platforms: readonly LockedPlatform[]): readonly LockedPlatform[] {
  return platforms
    .map(({ platform: name, digest: of, layers }) => ({
      platform: name,
      digest: of,
      ...(layers !== undefined && { layers }),
    }))
    .sort((a, b) => byText(a.platform, b.platform) || byText(a.digest, b.digest))
}

function orderBase(of: LockedBase | undefined): LockedBase | undefined {
  return of && { name: of.name, ...(of.digest !== undefined && { digest: of.digest }) }
}

function sorted<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => byText(a, b))
}

/** By code unit, the same on every machine. */
function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function notALock(name: string, fault: string, next?: string): ClientError {
  return new ClientError('inputInvalid', `${name} is not a lock file: ${fault}.`, { next })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
