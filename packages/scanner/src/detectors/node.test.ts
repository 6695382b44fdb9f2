import { describe, expect, test } from 'vitest'
import { node } from './node.ts'
import { detectBytes } from './testing/scanned-file.ts'

const wants = (path: string) => node.wants({ path, isExecutable: false, size: 1 })
const detect = async (value: unknown, path = 'app/node_modules/x/package.json') =>
  (
    await detectBytes(
      node,
      path,
      Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    )
  ).packages

describe('node', () => {
  test('wants package.json below node_modules, not the program and no lock file', () => {
    expect(wants('app/node_modules/lodash/package.json')).toBe(true)
    expect(wants('node_modules/@babel/core/package.json')).toBe(true)
    expect(wants('usr/lib/node_modules/npm/node_modules/ini/package.json')).toBe(true)
    expect(wants('app/package.json')).toBe(false)
    expect(wants('app/package-lock.json')).toBe(false)
    expect(wants('app/node_modules/.package-lock.json')).toBe(false)
    expect(wants('app/my_node_modules/x/package.json')).toBe(false)
  })

  test('reads the name, the version and the licence', async () => {
    expect(await detect({ name: '@babel/core', version: '7.1.0', license: 'MIT' })).toEqual([
      {
        kind: 'npm',
        name: '@babel/core',
        version: '7.1.0',
        purl: 'pkg:npm/%40babel/core@7.1.0',
        licenses: ['MIT'],
      },
    ])
  })

  test.each([
    [{ license: { type: 'BSD' } }, ['BSD']],
    [{ licenses: [{ type: 'MIT' }, 'Apache-2.0'] }, ['MIT', 'Apache-2.0']],
    [{ license: 7 }, []],
    [{}, []],
  ])('reads the old forms of licences: %j', async (declared, licenses) => {
    expect((await detect({ name: 'x', version: '1.0.0', ...declared }))?.[0]?.licenses).toEqual(
      licenses,
    )
  })

  test('takes the real name of an alias, a byte order mark and a v before the version', async () => {
    const found = await detect('\uFEFF{"name":"real","version":"v1.2.3"}')
    expect(found?.[0]).toMatchObject({ name: 'real', version: '1.2.3' })
  })

  test('passes over what only marks a folder', async () => {
    expect(await detect({ type: 'module' })).toBeUndefined()
    expect(await detect({ name: 'x' })).toBeUndefined()
    expect(await detect({ name: '{{name}}', version: '1.0.0' })).toBeUndefined()
    expect(await detect('[]')).toBeUndefined()
  })

  test('a broken one is unreadable where npm put it, and passed over among fixtures', async () => {
    await expect(detect('{"name":')).rejects.toThrow('not JSON')
    expect(await detect('{"name":', 'node_modules/x/test/bad/package.json')).toBeUndefined()
  })
})
