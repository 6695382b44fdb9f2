/** The sums of a run of the suite, and the names of the tests that failed. */
export type Counts = {
  passed: number
  /** Failures of the registry, and errors of the suite itself. */
  failed: number
  skipped: number
  disabled: number
  failures: readonly string[]
}

function attributesOf(tag: string): Map<string, string> {
  const pairs = [...tag.matchAll(/([a-z]+)="([^"]*)"/g)]
  return new Map(pairs.map(([, name = '', value = '']) => [name, value]))
}

/** Reads the JUnit report of the suite. A count of 0 is left out of it. Throws when it is none. */
export function readReport(xml: string): Counts {
  const suites = /<testsuites\b[^>]*>/.exec(xml)?.[0]
  if (suites === undefined) throw new Error('the report of the suite has no <testsuites>')
  const attributes = attributesOf(suites)
  const count = (name: string): number => Number(attributes.get(name) ?? 0)
  const failed = count('failures') + count('errors')
  const skipped = count('skipped')
  const disabled = count('disabled')
  const failures = [...xml.matchAll(/<testcase\b[^>]*>/g)]
    .map((match) => attributesOf(match[0]))
    .filter((test) => ['failure', 'error'].includes(test.get('status') ?? ''))
    .map((test) => test.get('name') ?? '')
  const passed = count('tests') - failed - skipped - disabled
  return { passed, failed, skipped, disabled, failures }
}
