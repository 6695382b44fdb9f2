import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClientError } from '../client-error.ts'

const patienceMs = 30_000

/**
 * Runs `work` while no other process and no other call here runs one under the same file. Node has no call for the
 * kernel's file locks; SQLite takes one for us, and it ends with the process, however that ends. The file stays behind,
 * empty. Throws `localFault` when the lock is held for longer than 30 s.
 */
export async function underLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true })
  const lock = new DatabaseSync(file, { timeout: 0 })
  try {
    await take(lock, file)
    return await work()
  } finally {
    lock.close()
  }
}

async function take(lock: DatabaseSync, file: string): Promise<void> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    try {
      lock.exec('BEGIN EXCLUSIVE')
      return
    } catch (error) {
      if (!isBusy(error)) throw cannot(file, 'it cannot be locked', error)
      if (Date.now() > deadline) {
        throw cannot(file, 'another process has been writing there for 30 s', error)
      }
    }
    await sleep(2 + Math.random() * 20)
  }
}

/** SQLITE_BUSY and its extended codes. */
function isBusy(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error)) return false
  return typeof error.errcode === 'number' && (error.errcode & 0xff) === 5
}

function cannot(file: string, reason: string, cause: unknown): ClientError {
  return new ClientError('localFault', `${dirname(dirname(file))} cannot be written: ${reason}.`, {
    cause,
  })
}
