import { readAnswer, textAt } from './ask-builder.ts'
import { StorageBuilder, type StorageInfo, storageOf } from './storage-builder.ts'

export class Podman extends StorageBuilder {
  readonly name = 'podman'
  protected readonly infoArguments = ['info', '--format', 'json']
  protected readonly listContainers = ['ps', '--all', '--external', '--quiet', '--no-trunc']
  // Working containers are mounted, which podman minds and buildah does not.
  protected readonly removeContainer = ['rm', '--force']
  protected readonly listUsed = [
    'ps',
    '--all',
    '--external',
    '--no-trunc',
    '--format',
    '{{.ImageID}}',
  ]
  protected readonly cacheSince = [4, 2] as const

  protected async readInfo(answer: string): Promise<StorageInfo | { reason: string }> {
    const info = readAnswer(answer)
    const host = info?.host as { serviceIsRemote?: unknown } | undefined
    if (host?.serviceIsRemote === true) {
      // Its layouts would be written where it runs, not here.
      return {
        reason: 'podman works on another machine here, and cannot export an image to this one',
      }
    }
    return {
      platform: `${textAt(info, 'host', 'os') ?? 'linux'}/${textAt(info, 'host', 'arch') ?? 'amd64'}`,
      storage: storageOf(
        textAt(info, 'store', 'graphRoot'),
        textAt(info, 'store', 'graphDriverName'),
      ),
      version: textAt(info, 'version', 'Version') ?? 'unknown',
    }
  }

  protected override listFlag = (flag: string): string =>
    flag === '--json' ? '--format=json' : flag
}
