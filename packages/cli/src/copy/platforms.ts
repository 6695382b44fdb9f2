import { ClientError } from '@berth/client/client-error.ts'
import { platformMissing } from '@berth/client/copy/copy-image.ts'
import { OciError } from '@berth/oci/oci-error.ts'
import { matchesPlatform, parsePlatform, type TargetPlatform } from '@berth/oci/platform.ts'
import { machinePlatform } from '../machine-platform.ts'
import type { OpenedSource } from '../location.ts'

/** Reads a value of `--platform`. Throws `inputInvalid`. */
export function parsePlatformOption(text: string): TargetPlatform {
  try {
    return parsePlatform(text)
  } catch (error) {
    if (!(error instanceof OciError)) throw error
    throw new ClientError('inputInvalid', error.message, { cause: error })
  }
}

/**
 * The one platform that an archive or an engine gets: the one asked for, else this machine's, else the only one there
 * is. Throws `platformMissing`, `inputInvalid` when several are asked for.
 */
export async function requireOnePlatform(
  { source, reference }: OpenedSource,
  asked: readonly TargetPlatform[],
  signal: AbortSignal,
): Promise<TargetPlatform> {
  if (asked.length > 1) {
    throw new ClientError(
      'inputInvalid',
      'An archive or an engine takes one platform of an image.',
      {
        next: 'Give --platform once.',
      },
    )
  }
  const [wanted = machinePlatform()] = asked
  const { parsed } = await source.readManifest(reference, signal)
  if (parsed.kind !== 'index') return wanted
  const runnable = parsed.manifests.filter(
    ({ platform }) => platform?.architecture !== undefined && platform.architecture !== 'unknown',
  )
  if (runnable.some(({ platform }) => matchesPlatform(platform, wanted))) return wanted
  const [only] = runnable
  if (asked.length === 0 && runnable.length === 1 && only?.platform !== undefined) {
    const { os = 'linux', architecture = '', variant } = only.platform
    return { os, architecture, variant }
  }
  throw platformMissing(source.name, wanted, parsed.manifests)
}
