import {
  type ExternalFinding,
  type ExternalReport,
  keptFindings,
  severityOf,
} from './external-finding.ts'
import { runProgram } from './program.ts'
import type { ProgramFolder, RunFolder } from './program-folder.ts'
import { listOf, momentOf, objectOf, parseReport, scoreOf, textOf, textsOf } from './report-json.ts'
import type { ExternalScanner, ImageToScan, ScannerIdentity, ScanRun } from './scanner-port.ts'

const title = 'Trivy'
const setting = 'scanners.trivy.program'
const reportMaxBytes = 64 * 1024 * 1024
const versionMaxBytes = 1024 * 1024

/**
 * Trivy as a program on this machine. It pulls the image from this Berth and uses the database in its cache folder, which
 * it never updates by itself.
 */
export class Trivy implements ExternalScanner {
  readonly #program: string
  readonly #folder: ProgramFolder
  readonly #loopback: () => string
  readonly #now: () => number

  constructor(parts: {
    program: string
    folder: ProgramFolder
    /** Where a program on this machine reaches the registry. */
    loopback: () => string
    now: () => number
  }) {
    this.#program = parts.program
    this.#folder = parts.folder
    this.#loopback = parts.loopback
    this.#now = parts.now
  }

  identify(signal: AbortSignal): Promise<ScannerIdentity> {
    return this.#folder.with(undefined, (run) => this.#identify(run, signal))
  }

  scan(image: ImageToScan, { signal, token }: ScanRun): Promise<ExternalReport> {
    const registry = new URL(this.#loopback()).host
    return this.#folder.with({ registry, token }, async (run) => {
      const { version, databaseUpdatedAt } = await this.#identify(run, signal)
      const raw = await this.#run(
        [
          'image',
          '--format=json',
          '--image-src=remote',
          '--scanners=vuln',
          '--skip-db-update',
          '--skip-java-db-update',
          '--offline-scan',
          '--skip-version-check',
          '--disable-telemetry',
          '--no-progress',
          '--quiet',
          // The way is over loopback, and the certificate is not for that name.
          '--insecure',
          `--cache-dir=${this.#folder.cache}`,
          `${registry}/${image.repository}@${image.digest}`,
        ],
        { run, signal, maxBytes: reportMaxBytes },
      )
      const report = parseReport(raw, title)
      const found = listOf(report['Results']).flatMap((result) =>
        listOf(objectOf(result)['Vulnerabilities']).flatMap((one) => findingOf(one, result) ?? []),
      )
      return {
        product: `${title} ${version}`.trim(),
        generatedAt: momentOf(report['CreatedAt']) ?? new Date(this.#now()).toISOString(),
        dataBuiltAt: databaseUpdatedAt,
        ...keptFindings(found),
        raw,
      }
    })
  }

  async #identify(run: RunFolder, signal: AbortSignal): Promise<ScannerIdentity> {
    const args = ['version', '--format=json', `--cache-dir=${this.#folder.cache}`]
    const said = await this.#run(args, { run, signal, maxBytes: versionMaxBytes })
    const answer = parseReport(said, title)
    return {
      product: title,
      vendor: 'Aqua Security',
      version: textOf(answer['Version']) ?? '',
      reportType: 'application/json',
      databaseUpdatedAt: momentOf(objectOf(answer['VulnerabilityDB'])['UpdatedAt']),
    }
  }

  #run(
    args: readonly string[],
    { run, signal, maxBytes }: { run: RunFolder; signal: AbortSignal; maxBytes: number },
  ): Promise<Buffer> {
    return runProgram({ title, setting, file: this.#program, args, signal, maxBytes, ...run })
  }
}

function findingOf(value: unknown, result: unknown): ExternalFinding | undefined {
  const one = objectOf(value)
  const vulnerability = textOf(one['VulnerabilityID'])
  const name = textOf(one['PkgName'])
  if (vulnerability === null || name === null) return undefined
  const link = textOf(one['PrimaryURL'])
  return {
    vulnerability,
    package: name,
    version: textOf(one['InstalledVersion']) ?? '',
    fixedVersion: textOf(one['FixedVersion']),
    severity: severityOf(one['Severity']),
    ...scoreIn(one['CVSS'], textOf(one['SeveritySource'])),
    description: textOf(one['Description']) ?? textOf(one['Title']),
    links: [...new Set([...(link === null ? [] : [link]), ...textsOf(one['References'])])],
    purl: textOf(objectOf(one['PkgIdentifier'])['PURL']),
    path: textOf(one['PkgPath']) ?? textOf(objectOf(result)['Target']),
  }
}

/** Of the source that the severity is of, else of NVD, else of any; the newest version. */
function scoreIn(
  value: unknown,
  source: string | null,
): { score: number | null; vector: string | null } {
  const bySource = objectOf(value)
  const order = [source ?? 'nvd', 'nvd', ...Object.keys(bySource)]
  for (const name of order) {
    const scores = objectOf(bySource[name])
    for (const version of ['V40', 'V3', 'V2']) {
      const score = scoreOf(scores[`${version}Score`])
      if (score !== null) return { score, vector: textOf(scores[`${version}Vector`]) }
    }
  }
  return { score: null, vector: null }
}
