import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readManifest, readPomProperties } from './properties.ts'

describe('pom.properties', () => {
  const expected = { group: 'org.acme', artifact: 'rocket', version: '1.0' }

  it.each([
    ['as Maven writes it', '#x\ngroupId=org.acme\nartifactId=rocket\nversion=1.0\n'],
    ['with other breaks and spaces', 'version = 1.0\r\ngroupId : org.acme\r\nartifactId rocket'],
  ])('is read %s', (_, text) => {
    expect(readPomProperties(text)).toEqual(expected)
  })

  it.each([
    ['a part missing', 'groupId=org.acme\nartifactId=rocket\n'],
    ['a placeholder', `groupId=org.acme\nartifactId=rocket\nversion=\${project.version}\n`],
    ['a path', 'groupId=../../etc\nartifactId=a/b\nversion=1.0\n'],
  ])('with %s names nothing', (_, text) => {
    expect(readPomProperties(text)).toBeUndefined()
  })
})

describe('MANIFEST.MF', () => {
  it('joins lines that were cut, and ends with its main section', () => {
    const text =
      'Manifest-Version: 1.0\r\nBundle-SymbolicName: org.acme.very.long.name.of.a.\r\n bundle\r\nEmpty: \r\n\r\nName: a.class\r\nImplementation-Version: 9\r\n'
    expect(readManifest(text)).toEqual(
      new Map([
        ['manifest-version', '1.0'],
        ['bundle-symbolicname', 'org.acme.very.long.name.of.a.bundle'],
      ]),
    )
  })

  it('is read whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        readManifest(text)
        readPomProperties(text)
      }),
    )
  })
})
