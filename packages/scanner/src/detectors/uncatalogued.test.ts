import { describe, expect, test } from 'vitest'
import { detectBytes } from './testing/scanned-file.ts'
import { uncatalogued } from './uncatalogued.ts'

describe('uncatalogued', () => {
  test.each(['app/.pnp.cjs', 'opt/conda/conda-meta/history', 'site-packages/six-1.0-py3.egg'])(
    '%s is said to be not covered, never clean',
    async (path) => {
      expect(uncatalogued.wants({ path, isExecutable: false, size: 1 })).toBe(true)
      const detected = await detectBytes(uncatalogued, path, Buffer.from('x'))
      expect(detected.notCovered).toMatch(/not read/)
      expect(detected.packages).toBeUndefined()
    },
  )

  test('wants nothing else', () => {
    expect(uncatalogued.wants({ path: 'a/egg', isExecutable: false, size: 1 })).toBe(false)
  })
})
