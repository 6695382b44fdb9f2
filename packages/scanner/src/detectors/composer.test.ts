import { describe, expect, test } from 'vitest'
import { composer } from './composer.ts'
import { detectBytes } from './testing/scanned-file.ts'

const path = 'var/www/vendor/composer/installed.json'
const detect = async (value: unknown) =>
  (await detectBytes(composer, path, Buffer.from(JSON.stringify(value)))).packages

describe('composer', () => {
  const monolog = { name: 'Monolog/Monolog', version: '2.1.0', license: ['MIT'], extra: {} }

  test('reads the list of Composer 1 and the object of Composer 2 alike', async () => {
    const wanted = [
      {
        kind: 'composer',
        name: 'monolog/monolog',
        version: '2.1.0',
        purl: 'pkg:composer/monolog/monolog@2.1.0',
        licenses: ['MIT'],
      },
    ]
    expect(await detect([monolog])).toEqual(wanted)
    expect(await detect({ packages: [monolog], dev: true, 'dev-package-names': [] })).toEqual(
      wanted,
    )
  })

  test('an empty list is an empty list, another form is unreadable', async () => {
    expect(await detect([])).toEqual([])
    await expect(detect({ installed: [] })).rejects.toThrow('not what its name says')
  })

  test('wants what Composer wrote, not the lock', () => {
    expect(composer.wants({ path, isExecutable: false, size: 1 })).toBe(true)
    expect(composer.wants({ path: 'composer.lock', isExecutable: false, size: 1 })).toBe(false)
  })
})
