/**
 * Checks that Berth speaks the registry protocol: with checks of its own, and with the suite of the Open Container
 * Initiative where that is installed. Prints a table and ends with status 1 unless everything passed.
 */
import { findTool } from '../tools/process.ts'
import { nameOfRun, runSuite, suiteRuns } from './oci-suite.ts'
import { combinations, nameOf, runChecks } from './own-suite.ts'

const total = { passed: 0, failed: 0, skipped: 0 }

function printRow(name: string, passed: number, failed: number, rest: string): void {
  console.log(
    `  ${name.padEnd(40)}${`${passed} passed`.padStart(12)}${`${failed} failed`.padStart(12)}  ${rest}`,
  )
}

console.log("Berth's own checks")
for (const combination of combinations) {
  const startedAt = performance.now()
  const { passed, failures } = await runChecks(combination)
  total.passed += passed
  total.failed += failures.length
  const seconds = (performance.now() - startedAt) / 1000
  printRow(nameOf(combination), passed, failures.length, `${seconds.toFixed(1)} s`)
  for (const { title, text } of failures) {
    console.log(`\n    ${title}\n      ${text.replaceAll('\n', '\n      ')}\n`)
  }
}

console.log('\nThe OCI distribution conformance suite')
const suite = findTool('conformance')
for (const suiteRun of suiteRuns) {
  if (suite === undefined) {
    total.skipped += 1
    console.log(`  ${nameOfRun(suiteRun).padEnd(40)}     skipped`)
    continue
  }
  const { counts, complaint } = await runSuite(suite, suiteRun)
  const { passed = 0, failed = 0, skipped = 0, disabled = 0 } = counts ?? {}
  total.passed += passed
  // A run that is not good counts as a failure, even when no single test of it failed.
  total.failed += complaint === undefined ? failed : Math.max(failed, 1)
  total.skipped += skipped
  const rest = `${skipped} skipped, ${disabled} disabled, ${complaint ?? 'good'}`
  printRow(nameOfRun(suiteRun), passed, failed, rest)
  for (const failure of counts?.failures.slice(0, 20) ?? []) console.log(`    ${failure}`)
}
if (suite === undefined) {
  console.log(
    '  The program "conformance" (github.com/opencontainers/distribution-spec/conformance) is not installed;\n' +
      '  to have it: bash test/tools/install.sh conformance',
  )
}

console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 ? 0 : 1
