import { accessSync, constants, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { StorageKey } from '../driver.ts'
import { errorCode } from '../storage-failure.ts'
import { closeDescriptor, openDescriptor, syncEntries } from './descriptors.ts'

/** The folder of a shard, and the first two characters of its keys. */
export function shardName(shard: number): string {
  return shard.toString(16).padStart(2, '0')
}

/** The number of the shard that a key belongs to. */
export function shardOf(key: StorageKey): number {
  return Number.parseInt(key.slice(0, 2), 16)
}

/**
 * Opens all 256 shard folders and returns their descriptors. Those it had to make, and the folders above,
 * are durable when it returns. Throws system errors.
 */
export async function openShards(directory: string): Promise<number[]> {
  const firstMade = mkdirSync(directory, { recursive: true, mode: 0o700 })
  accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
  const shards: number[] = []
  try {
    const made: number[] = []
    for (let shard = 0; shard < 256; shard += 1) {
      const path = join(directory, shardName(shard))
      const isNew = makeDirectory(path)
      // Nothing is served yet, and 512 turns through the thread pool would take ten times as long.
      const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
      shards.push(fd)
      if (isNew) made.push(fd)
    }
    await Promise.all(made.map((fd) => syncEntries(fd)))
    if (made.length > 0) await syncUpwards(directory, dirname(firstMade ?? directory))
    return shards
  } catch (error) {
    await Promise.allSettled(shards.map((fd) => closeDescriptor(fd)))
    throw error
  }
}

function makeDirectory(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 })
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

/** Makes the names of new folders durable, in `from` and every folder above up to `to`. */
async function syncUpwards(from: string, to: string): Promise<void> {
  for (let path = from; ; path = dirname(path)) {
    const fd = await openDescriptor(path, constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      await syncEntries(fd)
    } finally {
      await closeDescriptor(fd)
    }
    if (path === to || path === dirname(path)) return
  }
}
