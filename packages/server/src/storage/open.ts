import type { StorageDriver } from './driver.ts'
import { openFilesystem } from './filesystem.ts'
import { openMemory } from './memory.ts'

/** The driver that the configuration names. Throws `unavailable` when its store cannot be used. */
export async function openStorage(
  config: { kind: 'filesystem'; directory: string; openFiles: number } | { kind: 'memory' },
): Promise<StorageDriver> {
  return config.kind === 'memory' ? openMemory() : await openFilesystem(config)
}
