import { parsePlatform, type TargetPlatform } from '@berth/oci/platform.ts'

/** What this machine runs, as platforms of images are called. */
export function machinePlatform(): TargetPlatform {
  const architectures: Partial<Record<string, string>> = { x64: 'amd64', ia32: '386' }
  // Containers on macOS and Windows run in a Linux of their own.
  return parsePlatform(`linux/${architectures[process.arch] ?? process.arch}`)
}
