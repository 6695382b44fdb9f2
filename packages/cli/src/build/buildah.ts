import { askBuilder, readAnswer, textAt } from './ask-builder.ts'
import { StorageBuilder, type StorageInfo, storageOf } from './storage-builder.ts'

export class Buildah extends StorageBuilder {
  readonly name = 'buildah'
  protected readonly infoArguments = ['info']
  protected readonly listContainers = ['containers', '--quiet', '--notruncate']
  protected readonly removeContainer = ['rm']
  protected readonly listUsed = ['containers', '--all', '--notruncate', '--format', '{{.ImageID}}']
  protected readonly cacheSince = [1, 27] as const

  protected async readInfo(
    answer: string,
    signal: AbortSignal,
  ): Promise<StorageInfo | { reason: string }> {
    const asked = await askBuilder('buildah', ['--version'], this.env, signal)
    if ('reason' in asked) return asked
    const host = readAnswer(answer)
    return {
      platform: `${textAt(host, 'host', 'os') ?? 'linux'}/${textAt(host, 'host', 'arch') ?? 'amd64'}`,
      storage: storageOf(
        textAt(host, 'store', 'GraphRoot'),
        textAt(host, 'store', 'GraphDriverName'),
      ),
      version: /version (\S+)/.exec(asked.answer)?.[1] ?? 'unknown',
    }
  }
}
