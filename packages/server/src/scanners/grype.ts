import type { JsonObject } from '@berth/oci/json-guard.ts'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
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

const title = 'Grype'
const setting = 'scanners.grype.program'
const reportMaxBytes = 64 * 1024 * 1024
const versionMaxBytes = 1024 * 1024

/**
 * Grype as a program on this machine. It pulls the image from this Berth, or is given what Berth found inside, and uses
 * the database in its cache folder, which it never updates by itself.
 */
export class Grype implements ExternalScanner {
  readonly #program: string
  readonly #folder: ProgramFolder
  readonly #loopback: () => string
  readonly #sbomOf: ((digest: string) => Promise<string>) | undefined
  readonly #now: () => number

  constructor(parts: {
    program: string
    folder: ProgramFolder
    /** Where a program on this machine reaches the registry. */
    loopback: () => string
    /** CycloneDX of an image, to be compared instead of the image itself. */
    sbomOf: ((digest: string) => Promise<string>) | undefined
    now: () => number
  }) {
    this.#program = parts.program
    this.#folder = parts.folder
    this.#loopback = parts.loopback
    this.#sbomOf = parts.sbomOf
    this.#now = parts.now
  }

  identify(signal: AbortSignal): Promise<ScannerIdentity> {
    return this.#folder.with(undefined, async (run) => {
      const version = parseReport(
        await this.#run(['version', '--output=json'], { run, signal, maxBytes: versionMaxBytes }),
        title,
      )
      return {
        product: title,
        vendor: 'Anchore',
        version: textOf(version['version']) ?? '',
        reportType: 'application/json',
        databaseUpdatedAt: momentOf((await this.#database(run, signal))['built']),
      }
    })
  }

  scan(image: ImageToScan, { signal, token }: ScanRun): Promise<ExternalReport> {
    const registry = new URL(this.#loopback()).host
    return this.#folder.with({ registry, token }, async (run) => {
      const source = await this.#sourceOf(image, registry, run)
      const raw = await this.#run(['--output=json', '--quiet', source], {
        run,
        signal,
        maxBytes: reportMaxBytes,
      })
      const report = parseReport(raw, title)
      const descriptor = objectOf(report['descriptor'])
      const database = objectOf(descriptor['db'])
      const found = listOf(report['matches']).flatMap((one) => findingOf(objectOf(one)) ?? [])
      return {
        product: `${title} ${textOf(descriptor['version']) ?? ''}`.trim(),
        generatedAt: momentOf(descriptor['timestamp']) ?? new Date(this.#now()).toISOString(),
        dataBuiltAt: momentOf(objectOf(database['status'])['built'] ?? database['built']),
        ...keptFindings(found),
        raw,
      }
    })
  }

  async #sourceOf(image: ImageToScan, registry: string, run: RunFolder): Promise<string> {
    if (this.#sbomOf === undefined)
      return `registry:${registry}/${image.repository}@${image.digest}`
    const file = join(run.folder, 'image.cdx.json')
    await writeFile(file, await this.#sbomOf(image.digest))
    return `sbom:${file}`
  }

  /** Its answer is an error where there is no database yet. */
  async #database(run: RunFolder, signal: AbortSignal): Promise<JsonObject> {
    try {
      const args = ['db', 'status', '--output=json']
      return parseReport(await this.#run(args, { run, signal, maxBytes: versionMaxBytes }), title)
    } catch (error) {
      if (signal.aborted) throw error
      return {}
    }
  }

  #run(
    args: readonly string[],
    { run, signal, maxBytes }: { run: RunFolder; signal: AbortSignal; maxBytes: number },
  ): Promise<Buffer> {
    const isPlain = this.#loopback().startsWith('http://')
    return runProgram({
      title,
      setting,
      file: this.#program,
      args,
      signal,
      maxBytes,
      folder: run.folder,
      environment: {
        ...run.environment,
        GRYPE_DB_CACHE_DIR: this.#folder.cache,
        GRYPE_DB_AUTO_UPDATE: 'false',
        // Its age is told with the report.
        GRYPE_DB_VALIDATE_AGE: 'false',
        GRYPE_CHECK_FOR_APP_UPDATE: 'false',
        // The way is over loopback, and the certificate is not for that name.
        GRYPE_REGISTRY_INSECURE_SKIP_TLS_VERIFY: 'true',
        GRYPE_REGISTRY_INSECURE_USE_HTTP: isPlain ? 'true' : 'false',
      },
    })
  }
}

function findingOf(match: JsonObject): ExternalFinding | undefined {
  const vulnerability = objectOf(match['vulnerability'])
  const artifact = objectOf(match['artifact'])
  const id = textOf(vulnerability['id'])
  const name = textOf(artifact['name'])
  if (id === null || name === null) return undefined
  const related = listOf(match['relatedVulnerabilities']).map(objectOf)
  // As Berth does: the CVE where there is one.
  const cve = id.startsWith('CVE-')
    ? id
    : related.map((one) => textOf(one['id']) ?? '').find((one) => one.startsWith('CVE-'))
  const fix = objectOf(vulnerability['fix'])
  return {
    vulnerability: cve ?? id,
    package: name,
    version: textOf(artifact['version']) ?? '',
    fixedVersion: fix['state'] === 'fixed' ? (textsOf(fix['versions'])[0] ?? null) : null,
    severity: severityOf(vulnerability['severity']),
    ...scoreIn([vulnerability, ...related]),
    description:
      textOf(vulnerability['description']) ??
      related.map((one) => textOf(one['description'])).find((text) => text !== null) ??
      null,
    links: [
      ...new Set([
        ...[textOf(vulnerability['dataSource']) ?? []].flat(),
        ...textsOf(vulnerability['urls']),
      ]),
    ],
    purl: textOf(artifact['purl']),
    path: textOf(objectOf(listOf(artifact['locations'])[0])['path']),
  }
}

/** The newest version of CVSS in the first that has any. */
function scoreIn(vulnerabilities: readonly JsonObject[]): {
  score: number | null
  vector: string | null
} {
  for (const one of vulnerabilities) {
    const scores = listOf(one['cvss'])
      .map(objectOf)
      .toSorted((a, b) => Number(b['version']) - Number(a['version']))
    for (const cvss of scores) {
      const score = scoreOf(objectOf(cvss['metrics'])['baseScore'])
      if (score !== null) return { score, vector: textOf(cvss['vector']) }
    }
  }
  return { score: null, vector: null }
}
