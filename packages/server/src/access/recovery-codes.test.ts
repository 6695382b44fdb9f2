import { describe, expect, it } from 'vitest'
import { generateRecoveryCodes, recoveryCodeHash } from './recovery-codes.ts'

const key = Buffer.alloc(32, 1)

describe('recovery codes', () => {
  it('makes ten, never the same', () => {
    const codes = new Set(Array.from({ length: 50 }, generateRecoveryCodes).flat())
    expect(codes.size).toBe(500)
    for (const code of codes)
      expect(code).toMatch(/^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){3}$/)
  })

  it('reads a code however it is typed', () => {
    const hash = recoveryCodeHash(key, 'u1', '10m2-q0zt-9xwe-4hsd')
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    for (const typed of ['10M2Q0ZT9XWE4HSD', ' io m2-q0zt 9xwe-4hsd ', '1om2-qozt-9xwe-4hsd']) {
      expect(recoveryCodeHash(key, 'u1', typed)).toBe(hash)
    }
  })

  it('is another for another user and under another key', () => {
    const hash = recoveryCodeHash(key, 'u1', '10m2-q0zt-9xwe-4hsd')
    expect(recoveryCodeHash(key, 'u2', '10m2-q0zt-9xwe-4hsd')).not.toBe(hash)
    expect(recoveryCodeHash(Buffer.alloc(32), 'u1', '10m2-q0zt-9xwe-4hsd')).not.toBe(hash)
  })

  it.each([
    '',
    '123456',
    '10m2-q0zt-9xwe-4hs',
    '10m2-q0zt-9xwe-4hsd5',
    '10m2-q0zt-9xwe-4hs!',
    'é'.repeat(16),
  ])('knows that %j is none', (code) => {
    expect(recoveryCodeHash(key, 'u1', code)).toBeUndefined()
  })
})
