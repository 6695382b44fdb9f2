import type { MatchTarget } from '@berth/scanner/advisories/database.ts'
import type { Catalogue } from '@berth/scanner/catalogue.ts'
import type { AdvisoryData } from '@berth/scanner/finding.ts'
import type { NotCovered } from '@berth/scanner/package.ts'
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ChangeContext } from '../access/changes.ts'
import type { JobQueue } from '../jobs/queue.ts'
import { BerthError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { insertAuditEntry } from '../metadata/audit-entries.ts'
import { ensureAdvisoryRevision, newestAdvisoryRevision } from '../metadata/advisory-revisions.ts'
import type { Database } from '../metadata/database.ts'
import { hasImagesBehind } from '../metadata/images.ts'
import type { MatchedFinding } from './advisory-requests.ts'
import { AdvisoryFailure, AdvisoryWorker } from './advisory-worker.ts'
import { limitBytes } from './limit-bytes.ts'

/** Which advisories are in force here. */
export type AdvisoryState = {
  readonly data: AdvisoryData
  /** Comparable between nodes, unlike that of the file; 0 when there are none. */
  readonly revision: number
  /** Why a newer file is not used. */
  readonly fault: string | null
}

const none: AdvisoryData = { revision: 0, builtAt: null, sources: [] }
/** Of an archive that somebody uploads. */
const archiveMaxBytes = 16 * 1024 ** 3
const temporary = /^\.(?:import|export)-/

/**
 * The advisories of this node: one file, which an import, the command or another process replaces. It is looked at
 * again and again, and taken over in one step; one that cannot be used changes nothing but the state.
 */
export class Advisories {
  readonly file: string
  readonly #folder: string
  readonly #database: Database
  readonly #queue: JobQueue
  readonly #logger: Logger
  readonly #now: () => number
  #worker: AdvisoryWorker | undefined
  #seen = ''
  #state: AdvisoryState = { data: none, revision: 0, fault: null }
  #refreshing: Promise<void> | undefined
  #isImporting = false

  constructor(parts: {
    folder: string
    database: Database
    queue: JobQueue
    logger: Logger
    now: () => number
  }) {
    this.#folder = parts.folder
    this.file = join(parts.folder, 'advisories.db')
    this.#database = parts.database
    this.#queue = parts.queue
    this.#logger = parts.logger
    this.#now = parts.now
  }

  get state(): AdvisoryState {
    return this.#state
  }

  get isImporting(): boolean {
    return this.#isImporting
  }

  /** Takes over the file if it is another one than before, and sees to it that images are compared with it. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** Findings of each target by the advisories in force; none of any without advisories. */
  async match(targets: readonly MatchTarget[]): Promise<MatchedFinding[][]> {
    const worker = await this.#opened()
    return worker ? worker.ask('match', { targets }) : targets.map(() => [])
  }

  /** Of which packages the advisories say nothing at all. */
  async uncovered(catalogue: Catalogue): Promise<NotCovered[]> {
    const worker = await this.#opened()
    return worker ? worker.ask('uncovered', { catalogue }) : []
  }

  /**
   * Takes over an archive that was exported elsewhere. Throws `requestInvalid` when it is none, `conflict` during
   * another import; what was in force stays then.
   */
  async importArchive(context: ChangeContext, content: Readable): Promise<void> {
    const archive = join(this.#folder, `.import-${randomUUID()}.tar.zst`)
    await this.replace(async (worker) => {
      try {
        await pipeline(content, limitBytes(archiveMaxBytes), createWriteStream(archive))
        await worker.ask('import', { archive, file: this.file })
      } catch (error) {
        if (!(error instanceof AdvisoryFailure)) throw error
        // Where the server keeps its files is nobody's business.
        const message = error.message
          .replaceAll(archive, 'The archive')
          .replaceAll(this.file, 'the file in force')
        throw new BerthError('requestInvalid', message, {
          details: [{ in: 'body', path: '', rule: 'archive', message }],
        })
      } finally {
        await rm(archive, { force: true })
      }
    })
    await this.#record(context)
  }

  /**
   * Lets a thread of its own make another file; what it made is in force when this is over. Throws `conflict` while
   * another one does, and what `work` throws.
   */
  async replace<T>(work: (worker: AdvisoryWorker) => Promise<T>): Promise<T> {
    if (this.#isImporting) {
      throw new BerthError('conflict', 'Advisories are being imported already. Wait for its end.')
    }
    this.#isImporting = true
    const worker = new AdvisoryWorker()
    try {
      await mkdir(this.#folder, { recursive: true })
      return await work(worker)
    } finally {
      this.#isImporting = false
      await worker.close()
      await this.refresh()
    }
  }

  /** An archive of what is in force; it is removed when it was read. Throws `notFound` when there is nothing. */
  async exportArchive(): Promise<Readable> {
    await this.refresh()
    if (this.#state.revision === 0) {
      throw new BerthError('notFound', 'There are no advisories here. Import some first.')
    }
    const archive = join(this.#folder, `.export-${randomUUID()}.tar.zst`)
    const worker = new AdvisoryWorker()
    try {
      await worker.ask('export', { file: this.file, archive })
    } finally {
      await worker.close()
    }
    const remove = () => void rm(archive, { force: true }).catch(() => undefined)
    return createReadStream(archive).once('close', remove)
  }

  /** Whether images have yet to be compared with what is in force. */
  isMatching(): Promise<boolean> {
    return hasImagesBehind(this.#database.read, this.#state.revision)
  }

  async close(): Promise<void> {
    await this.#refreshing?.catch(() => undefined)
    await this.#worker?.close()
    await this.#removeLeftovers()
  }

  async #refresh(): Promise<void> {
    const mark = await this.#markOfFile()
    if (mark !== this.#seen || this.#worker?.isGone === true) await this.#takeOver(mark)
    await this.#orderMatching()
  }

  async #takeOver(mark: string): Promise<void> {
    if (mark === '') {
      if (this.#seen !== '') this.#refuse('The file of advisories is gone.')
      this.#seen = mark
      return
    }
    try {
      const worker = this.#thread()
      const data = await worker.ask('open', { file: this.file })
      const { revision } = await this.#database.transaction((tx) =>
        ensureAdvisoryRevision(tx, {
          fingerprint: fingerprintOf(data),
          builtAt: data.builtAt,
          now: new Date(this.#now()).toISOString(),
        }),
      )
      this.#seen = mark
      this.#state = { data, revision, fault: null }
      this.#logger.info({ builtAt: data.builtAt, revision }, 'advisories are in force')
    } catch (error) {
      if (!(error instanceof AdvisoryFailure)) throw error
      this.#seen = mark
      // Where the server keeps its files is nobody's business.
      this.#refuse(error.message.replaceAll(this.file, 'advisories.db'))
    }
  }

  #refuse(fault: string): void {
    this.#state = { ...this.#state, fault }
    this.#logger.warn({ fault }, 'the file of advisories is not used')
  }

  /** Images that were scanned with other ones are compared again; not with older ones than those of another node. */
  async #orderMatching(): Promise<void> {
    const { revision } = this.#state
    if (revision === 0 || !(await this.isMatching())) return
    if ((await newestAdvisoryRevision(this.#database.read)) > revision) return
    await this.#queue.add({ name: 'match-packages', payload: {} })
  }

  async #opened(): Promise<AdvisoryWorker | undefined> {
    if (this.#worker === undefined || this.#worker.isGone) await this.refresh()
    return this.#state.revision === 0 ? undefined : this.#worker
  }

  #record(context: ChangeContext): Promise<void> {
    const { revision, data } = this.#state
    return this.#database.transaction((tx) =>
      insertAuditEntry(
        tx,
        context,
        {
          action: 'advisories.imported',
          targetKind: 'instance',
          target: '',
          project: '',
          after: { revision, builtAt: data.builtAt },
        },
        new Date(this.#now()).toISOString(),
      ),
    )
  }

  #thread(): AdvisoryWorker {
    if (this.#worker === undefined || this.#worker.isGone) this.#worker = new AdvisoryWorker()
    return this.#worker
  }

  /** Changes with every replacement of the file; empty when there is none. */
  async #markOfFile(): Promise<string> {
    try {
      const { ino, size, mtimeMs } = await stat(this.file)
      return `${ino} ${size} ${mtimeMs}`
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
      throw error
    }
  }

  /** What an import or a download that was cut off left behind. */
  async #removeLeftovers(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => [])
    for (const name of names.filter((one) => temporary.test(one))) {
      await rm(join(this.#folder, name), { force: true })
    }
  }
}

/** The same for the same data on every node. */
function fingerprintOf(data: AdvisoryData): string {
  const sources = data.sources.map(({ name, builtAt, records }) => [name, builtAt, records])
  return createHash('sha256').update(JSON.stringify(sources)).digest('hex')
}
