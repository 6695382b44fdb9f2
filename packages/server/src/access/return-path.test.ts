import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkReturnPath } from './return-path.ts'

const refused = expect.objectContaining({ kind: 'requestInvalid' })

describe('checkReturnPath', () => {
  it.each([
    [undefined, '/'],
    ['/', '/'],
    ['/projects/acme%2Fml?tab=tags#top', '/projects/acme%2Fml?tab=tags#top'],
    ['/a/../b', '/b'],
    ['/?next=https://evil.example', '/?next=https://evil.example'],
  ])('takes %j', (text, path) => {
    expect(checkReturnPath(text)).toBe(path)
  })

  it.each([
    '',
    'projects',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\/evil.example',
    '/%5cevil.example',
    '/%5Cevil.example',
    '/%2fevil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '/\tevil.example',
    '/\n/evil.example',
    '/\r\nSet-Cookie:a=b',
    '/%0d%0aSet-Cookie:a=b',
    ' //evil.example',
    'https://evil.example',
    'https:evil.example',
    'javascript:alert(1)',
    '/é',
    `/${'x'.repeat(3000)}`,
  ])('CVE class open redirect: refuses %j', (text) => {
    expect(() => checkReturnPath(text)).toThrow(refused)
  })

  it('never leads to another site, whatever the text', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string({
        unit: fc.constantFrom('/', '\\', '.', '%', '2', 'f', '5', 'c', '\t', '@', ':', 'a'),
      }),
    )
    fc.assert(
      fc.property(texts, (text) => {
        let path: string
        try {
          path = checkReturnPath(text)
        } catch {
          return true
        }
        const base = 'https://berth.example/api/v1/auth/oidc/x/callback'
        const target = new URL(path, base)
        const decoded = new URL(path.replaceAll(/%2f/gi, '/').replaceAll(/%5c/gi, '\\'), base)
        return target.origin === 'https://berth.example' && decoded.origin === target.origin
      }),
      { numRuns: 5000 },
    )
  })
})
