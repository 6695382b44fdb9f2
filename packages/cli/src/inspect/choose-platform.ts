import { platformMissing } from '@berth/client/copy/copy-image.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { ParsedManifest } from '@berth/oci/manifest.ts'
import { isRunnable, matchesPlatform, type TargetPlatform } from '@berth/oci/platform.ts'
import { machinePlatform } from '../machine-platform.ts'

/**
 * The entry of an index that is meant: the wanted platform, else this machine's, else the first that runs anywhere.
 * `undefined` when there is none. Throws `platformMissing` when the wanted one is not there.
 */
export function choosePlatform(
  { manifests }: ParsedManifest,
  wanted: TargetPlatform | undefined,
  name: string,
): Descriptor | undefined {
  if (wanted !== undefined) {
    const found = manifests.find(({ platform }) => matchesPlatform(platform, wanted))
    if (found === undefined) throw platformMissing(name, wanted, manifests)
    return found
  }
  const runnable = manifests.filter(({ platform }) => isRunnable(platform))
  const own = machinePlatform()
  return runnable.find(({ platform }) => matchesPlatform(platform, own)) ?? runnable[0]
}
