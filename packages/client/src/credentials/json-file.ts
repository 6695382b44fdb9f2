import { randomUUID } from 'node:crypto'
import {
  chmod,
  chown,
  link,
  mkdir,
  open,
  readFile,
  readlink,
  rename,
  rm,
  stat,
} from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClientError } from '../client-error.ts'
import { findJsonFault } from './json-fault.ts'

export type JsonObject = Record<string, unknown>

// Newer than the type declarations.
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown }

const bytesMax = 4 * 1024 * 1024
const linksMax = 10
/** A lock is held for milliseconds. One of this age was left behind by a process that was killed. */
const lockAgeMaxMs = 10_000
const lockWaitMaxMs = 30_000
const changesMax = 50

/**
 * What a file of JSON holds; `undefined` when there is none, and an empty object when it is empty. Throws
 * `inputInvalid` with the place when it is not an object of JSON, `localFault` when it cannot be read.
 */
export async function readJsonFile(path: string): Promise<JsonObject | undefined> {
  const text = await readText(path)
  return text === undefined ? undefined : parseObject(path, text)
}

/**
 * Changes a file of JSON: `edit` changes the object in place and says whether it did. Fields that it leaves alone stay
 * as they are, in their order, and so do numbers that JavaScript cannot hold.
 *
 * The new text stands in another file first and is renamed over the old one, mode 0600; a symbolic link stays one. A
 * lock file beside it keeps other Berths out. Other programs know nothing of that lock, so the file is compared with
 * what was read just before the renaming, and read and edited once more when it has changed.
 *
 * Throws `inputInvalid` when the file is broken, and leaves it then; `localFault` when it cannot be written.
 */
export async function editJsonFile(
  path: string,
  edit: (root: JsonObject) => boolean,
): Promise<boolean> {
  const target = await followLinks(path)
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    return await withLock(`${target}.lock`, (isMine) => replace(target, edit, isMine))
  } catch (cause) {
    if (cause instanceof ClientError) throw cause
    throw new ClientError('localFault', `${path} cannot be written: ${reason(cause)}.`, { cause })
  }
}

async function replace(
  target: string,
  edit: (root: JsonObject) => boolean,
  isMine: () => Promise<boolean>,
): Promise<boolean> {
  for (let attempt = 1; attempt <= changesMax; attempt += 1) {
    const text = await readText(target)
    const root = text === undefined ? {} : parseObject(target, text)
    if (!edit(root)) return false
    const temporary = `${target}.${randomUUID()}`
    try {
      await writeDurably(temporary, format(root, text))
      await keepOwner(target, temporary)
      if ((await readText(target)) === text && (await isMine())) {
        await rename(temporary, target)
        return true
      }
    } finally {
      await rm(temporary, { force: true })
    }
  }
  throw new ClientError('localFault', `${target} is changed by another program all the time.`)
}

async function readText(path: string): Promise<string | undefined> {
  try {
    if ((await stat(path)).size > bytesMax) {
      throw new ClientError('inputInvalid', `${path} is larger than ${bytesMax} bytes.`)
    }
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof ClientError) throw cause
    const code = codeOf(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new ClientError('localFault', `${path} cannot be read: ${reason(cause)}.`, { cause })
  }
}

function parseObject(path: string, text: string): JsonObject {
  if (text.trim() === '') return {}
  const fault = findJsonFault(text)
  const root: unknown = fault === undefined ? JSON.parse(text, keepNumber) : undefined
  if (typeof root === 'object' && root !== null && !Array.isArray(root)) return root as JsonObject
  const what = fault === undefined ? 'is not an object of JSON' : `is not JSON at ${fault}`
  throw new ClientError('inputInvalid', `${path} ${what}.`, {
    next: 'Mend it or move it away; it was left as it is.',
  })
}

/** A number that would be written otherwise than it was read is kept as its text. */
function keepNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value
  return String(value) === context.source ? value : rawJSON(context.source)
}

function format(root: JsonObject, before: string | undefined): string {
  const indent = /^\s*\{[^\S\n]*\n([ \t]+)"/.exec(before ?? '')?.[1] ?? '\t'
  return `${JSON.stringify(root, undefined, indent)}${before?.endsWith('\n') === true ? '\n' : ''}`
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** So that `sudo berth login` does not lock a user out of their own file. */
async function keepOwner(target: string, temporary: string): Promise<void> {
  const before = await stat(target).catch(() => undefined)
  if (before !== undefined && process.getuid?.() === 0) {
    await chown(temporary, before.uid, before.gid).catch(() => {})
  }
  await chmod(temporary, 0o600)
}

/** Where a path leads, also when nothing is there yet: a link whose target is missing is one to be written through. */
async function followLinks(path: string): Promise<string> {
  let current = path
  for (let followed = 0; followed < linksMax; followed += 1) {
    const next = await readlink(current).catch(() => undefined)
    if (next === undefined) return current
    current = resolve(dirname(current), next)
  }
  throw new ClientError('localFault', `${path} leads through more than ${linksMax} links.`)
}

async function withLock<T>(
  path: string,
  work: (isMine: () => Promise<boolean>) => Promise<T>,
): Promise<T> {
  const owner = `${process.pid} ${randomUUID()}\n`
  const isMine = async (): Promise<boolean> => (await lockOwner(path)) === owner
  const deadline = Date.now() + lockWaitMaxMs
  while (!(await takeLock(path, owner))) {
    if (Date.now() > deadline) {
      throw new ClientError(
        'localFault',
        `${path} has been held by another process for too long.`,
        {
          next: 'Remove it when no other login is running.',
        },
      )
    }
    await breakOldLock(path)
    await sleep(5 + Math.random() * 20)
  }
  try {
    return await work(isMine)
  } finally {
    if (await isMine()) await rm(path, { force: true })
  }
}

async function takeLock(path: string, owner: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(owner)
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Two may find the same old lock. Whoever moves away a fresh one by mistake puts it back. */
async function breakOldLock(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined || Date.now() - found.mtimeMs < lockAgeMaxMs) return
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  const moved = await stat(aside).catch(() => undefined)
  if (moved !== undefined && moved.ino !== found.ino) await link(aside, path).catch(() => {})
  await rm(aside, { force: true })
}

function lockOwner(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
}

/** The system's words without the call and the path, which stand in the sentence already. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.split(',')[0] ?? message
}
