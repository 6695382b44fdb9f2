import { expect, test } from 'vitest'
import { predicateTypes } from './predicate-types.ts'
import { PredicateInvalid, readPredicate } from './read-predicate.ts'

const time = '2026-01-02T03:04:05Z'
const good: [string, unknown][] = [
  [
    predicateTypes.slsaProvenance,
    {
      buildDefinition: { buildType: 'https://a.test/build', externalParameters: { ref: 'main' } },
      runDetails: { builder: { id: 'https://a.test/builder' }, metadata: { startedOn: time } },
    },
  ],
  [
    predicateTypes.slsaProvenance02,
    { builder: { id: '' }, buildType: 'https://mobyproject.org/buildkit@v1', materials: null },
  ],
  [
    predicateTypes.spdx,
    {
      spdxVersion: 'SPDX-2.3',
      SPDXID: 'SPDXRef-DOCUMENT',
      name: 'app',
      creationInfo: { created: time },
      packages: [{ name: 'zlib', versionInfo: '1.3' }],
    },
  ],
  [
    predicateTypes.cyclonedx,
    { bomFormat: 'CycloneDX', specVersion: '1.6', components: [{ type: 'library', name: 'zlib' }] },
  ],
  [
    predicateTypes.vulnerabilities,
    {
      scanner: { uri: 'pkg:github/a/b', result: { anything: [1] } },
      metadata: { scanStartedOn: time, scanFinishedOn: time },
    },
  ],
  [
    `${predicateTypes.openvex}/v0.2.0`,
    {
      '@context': 'https://openvex.dev/ns/v0.2.0',
      '@id': 'https://a.test/vex',
      author: 'a',
      timestamp: time,
      version: 1,
      statements: [
        {
          vulnerability: { name: 'CVE-2026-1' },
          products: [{ '@id': 'pkg:oci/a' }],
          status: 'fixed',
        },
      ],
    },
  ],
]

test.each(good)('%s is read, and its own members stay', (type, predicate) => {
  const found = readPredicate(type, { ...(predicate as object), own: 1 })
  expect(found?.value).toEqual({ ...(predicate as object), own: 1 })
})

test.each(good)('%s of another shape is refused', (type) => {
  expect(() => readPredicate(type, {})).toThrow(PredicateInvalid)
  expect(() => readPredicate(type, undefined)).toThrow(PredicateInvalid)
})

test('the message names the place', () => {
  const predicate = { builder: { id: 1 }, buildType: 'a' }
  expect(() => readPredicate(predicateTypes.slsaProvenance02, predicate)).toThrow(/builder\.id/)
})

test.each(['https://a.test/p', 'https://spdx.dev/Documents', 'https://spdx.dev/Document/x', ''])(
  'the type %j is not known',
  (type) => expect(readPredicate(type, {})).toBeUndefined(),
)
