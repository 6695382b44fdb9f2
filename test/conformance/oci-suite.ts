import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startBerth } from '../tools/berth.ts'
import { run, toolsDirectory } from '../tools/process.ts'
import { readReport, type Counts } from './report.ts'

/** One run of the suite of the Open Container Initiative. */
type SuiteRun = { rules: 'stable' | 'dev'; credentials: boolean; tls: boolean }

export type Outcome = SuiteRun & { counts: Counts | undefined; complaint: string | undefined }

/** The stable rules, and the rules of the next version, each with and without credentials, over HTTP and TLS. */
export const suiteRuns: readonly SuiteRun[] = (['stable', 'dev'] as const).flatMap((rules) =>
  [false, true].flatMap((credentials) => [false, true].map((tls) => ({ rules, credentials, tls }))),
)

/** What a run lacks, or undefined when it is good. The numbers are those of the pinned suite. */
function judge({ rules }: SuiteRun, counts: Counts): string | undefined {
  if (counts.failed > 0) return `${counts.failed} failed`
  if (rules === 'dev') return counts.passed > 860 ? undefined : `only ${counts.passed} passed`
  if (counts.skipped > 0) return `${counts.skipped} skipped`
  if (counts.disabled !== 2) return `${counts.disabled} disabled, not 2`
  return counts.passed >= 860 ? undefined : `${counts.passed} passed, not 860`
}

export function nameOfRun({ rules, credentials, tls }: SuiteRun): string {
  return [rules, credentials ? 'credentials' : 'anonymous', tls ? 'TLS' : 'HTTP'].join(', ')
}

/** Runs the program `suite` once against a Berth of its own. Its output and report stay in `.tools/conformance`. */
export async function runSuite(suite: string, suiteRun: SuiteRun): Promise<Outcome> {
  const { rules, credentials, tls } = suiteRun
  const folder = join(
    toolsDirectory,
    'conformance',
    [rules, credentials ? 'credentials' : 'anonymous', tls ? 'tls' : 'http'].join('-'),
  )
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const berth = await startBerth({
    ...(tls ? { tls: { hosts: [] } } : {}),
    config: {
      ...(credentials ? {} : { access: { anonymousRole: 'admin' } }),
      ...(rules === 'dev' ? { registry: { allowSparseManifests: true } } : {}),
    },
  })
  try {
    const result = await run(suite, [], {
      cwd: folder,
      timeoutSeconds: 300,
      env: {
        OCI_REGISTRY: berth.host,
        OCI_TLS: tls ? 'enabled' : 'disabled',
        ...(tls ? { SSL_CERT_FILE: berth.caFile } : {}),
        OCI_REPO1: 'conformance/first',
        OCI_REPO2: 'conformance/second',
        OCI_VERSION: rules,
        OCI_RESULTS_DIR: folder,
        ...(rules === 'dev' ? { OCI_DATA_SPARSE: 'true' } : {}),
        ...(credentials ? { OCI_USERNAME: berth.username, OCI_PASSWORD: berth.password } : {}),
      },
    })
    await writeFile(join(folder, 'output.txt'), result.output)
    await writeFile(join(folder, 'berth.txt'), berth.logs())
    const report = await readFile(join(folder, 'junit.xml'), 'utf8').catch(() => undefined)
    if (report === undefined) {
      const complaint = `wrote no report, status ${result.status}: ${result.output.slice(-500)}`
      return { ...suiteRun, counts: undefined, complaint }
    }
    const counts = readReport(report)
    return { ...suiteRun, counts, complaint: judge(suiteRun, counts) }
  } finally {
    await berth.stop()
  }
}
