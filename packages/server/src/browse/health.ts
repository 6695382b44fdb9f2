import type { Config } from '../config/schema.ts'
import type { Database } from '../metadata/database.ts'
import { readLevels } from '../metadata/levels.ts'
import { countFailedJobs, databaseTime, oldestWaitingScan } from '../metadata/health.ts'
import type { Logger } from '../log.ts'
import type { StorageDriver } from '../storage/driver.ts'

type HealthState = 'ok' | 'warning' | 'error'

type CheckName =
  | 'database'
  | 'storage'
  | 'clock'
  | 'advisories'
  | 'scanner'
  | 'jobs'
  | 'damage'
  | 'certificate'
  | 'audit'

type Finding = { state: HealthState; message: string; advice: string | null }

export type HealthView = {
  state: HealthState
  checkedAt: string
  checks: ({ name: CheckName } & Finding)[]
}

/** The audit log, as far as health goes. */
type AuditChain = {
  status(): Promise<{
    readonly head: { readonly position: number }
    readonly unsealed: number
    readonly forwarded: readonly { readonly name: string; readonly failure: string | undefined }[]
  }>
}

/** The advisories, as far as health goes. */
type AdvisoriesInForce = {
  readonly state: {
    readonly data: { readonly builtAt: string | null }
    /** Why a newer file is not used. */
    readonly fault: string | null
  }
}

type HealthParts = {
  readonly database: Database
  readonly storage: StorageDriver
  readonly audit: AuditChain
  readonly advisories: AdvisoriesInForce
  readonly config: Pick<Config, 'scan' | 'http'>
  /** When the certificate in force ends; `undefined` without TLS. */
  readonly certificateEnd: (() => Date) | undefined
  readonly logger: Pick<Logger, 'error'>
  readonly now: () => number
}

const secondMs = 1000
const hourMs = 3_600_000
const dayMs = 24 * hourMs
const gibibyte = 1024 ** 3
/** Answers are reused for so long. */
const freshMs = 3000
const checkTimeoutMs = 5000

const slowDatabaseMs = 500
const clockOffMs = 30 * secondMs
const advisoriesOldMs = 7 * dayMs
const scansLateMs = hourMs
const certificateSoonMs = 30 * dayMs
const unsealedMany = 1000
/** Less of the whole than this: somebody should look, or pushes will soon fail. */
const space = {
  warningShare: 0.1,
  warningBytes: 50 * gibibyte,
  errorShare: 0.02,
  errorBytes: gibibyte,
}

/** Looks at every part of a Berth and says in plain words what is wrong, and what to do. */
export class SystemHealth {
  readonly #parts: HealthParts
  #last: { readonly at: number; readonly view: Promise<HealthView> } | undefined

  constructor(parts: HealthParts) {
    this.#parts = parts
  }

  /** Never rejects: a check that cannot be made is an error of its own. */
  readHealth(): Promise<HealthView> {
    const at = performance.now()
    if (this.#last === undefined || at - this.#last.at > freshMs) {
      this.#last = { at, view: this.#check() }
    }
    return this.#last.view
  }

  async #check(): Promise<HealthView> {
    const checks: Record<CheckName, () => Promise<Finding> | Finding> = {
      database: () => this.#database(),
      storage: () => this.#storage(),
      clock: () => this.#clock(),
      advisories: () => this.#advisories(),
      scanner: () => this.#scanner(),
      jobs: () => this.#jobs(),
      damage: () => this.#damage(),
      certificate: () => this.#certificate(),
      audit: () => this.#audit(),
    }
    const found = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => ({
        name: name as CheckName,
        ...(await inTime(check, (reason) =>
          this.#parts.logger.error({ err: reason, check: name }, 'a check of health failed'),
        )),
      })),
    )
    return {
      state: worst(found.map(({ state }) => state)),
      checkedAt: new Date(this.#parts.now()).toISOString(),
      checks: found,
    }
  }

  async #database(): Promise<Finding> {
    const { database } = this.#parts
    const started = performance.now()
    await databaseTime(database)
    const milliseconds = Math.round(performance.now() - started)
    const message = `The ${database.kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'} database answers in ${milliseconds} ms.`
    if (milliseconds < slowDatabaseMs) return ok(message)
    return warning(message, 'It is slow: look at the load of the machine and of its disk.')
  }

  async #storage(): Promise<Finding> {
    const found = await this.#parts.storage.space()
    if (found === undefined) return ok('The store answers, and has no limit that Berth knows of.')
    const { free, total } = found
    const message = `${gigabytes(free)} GB of ${gigabytes(total)} GB are free.`
    const advice = 'Make the volume larger, or remove images and let collection free their space.'
    if (free < Math.min(total * space.errorShare, space.errorBytes)) {
      return error(`${message} Pushes fail, or will soon.`, advice)
    }
    return free < Math.min(total * space.warningShare, space.warningBytes)
      ? warning(message, advice)
      : ok(message)
  }

  async #clock(): Promise<Finding> {
    const theirs = await databaseTime(this.#parts.database)
    const off = Math.abs(theirs - this.#parts.now())
    if (off <= clockOffMs) return ok('The clock agrees with the database.')
    return warning(
      `The clock of this machine and the time in the database are ${Math.round(off / secondMs)} seconds apart.`,
      'Let both keep time with NTP: tokens, sessions and one-time codes depend on it.',
    )
  }

  #advisories(): Finding {
    const { advisories, config, now } = this.#parts
    if (!config.scan.enabled) return ok('Scanning is turned off.')
    const { data, fault } = advisories.state
    const advice = config.scan.advisories.update.enabled
      ? 'Look at the last job update-advisories: its log says which source failed.'
      : 'Import newer ones, or turn on scan.advisories.update.'
    if (fault !== null) return warning(`Newer advisories are not used: ${fault}`, advice)
    if (data.builtAt === null) {
      return warning('There are no advisories, so scans find no vulnerabilities.', advice)
    }
    const age = now() - Date.parse(data.builtAt)
    const message = `The advisories are ${days(age)} old.`
    return age > advisoriesOldMs ? warning(message, advice) : ok(message)
  }

  async #scanner(): Promise<Finding> {
    const { database, config, now } = this.#parts
    if (!config.scan.enabled) return ok('Scanning is turned off.')
    const failed = await countFailedJobs(database.read, {
      since: iso(now() - dayMs),
      names: ['scan-image', 'external-scan'],
    })
    if (failed > 0) {
      return warning(
        `${plural(failed, 'scan')} failed in the last day.`,
        'Look at the jobs that failed; each says why, and can be tried again.',
      )
    }
    const oldest = await oldestWaitingScan(database.read, iso(now()))
    if (oldest !== undefined && now() - Date.parse(oldest) > scansLateMs) {
      return warning(
        `Scans have waited since ${oldest}.`,
        'After many pushes or new advisories this passes. If it lasts, give the machine more cores.',
      )
    }
    return ok('Scans are done as they come.')
  }

  async #jobs(): Promise<Finding> {
    const { database, now } = this.#parts
    const failed = await countFailedJobs(database.read, {
      since: iso(now() - dayMs),
      names: undefined,
    })
    if (failed === 0) return ok('No job has failed in the last day.')
    return warning(
      `${plural(failed, 'job')} failed in the last day.`,
      'Look at the jobs that failed; each says why, and can be tried again.',
    )
  }

  async #damage(): Promise<Finding> {
    const { database, now } = this.#parts
    const { damagedBlobs } = await readLevels(database.read, iso(now()))
    if (damagedBlobs === 0) return ok('No blob is known to be damaged.')
    return error(
      `${plural(damagedBlobs, 'blob')} damaged or missing in the store: answered as unknown.`,
      'Check the disk, then push the images again: that repairs them. `berth fsck` names them.',
    )
  }

  #certificate(): Finding {
    const { certificateEnd, now, config } = this.#parts
    if (certificateEnd === undefined) {
      return ok('Berth itself does no TLS: what stands in front of it has the certificate.')
    }
    const end = certificateEnd()
    const left = end.getTime() - now()
    const message = `The certificate is good until ${end.toISOString()}.`
    const advice =
      config.http.tls.kind === 'selfSigned'
        ? 'Berth renews it by itself; should it not, its log says why.'
        : 'Replace the file of http.tls.certificateFile; it is read again by itself.'
    if (left <= 0) return error(`The certificate ended at ${end.toISOString()}.`, advice)
    return left < certificateSoonMs ? warning(message, advice) : ok(message)
  }

  async #audit(): Promise<Finding> {
    const { head, unsealed, forwarded } = await this.#parts.audit.status()
    const failing = forwarded.filter(({ failure }) => failure !== undefined)
    if (failing.length > 0) {
      const names = failing.map(({ name, failure }) => `${name} (${failure})`).join(', ')
      return error(
        `Entries cannot be forwarded to ${names}.`,
        'They are kept and sent later. See that the target can be reached and takes them.',
      )
    }
    if (unsealed > unsealedMany) {
      return warning(
        `${unsealed} entries are not sealed into the chain yet.`,
        'A process seals them every second; if this lasts, its log says why.',
      )
    }
    return ok(`The chain is sealed up to entry ${head.position}.`)
  }
}

async function inTime(
  check: () => Promise<Finding> | Finding,
  onFailure: (reason: unknown) => void,
): Promise<Finding> {
  const late = Promise.withResolvers<Finding>()
  const tooLate = () =>
    late.resolve(
      error('There was no answer in 5 seconds.', 'Look at the log and at the load of the machine.'),
    )
  const timer = setTimeout(tooLate, checkTimeoutMs)
  try {
    return await Promise.race([late.promise, Promise.resolve().then(check)])
  } catch (reason) {
    // It may name addresses or paths, so it goes to the log alone.
    onFailure(reason)
    return error('It does not work.', 'The log of the server says why.')
  } finally {
    clearTimeout(timer)
  }
}

function worst(states: readonly HealthState[]): HealthState {
  if (states.includes('error')) return 'error'
  return states.includes('warning') ? 'warning' : 'ok'
}

function ok(message: string): Finding {
  return { state: 'ok', message, advice: null }
}

function warning(message: string, advice: string): Finding {
  return { state: 'warning', message, advice }
}

function error(message: string, advice: string): Finding {
  return { state: 'error', message, advice }
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1)
}

function days(milliseconds: number): string {
  const count = Math.max(0, Math.floor(milliseconds / dayMs))
  return `${count} ${count === 1 ? 'day' : 'days'}`
}

/** Counted up to 100. */
function plural(count: number, noun: string): string {
  const number = count > 100 ? 'More than 100' : String(count)
  return `${number} ${noun}${count === 1 ? '' : 's'}`
}
