import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  InvalidPackageQuery,
  matchesConstraints,
  matchesName,
  matchesQuery,
  parsePackageQuery,
  type VersionConstraint,
} from './package-query.ts'

describe('parsePackageQuery', () => {
  test.each([
    ['log4j-core<2.17', { name: 'log4j-core', constraints: ['<2.17'] }],
    [' log4j-core  <= 2.17 ', { name: 'log4j-core', constraints: ['<=2.17'] }],
    ['openssl>=3.0.0,<3.0.7', { name: 'openssl', constraints: ['>=3.0.0', '<3.0.7'] }],
    ['openssl >= 3.0.0 , != 3.0.2', { name: 'openssl', constraints: ['>=3.0.0', '!=3.0.2'] }],
    ['bash', { name: 'bash', constraints: [] }],
    ['bash==5.1', { name: 'bash', constraints: ['=5.1'] }],
    ['bash@5.1', { name: 'bash', constraints: ['=5.1'] }],
    ['@babel/core<7', { name: '@babel/core', constraints: ['<7'] }],
    ['@babel/core@7.0.0', { name: '@babel/core', constraints: ['=7.0.0'] }],
    ['org.x:y>1', { name: 'org.x:y', constraints: ['>1'] }],
    ['bind9<1:9.18.1-1~deb12u1', { name: 'bind9', constraints: ['<1:9.18.1-1~deb12u1'] }],
    ['pkg:npm/lodash@<4.17.21', { kind: 'npm', name: 'lodash', constraints: ['<4.17.21'] }],
    ['pkg:npm/lodash<4.17.21', { kind: 'npm', name: 'lodash', constraints: ['<4.17.21'] }],
    ['pkg:npm/lodash@4.17.21', { kind: 'npm', name: 'lodash', constraints: ['=4.17.21'] }],
    ['pkg:npm/@babel/core@<7', { kind: 'npm', name: '@babel/core', constraints: ['<7'] }],
    ['pkg:npm/%40babel/core', { kind: 'npm', name: '@babel/core', constraints: [] }],
    ['pkg:maven/org.x/y@>=1,<2', { kind: 'maven', name: 'org.x:y', constraints: ['>=1', '<2'] }],
    ['pkg:deb/debian/openssl@<3', { kind: 'deb', name: 'openssl', constraints: ['<3'] }],
    [
      'pkg:golang/github.com/a/b@<v1.2.3',
      { kind: 'golang', name: 'github.com/a/b', constraints: ['<v1.2.3'] },
    ],
  ])('%s', (text, { constraints, ...subject }) => {
    expect(parsePackageQuery(text)).toEqual({
      ...subject,
      constraints: constraints.map((constraint) => {
        const [, operator, version] = /^([<>=!]+)(.+)$/.exec(constraint) ?? []
        return { operator, version }
      }),
    })
  })

  test.each([
    ['', 'names no package'],
    ['   ', 'names no package'],
    ['<2', 'no name'],
    ['bash<', 'no comparison'],
    ['bash<1,', 'no comparison'],
    ['bash<1,2', 'no comparison'],
    ['bash<>1', 'no comparison'],
    ['bash=>1', 'no comparison'],
    ['two words<1', 'no name'],
    ['pkg:oci/app@<1', 'no package URL of a known type'],
    ['pkg:npm', 'no package URL'],
    ['x'.repeat(600), 'longer than 512'],
    [`x${Array.from({ length: 20 }, () => '<1').join(',')}`, 'more than 16'],
  ])('refuses %j', (text, message) => {
    expect(() => parsePackageQuery(text)).toThrow(InvalidPackageQuery)
    expect(() => parsePackageQuery(text)).toThrow(message)
  })

  test('every text is a query or refused, and a query says the same again', () => {
    const text = fc.oneof(
      fc.string(),
      fc.stringMatching(
        /^(?:pkg:npm\/)?@?[a-z]{1,4}\/?[a-z]{0,3}(?:@?[<>=!]{0,2}[0-9.]{1,4},?){0,3}$/,
      ),
    )
    fc.assert(
      fc.property(text, (text) => {
        let query
        try {
          query = parsePackageQuery(text)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidPackageQuery)
          return
        }
        fc.pre(query.kind === undefined)
        const constraints = query.constraints.map(({ operator, version }) => operator + version)
        expect(parsePackageQuery(query.name + constraints.join(','))).toEqual(query)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('matchesName', () => {
  test.each([
    ['log4j-core', 'maven', 'org.apache.logging.log4j:log4j-core', true],
    ['org.apache.logging.log4j:log4j-core', 'maven', 'org.apache.logging.log4j:log4j-core', true],
    ['log4j', 'maven', 'org.apache.logging.log4j:log4j-core', false],
    ['core', 'npm', '@babel/core', true],
    ['newtonsoft.json', 'nuget', 'Newtonsoft.Json', true],
    ['mux', 'golang', 'github.com/gorilla/mux', true],
    ['ux', 'golang', 'github.com/gorilla/mux', false],
  ] as const)('%s finds the %s package %s: %s', (name, kind, packageName, found) => {
    expect(matchesName({ name }, { kind, name: packageName })).toBe(found)
    expect(matchesName({ kind: 'deb', name }, { kind, name: packageName })).toBe(false)
  })
})

describe('matchesConstraints', () => {
  const found = (name: string, version: string) => ({ kind: 'maven' as const, name, version })

  test('which packages are log4j-core below 2.17', () => {
    const query = parsePackageQuery('log4j-core<2.17')
    expect(matchesQuery(query, found('org.apache.logging.log4j:log4j-core', '2.9.1'))).toBe(true)
    expect(matchesQuery(query, found('org.apache.logging.log4j:log4j-core', '2.17.0'))).toBe(false)
    expect(matchesQuery(query, found('org.apache.logging.log4j:log4j-core', '2.17.0-rc1'))).toBe(
      true,
    )
    expect(matchesQuery(query, found('org.apache.logging.log4j:log4j-api', '2.9.1'))).toBe(false)
  })

  test('each kind by its own order: 10 is above 9, and a tilde below nothing', () => {
    const below = (version: string): VersionConstraint[] => [{ operator: '<', version }]
    expect(matchesConstraints('deb', '9-1', below('10-1'))).toBe(true)
    expect(matchesConstraints('deb', '10~rc1-1', below('10-1'))).toBe(true)
    expect(matchesConstraints('npm', '10.0.0', below('9.0.0'))).toBe(false)
  })

  test('what cannot be compared is undetermined, unless another constraint decides', () => {
    expect(matchesConstraints('npm', 'x', [{ operator: '<', version: '2.0.0' }])).toBeUndefined()
    expect(matchesConstraints('npm', 'x', [{ operator: '=', version: 'x' }])).toBe(true)
    expect(
      matchesConstraints('npm', '3.0.0', [
        { operator: '<', version: 'odd' },
        { operator: '<', version: '2.0.0' },
      ]),
    ).toBe(false)
  })

  test('the operators agree with one another on every pair of versions', () => {
    const version = fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20)).map((parts) => parts.join('.'))
    fc.assert(
      fc.property(version, version, (version, bound) => {
        const holds = (operator: VersionConstraint['operator']) =>
          matchesConstraints('npm', version, [{ operator, version: bound }])
        expect(holds('<=')).toBe(holds('<') === true || holds('=') === true)
        expect(holds('>=')).toBe(!(holds('<') ?? false))
        expect(holds('>')).toBe(!(holds('<=') ?? false))
        expect(holds('!=')).toBe(!(holds('=') ?? false))
      }),
    )
  })
})
