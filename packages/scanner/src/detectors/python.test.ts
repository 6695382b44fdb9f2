import { describe, expect, test } from 'vitest'
import { normalizeName, python } from './python.ts'
import { detectBytes } from './testing/scanned-file.ts'

const path = 'usr/lib/python3/dist-packages/zope.interface-5.0.dist-info/METADATA'
const detect = async (text: string) => (await detectBytes(python, path, Buffer.from(text))).packages

describe('python', () => {
  test.each([
    [path, true],
    ['opt/venv/lib/python3.11/site-packages/six.egg-info', true],
    ['site-packages/six.egg-info/PKG-INFO', true],
    ['site-packages/six-1.0-py3.11.egg/EGG-INFO/PKG-INFO', true],
    ['src/PKG-INFO', false],
    ['app/requirements.txt', false],
    ['site-packages/six.egg-info/SOURCES.txt', false],
    ['site-packages/x.dist-info/licenses/METADATA', false],
  ])('wants %s: %s', (path, wanted) => {
    expect(python.wants({ path, isExecutable: false, size: 1 })).toBe(wanted)
  })

  test('reads the header, normalises the name and leaves the description alone', async () => {
    const text = [
      'Metadata-Version: 2.4',
      'Name: Zope.Interface',
      'Version: 5.0.1',
      'License-Expression: ZPL-2.1 AND MIT',
      '',
      'Name: not this one',
    ].join('\r\n')
    expect(await detect(text)).toEqual([
      {
        kind: 'pypi',
        name: 'zope-interface',
        version: '5.0.1',
        purl: 'pkg:pypi/zope-interface@5.0.1',
        licenses: ['ZPL-2.1 AND MIT'],
      },
    ])
  })

  test.each([
    ['License: BSD\n', ['BSD']],
    ['License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License\n', ['MIT License']],
    ['License: Copyright 2020\n  All rights reserved\nClassifier: Topic :: X\n', []],
    ['Classifier: License :: OSI Approved\n', []],
  ])('licences of %j', async (fields, licenses) => {
    const found = await detect(`Name: x\nVersion: 1\n${fields}`)
    expect(found?.[0]?.licenses).toEqual(licenses)
  })

  test('without a name or a version it is unreadable', async () => {
    await expect(detect('Name: x\n\nVersion: 1')).rejects.toThrow('no Version')
    await expect(detect('')).rejects.toThrow('no Name')
  })

  test('a folded Name is not a name with a line end of another field', async () => {
    const found = await detect('Summary: a\n Name: y\nName: x\nVersion: 1\n')
    expect(found?.[0]?.name).toBe('x')
  })

  test.each([
    ['Foo__Bar.-baz', 'foo-bar-baz'],
    ['  six ', 'six'],
  ])('PEP 503: %s', (name, normal) => {
    expect(normalizeName(name)).toBe(normal)
  })
})
