import { randomUUID } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { InstanceRole } from '../actor.ts'
import { BerthError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { listHtpasswdUsers } from '../metadata/htpasswd-users.ts'
import {
  insertUser,
  lockEnabledAdministrators,
  removeLogins,
  type StoredUser,
  updateUser,
} from '../metadata/users.ts'
import type { AccessChanges, Change } from './changes.ts'
import { parseHtpasswd } from './htpasswd.ts'

type Entry = ReturnType<typeof parseHtpasswd>[number]
type Summary = { created: number; changed: number; enabled: number; disabled: number }

const source = 'htpasswd'
const bytesMax = 4 * 1024 * 1024
const pollMs = 2000
/** A file that is written in place is read when it has rested for so long. */
const restMs = 100

/**
 * Keeps the users of an htpasswd file as the file says: a new line makes a user, another hash changes the password, a
 * line that is gone disables the user. All of it or nothing: while a line is faulty, what was in force stays, and the log
 * says why. Every change is in force with the next request.
 *
 * The folder is watched rather than the file, because editors and Kubernetes replace the file or a link on the way to it;
 * every two seconds the file is looked at anyway, because not every file system tells.
 */
export class HtpasswdFile {
  readonly #parts: HtpasswdFileParts
  /** Inode, size and times of what was read last. */
  #seen = ''
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #rest: NodeJS.Timeout | undefined
  #reading: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(parts: HtpasswdFileParts) {
    this.#parts = parts
  }

  /** Reads the file once, then watches it. A file that is missing or faulty is logged, not thrown. */
  async start(): Promise<void> {
    await this.poll()
    const look = () => void this.poll()
    try {
      this.#watcher = watch(dirname(this.#parts.file), { persistent: false }, () => {
        clearTimeout(this.#rest)
        this.#rest = setTimeout(look, this.#parts.restMs ?? restMs).unref()
      })
      // The folder itself may be replaced; looking every two seconds goes on.
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch {
      // No such folder yet, or no watching here.
    }
    this.#timer = setInterval(look, this.#parts.pollMs ?? pollMs).unref()
  }

  /** Stops watching, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#watcher?.close()
    clearInterval(this.#timer)
    clearTimeout(this.#rest)
    await this.#reading
  }

  /** Reads the file if it is another one than before. Never rejects. */
  poll(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#readIfChanged())
    return this.#reading
  }

  async #readIfChanged(): Promise<void> {
    if (this.#stopped) return
    const { file, logger } = this.#parts
    const print = await fingerprintOf(file)
    if (print === this.#seen) return
    try {
      await wait(this.#parts.restMs ?? restMs)
      const text = await readText(file)
      // It is being written. Half a file would disable half the users.
      if ((await fingerprintOf(file)) !== print) return
      const summary = await this.#apply(parseHtpasswd(text))
      if (Object.values(summary).some((count) => count > 0)) {
        logger.info({ file, ...summary }, 'took over the users of the htpasswd file')
      }
    } catch (error) {
      const faults = error instanceof BerthError ? error.details : undefined
      logger.error(
        { file, err: error, faults },
        'the htpasswd file could not be taken over; its users stay as they were',
      )
      // When it was the database, the file may be good: the next look tries again.
      if (error instanceof BerthError && error.kind !== 'requestInvalid') return
    }
    this.#seen = print
  }

  #apply(entries: readonly Entry[]): Promise<Summary> {
    const { changes } = this.#parts
    const context = {
      actor: { kind: 'system', id: 'htpasswd', name: 'htpasswd file' },
      address: '',
      requestId: '',
    } as const
    return changes.run(context, async (change) => {
      const stored = new Map(
        (await listHtpasswdUsers(change.tx)).map((user) => [user.name, user] as const),
      )
      const had = await lockEnabledAdministrators(change.tx)
      const summary: Summary = { created: 0, changed: 0, enabled: 0, disabled: 0 }
      const taken: { line: number; fault: string }[] = []
      for (const entry of entries) {
        const user = stored.get(entry.name)
        stored.delete(entry.name)
        if (user) await this.#update(change, user, entry.hash, summary)
        else if (!(await this.#create(change, entry, summary))) {
          const fault = `The user ${entry.name} exists already and does not come from this file.`
          taken.push({ line: entry.line, fault })
        }
      }
      if (taken.length > 0) throw refuse('Some users exist already.', taken)
      for (const user of stored.values()) await this.#disable(change, user, summary)
      const has = await lockEnabledAdministrators(change.tx)
      if (had.length > 0 && has.length === 0) {
        throw refuse('The last administrator who can log in would be disabled.', [])
      }
      return summary
    })
  }

  async #create({ tx, now, record }: Change, entry: Entry, summary: Summary): Promise<boolean> {
    const { role } = this.#parts
    const user: StoredUser = {
      id: randomUUID(),
      name: entry.name,
      passwordHash: entry.hash,
      role,
      disabledAt: null,
      createdAt: now,
      displayName: null,
      email: null,
      source,
      externalId: null,
      version: 1,
    }
    if (!(await insertUser(tx, user))) return false
    summary.created += 1
    await record({ ...eventOf('user.created', user), after: { role, source } })
    return true
  }

  async #update(
    { tx, record }: Change,
    user: StoredUser,
    passwordHash: string,
    summary: Summary,
  ): Promise<void> {
    if (user.passwordHash === passwordHash) return
    // No hash: the line was gone before. A user whom an administrator disabled stays disabled.
    const returns = user.passwordHash === ''
    await updateUser(tx, user.id, { passwordHash, ...(returns && { disabledAt: null }) })
    await removeLogins(tx, user.id)
    summary[returns ? 'enabled' : 'changed'] += 1
    await record(eventOf(returns ? 'user.enabled' : 'user.passwordChanged', user))
  }

  async #disable({ tx, now, record }: Change, user: StoredUser, summary: Summary): Promise<void> {
    // By the file, or by an administrator: then it is not the file that may enable again.
    if (user.disabledAt !== null) return
    await updateUser(tx, user.id, { passwordHash: '', disabledAt: now })
    await removeLogins(tx, user.id)
    summary.disabled += 1
    await record(eventOf('user.disabled', user))
  }
}

type HtpasswdFileParts = {
  readonly file: string
  /** What a new user gets; it can be changed for each afterwards. */
  readonly role: InstanceRole
  readonly changes: AccessChanges
  readonly logger: Logger
  /** Milliseconds between two looks at the file, and from a change to reading it. For tests. */
  readonly pollMs?: number
  readonly restMs?: number
}

/** Follows links, so it changes when one on the way points elsewhere. Of a file that is not there: why. */
async function fingerprintOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch (error) {
    return String(error)
  }
}

/** One byte more than is accepted at most, so that the parser can tell. */
async function readText(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const buffer = Buffer.alloc(bytesMax + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
      length += bytesRead
      if (bytesRead === 0) return buffer.toString('utf8', 0, length)
    }
  } finally {
    await handle.close()
  }
}

function eventOf(action: string, user: StoredUser) {
  return { action, targetKind: 'user', target: user.name, project: '' }
}

function refuse(message: string, details: readonly { line: number; fault: string }[]): BerthError {
  return new BerthError('requestInvalid', `${message} Nothing was taken over.`, { details })
}
