import { ClientError } from '@berth/client/client-error.ts'
import type { ManifestContent } from '@berth/client/content.ts'
import { copyImage } from '@berth/client/copy/copy-image.ts'
import { type CopySession, isSamePlace } from '@berth/client/copy/copy-session.ts'
import type { ImageReference } from '@berth/client/image-reference.ts'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { RemoteRepository } from '@berth/client/registry/remote-repository.ts'
import type { Platform } from '@berth/oci/descriptor.ts'
import { isJsonObject, parseGuardedJson } from '@berth/oci/json-guard.ts'
import { isRunnable, type TargetPlatform } from '@berth/oci/platform.ts'
import { formatAt, referenceOf } from '../image-argument.ts'
import { isImageConfig } from '../inspect/image-summary.ts'
import { readSmallBlob } from '../inspect/small-blob.ts'
import type { IndexEntry } from './index-entries.ts'

export type GatherOptions = {
  readonly client: RegistryClient
  readonly target: RemoteRepository
  readonly session: CopySession
  /** By source as it was written: what its one image is for, whatever it says itself. */
  readonly platforms: ReadonlyMap<string, TargetPlatform>
  readonly signal: AbortSignal
}

/**
 * The entries that sources stand for: a single image is one, an index brings all of its own, attestations too. What is
 * in another repository is copied to the target first, with its signatures. Throws `notFound`, `inputInvalid` when an
 * image does not tell its platform.
 */
export async function gatherEntries(
  sources: readonly { readonly text: string; readonly image: ImageReference }[],
  options: GatherOptions,
): Promise<readonly IndexEntry[]> {
  const entries: IndexEntry[] = []
  for (const { text, image } of sources) {
    const source = options.client.repository(image)
    const content = await source.readManifest(referenceOf(image), options.signal)
    const found = await entriesOf(source, content, { text, image }, options)
    if (!isSamePlace(source, options.target)) {
      for (const { descriptor } of found) {
        const reference = { kind: 'digest', digest: descriptor.digest } as const
        await copyImage(source, options.target, { reference, tags: [] }, options.session)
      }
    }
    entries.push(...found)
  }
  return entries
}

async function entriesOf(
  source: RemoteRepository,
  content: ManifestContent,
  { text, image }: { text: string; image: ImageReference },
  { platforms, signal }: GatherOptions,
): Promise<readonly IndexEntry[]> {
  const { descriptor, parsed } = content
  const from = formatAt(image, referenceOf(image))
  const given = platforms.get(text)
  if (parsed.kind === 'index') {
    const runnable = parsed.manifests.filter(({ platform }) => isRunnable(platform))
    if (given !== undefined && runnable.length !== 1) {
      throw new ClientError(
        'inputInvalid',
        `${from} has ${runnable.length} platforms: --platform cannot name them all alike.`,
        {
          next: 'Name the one image by its digest.',
        },
      )
    }
    return parsed.manifests.map((entry) => ({
      descriptor:
        given !== undefined && entry === runnable[0]
          ? { ...entry, platform: toPlatform(given) }
          : entry,
      from,
    }))
  }
  const platform =
    given === undefined ? await readPlatform(source, content, { from, signal }) : toPlatform(given)
  return [{ descriptor: { ...descriptor, platform }, from }]
}

/** As the config says, with the version and the features of the system, which tell images of Windows apart. */
async function readPlatform(
  source: RemoteRepository,
  { parsed }: ManifestContent,
  { from, signal }: { from: string; signal: AbortSignal },
): Promise<Platform> {
  const body = isImageConfig(parsed.config)
    ? parseGuardedJson(await readSmallBlob(source, parsed.config, signal))
    : undefined
  const {
    os,
    architecture,
    variant,
    'os.version': version,
    'os.features': features,
  } = isJsonObject(body) ? body : {}
  if (
    typeof os !== 'string' ||
    typeof architecture !== 'string' ||
    os === '' ||
    architecture === ''
  ) {
    throw new ClientError('inputInvalid', `${from} does not tell which platform it is for.`, {
      next: `Say it: --platform ${from}=linux/amd64`,
    })
  }
  return {
    architecture,
    os,
    ...(typeof version === 'string' && version !== '' && { 'os.version': version }),
    ...(Array.isArray(features) && {
      'os.features': features.filter((each) => typeof each === 'string'),
    }),
    ...(typeof variant === 'string' && variant !== '' && { variant }),
  }
}

function toPlatform({ os, architecture, variant }: TargetPlatform): Platform {
  return { architecture, os, ...(variant !== undefined && { variant }) }
}
