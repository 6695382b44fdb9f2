import fc from 'fast-check'
import { expect, test } from 'vitest'
import { scoreOfVector } from './cvss.ts'

test.each([
  // Published in the NVD, and in the examples of the specifications.
  ['2.0', 'AV:N/AC:L/Au:N/C:N/I:N/A:C', 7.8],
  ['2.0', '(AV:L/AC:H/Au:N/C:C/I:C/A:C)', 6.2],
  ['2.0', 'AV:N/AC:L/Au:N/C:P/I:P/A:P/E:U/RL:OF/RC:C', 7.5],
  ['3.0', 'CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N', 6.4],
  ['3.1', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 9.8],
  ['3.1', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H', 10],
  ['3.1', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:U', 9.8],
  ['3.1', 'CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N', 0],
  ['4.0', 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', 9.3],
  ['4.0', 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U', 9.3],
  ['4.0', 'CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', 7.3],
])('%s: %s is %f', (version, vector, score) => {
  expect(scoreOfVector('nvd', vector)).toEqual({
    source: 'nvd',
    version,
    vector: vector.replaceAll(/[()]/g, ''),
    score,
  })
})

test.each([
  ['nothing', ''],
  ['no vector', 'high'],
  ['a number', '9.8'],
  ['a metric missing', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H'],
  ['a value that is none', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:Q'],
  ['a metric that is none', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/ZZ:X'],
  ['a metric twice', 'CVSS:3.1/AV:N/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'],
  ['a version to come', 'CVSS:5.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'],
  ['metrics of another version', 'CVSS:4.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'],
  ['too long', `CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H${'/E:X'.repeat(200)}`],
])('%s has no score', (_, vector) => {
  expect(scoreOfVector('nvd', vector)).toBeUndefined()
})

test('any text has a score from 0 to 10 or none, and never throws', () => {
  const metrics =
    'AV:N AV:P AC:L AT:N PR:N UI:N S:U C:H I:H A:H Au:N VC:H VI:H VA:L SC:N SI:S SA:N E:U constructor:N __proto__:X'
  const metric = fc.constantFrom(...metrics.split(' '))
  const vector = fc
    .tuple(
      fc.constantFrom('CVSS:3.0/', 'CVSS:3.1/', 'CVSS:4.0/', '', '('),
      fc.array(metric, { maxLength: 14 }),
    )
    .map(([start, metrics]) => start + metrics.join('/'))
  fc.assert(
    fc.property(fc.oneof(vector, fc.string()), (text) => {
      const score = scoreOfVector('nvd', text)?.score ?? 0
      return score >= 0 && score <= 10
    }),
    { numRuns: 3000 },
  )
})
