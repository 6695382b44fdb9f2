import type { AccessChanges, ChangeContext } from '../access/changes.ts'
import { scannerPrograms } from '../config/scanner-schema.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import {
  deleteScannerRow,
  findScannerRow,
  listScannerRows,
  putScannerRow,
  type ScannerRow,
} from '../metadata/scanner-registrations.ts'
import { getOrCreateSecret } from '../metadata/secrets.ts'
import type { OutboundRequest } from '../outbound/outbound.ts'
import { ScannerFailure } from './external-finding.ts'
import { HarborAdapter } from './harbor-adapter.ts'
import type { ExternalScanner, ScannerIdentity } from './scanner-port.ts'
import { CredentialSeal, headersOf, type ScannerCredential } from './sealed-credential.ts'

export type ScannerView = {
  name: string
  kind: 'harbor' | (typeof scannerPrograms)[number]
  address: string | null
  authorization: ScannerCredential['kind']
  registryAddress: string | null
  isInsecure: boolean
  createdAt: string | null
  createdBy: string
}

const scannersMax = 50
/** Of a question who a scanner is, which somebody waits for. */
const testTimeoutMs = 20_000

type Parts = {
  readonly database: Database
  readonly changes: AccessChanges
  readonly fetch: (url: string, request: OutboundRequest) => Promise<Response>
  /** Those of the settings, by name. */
  readonly programs: ReadonlyMap<string, ExternalScanner>
  /** Where everyone reaches this Berth. */
  readonly ownAddress: () => string
  readonly now: () => number
}

/** The scanners that Berth can ask beside its own: adapters that were registered, and programs of the settings. */
export class ScannerRegistrations {
  readonly #parts: Parts
  readonly #seal: CredentialSeal

  private constructor(parts: Parts, seal: CredentialSeal) {
    this.#parts = parts
    this.#seal = seal
  }

  /** All processes on one database share the secret. */
  static async open(parts: Parts): Promise<ScannerRegistrations> {
    const secret = await getOrCreateSecret(parts.database, 'scanner-credentials', 32)
    return new ScannerRegistrations(parts, new CredentialSeal(secret))
  }

  async listScanners(): Promise<ScannerView[]> {
    const rows = await listScannerRows(this.#parts.database.read)
    return [...[...this.#parts.programs.keys()].map(programView), ...rows.map(toView)]
  }

  /** Registers an adapter, or replaces the one of this name. Throws `conflict` for a name that is kept, or too many. */
  async setScanner(
    context: ChangeContext,
    name: string,
    input: {
      readonly address: string
      readonly registryAddress: string | null
      readonly isInsecure: boolean
      readonly authorization: ScannerCredential
    },
  ): Promise<ScannerView> {
    if (scannerPrograms.some((program) => program === name)) {
      throw new BerthError(
        'conflict',
        `The name ${name} is kept for the program that the setting scanners.${name}.program names. Choose another.`,
        { details: [{ field: 'name', rule: 'reserved' }] },
      )
    }
    const { address, registryAddress, isInsecure, authorization } = input
    return this.#parts.changes.run(context, async ({ tx, now, record }) => {
      const others = (await listScannerRows(tx)).filter((row) => row.name !== name)
      if (others.length >= scannersMax) {
        throw new BerthError('conflict', `There are ${scannersMax} scanners, which is the limit.`)
      }
      const row: ScannerRow = {
        name,
        address,
        authorization: authorization.kind,
        sealed_credential: this.#seal.seal(boundOf(name, address), authorization),
        registry_address: registryAddress,
        is_insecure: isInsecure ? 1 : 0,
        created_at: now,
        created_by: context.actor.name,
      }
      await putScannerRow(tx, row)
      const after = { address, registryAddress, isInsecure, authorization: authorization.kind }
      await record({ ...event('scanner.set', name), after })
      return toView(row)
    })
  }

  /** With its reports; its tokens end at once. Throws `notFound`. */
  async deleteScanner(context: ChangeContext, name: string): Promise<void> {
    await this.#parts.changes.run(context, async ({ tx, record }) => {
      if (!(await deleteScannerRow(tx, name))) throw unknownScanner(name)
      await record(event('scanner.deleted', name))
    })
  }

  /** Who the scanner says it is. Throws `notFound`, `unavailable` with what is wrong. */
  async testScanner(name: string): Promise<ScannerIdentity & { milliseconds: number }> {
    const scanner = await this.findScanner(name)
    if (scanner === undefined) throw unknownScanner(name)
    const started = performance.now()
    try {
      const identity = await scanner.identify(AbortSignal.timeout(testTimeoutMs))
      return { ...identity, milliseconds: Math.round(performance.now() - started) }
    } catch (error) {
      if (!(error instanceof ScannerFailure)) throw error
      throw new BerthError('unavailable', error.message, { cause: error })
    }
  }

  /** `undefined` when there is none of this name. */
  async findScanner(name: string): Promise<ExternalScanner | undefined> {
    const { programs, database, fetch, ownAddress, now } = this.#parts
    const program = programs.get(name)
    if (program) return program
    const row = await findScannerRow(database.read, name)
    if (!row) return undefined
    const credential = this.#seal.open(boundOf(name, row.address), row.sealed_credential)
    return new HarborAdapter({
      settings: {
        name,
        address: row.address,
        headers: headersOf(credential),
        registryAddress: row.registry_address ?? ownAddress(),
        isInsecure: row.is_insecure === 1,
      },
      fetch,
      now,
    })
  }
}

function boundOf(name: string, address: string): string {
  return `${name}\0${address}`
}

function toView(row: ScannerRow): ScannerView {
  return {
    name: row.name,
    kind: 'harbor',
    address: row.address,
    authorization: row.authorization,
    registryAddress: row.registry_address,
    isInsecure: row.is_insecure === 1,
    createdAt: row.created_at,
    createdBy: row.created_by,
  }
}

function programView(name: string): ScannerView {
  return {
    name,
    // Their names are those of their kinds.
    kind: name as ScannerView['kind'],
    address: null,
    authorization: 'none',
    registryAddress: null,
    isInsecure: false,
    createdAt: null,
    createdBy: 'settings',
  }
}

function event(action: string, name: string) {
  return { action, targetKind: 'scanner', target: name, project: '' }
}

function unknownScanner(name: string): BerthError {
  return new BerthError('notFound', `There is no scanner named ${name}. Register it first.`)
}
