import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** An upload that is under way, as the next process needs it to carry it on. */
export type UploadNote = {
  readonly registry: string
  readonly repository: string
  readonly digest: string
  /** Path and query of the upload session. */
  readonly location: string
  /** Bytes that the registry has confirmed. */
  readonly offset: number
  /** Process that works on it. */
  readonly pid: number
}

type UploadKey = Pick<UploadNote, 'registry' | 'repository' | 'digest'>

/**
 * Notes of unfinished uploads, one small file each. They are a help and no truth: the registry is asked what it has
 * before anything is sent, and a note that is lost only costs the bytes sent so far.
 */
export class UploadJournal {
  readonly #folder: string | undefined

  constructor(folder: string | undefined) {
    this.#folder = folder
  }

  /** The note of another process that has ended; `undefined` when there is none, or when that process still lives. */
  async find(key: UploadKey): Promise<UploadNote | undefined> {
    const file = this.#fileOf(key)
    if (file === undefined) return undefined
    const text = await readFile(file, 'utf8').catch(() => undefined)
    const note = text === undefined ? undefined : parseNote(text)
    if (note === undefined || note.digest !== key.digest) return undefined
    return note.pid !== process.pid && isAlive(note.pid) ? undefined : note
  }

  async write(note: Omit<UploadNote, 'pid'>): Promise<void> {
    const file = this.#fileOf(note)
    if (file === undefined || this.#folder === undefined) return
    const text = JSON.stringify({ ...note, pid: process.pid })
    const own = `${file}.${process.pid}`
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      // The address of a session lets whoever reads it write into that session.
      await writeFile(own, text, { mode: 0o600 })
      await rename(own, file)
    } catch {
      // A disk that is full or read-only must not stop an upload that needs none of it.
      await rm(own, { force: true }).catch(() => {})
    }
  }

  async remove(key: UploadKey): Promise<void> {
    const file = this.#fileOf(key)
    if (file !== undefined) await rm(file, { force: true }).catch(() => {})
  }

  #fileOf({ registry, repository, digest }: UploadKey): string | undefined {
    if (this.#folder === undefined) return undefined
    const name = createHash('sha256').update(JSON.stringify([registry, repository, digest]))
    return join(this.#folder, `${name.digest('hex')}.json`)
  }
}

function parseNote(text: string): UploadNote | undefined {
  try {
    const note = JSON.parse(text) as Partial<UploadNote>
    const isWhole = typeof note.location === 'string' && typeof note.pid === 'number'
    return isWhole ? (note as UploadNote) : undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
