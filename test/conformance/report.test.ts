import { expect, test } from 'vitest'
import { readReport } from './report.ts'

test('the sums and the names of what failed are read from a report', () => {
  const report = `<testsuites tests="10" errors="1" failures="2" skipped="3" disabled="1" time="1.5">
  <testsuite name="" tests="10" failures="2" errors="1">
    <testcase name="OCI/tag list" classname="" status="passed"></testcase>
    <testcase name="OCI/blob &#34;mount&#34;" classname="" status="failure"><system-out>no</system-out></testcase>
    <testcase name="OCI/broken" classname="" status="error"></testcase>
  </testsuite>
</testsuites>`
  expect(readReport(report)).toEqual({
    passed: 3,
    failed: 3,
    skipped: 3,
    disabled: 1,
    failures: ['OCI/blob &#34;mount&#34;', 'OCI/broken'],
  })
})

test('a count that is not there is 0', () => {
  expect(readReport('<testsuites time="1" tests="5"></testsuites>')).toMatchObject({
    passed: 5,
    failed: 0,
    skipped: 0,
    disabled: 0,
  })
})

test('something else is not taken for a report', () => {
  expect(() => readReport('panic: no registry')).toThrow('testsuites')
})
