import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { base32, findTotpStep, generateTotpSecret, totpCode, totpUri } from './totp.ts'

/** RFC 6238, appendix B: eight digits there, of which these are the last six. */
const secret = Buffer.from('12345678901234567890')
const vectors = [
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
] as const

describe('TOTP', () => {
  it.each(vectors)('makes the code of RFC 6238 at second %i', (seconds, code) => {
    expect(totpCode(secret, Math.floor(seconds / 30))).toBe(code)
    expect(findTotpStep(secret, code, { now: seconds * 1000, lastStep: 0 })).toBe(
      Math.floor(seconds / 30),
    )
  })

  it('takes the code before and the code after, and no other', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 10 ** 9 }),
        fc.integer({ min: -5, max: 5 }),
        (step, off) => {
          const code = totpCode(secret, step + off)
          const near = [-1, 0, 1].map((way) => totpCode(secret, step + way))
          const found = findTotpStep(secret, code, { now: step * 30_000 + 7, lastStep: 0 })
          if (near.includes(code)) expect(found).toBeTypeOf('number')
          else expect(found).toBeUndefined()
          if (Math.abs(off) <= 1) expect(totpCode(secret, found ?? -1)).toBe(code)
        },
      ),
    )
  })

  it('takes no code twice, and none that is older than the last', () => {
    const at = { now: 1000 * 30_000, lastStep: 1000 }
    expect(findTotpStep(secret, totpCode(secret, 1000), at)).toBeUndefined()
    expect(findTotpStep(secret, totpCode(secret, 999), at)).toBeUndefined()
    expect(findTotpStep(secret, totpCode(secret, 1001), at)).toBe(1001)
  })

  it.each(['', '12345', '1234567', '28708a', ' 287082', '２８７０８２', '-87082'])(
    'refuses %j',
    (code) => {
      expect(findTotpStep(secret, code, { now: 59_000, lastStep: 0 })).toBeUndefined()
    },
  )

  it('writes base32 as RFC 4648 does', () => {
    const texts = ['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar']
    expect(texts.map((text) => base32(Buffer.from(text)))).toEqual([
      '',
      'MY',
      'MZXQ',
      'MZXW6',
      'MZXW6YQ',
      'MZXW6YTB',
      'MZXW6YTBOI',
    ])
  })

  it('makes 160 random bits, and an address that apps read', () => {
    expect(generateTotpSecret()).toHaveLength(20)
    expect(generateTotpSecret()).not.toEqual(generateTotpSecret())
    const uri = new URL(totpUri(secret, 'alice'))
    expect(uri.protocol).toBe('otpauth:')
    expect(uri.searchParams.get('secret')).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
    expect(Object.fromEntries(uri.searchParams)).toMatchObject({
      issuer: 'Berth',
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    })
  })
})
