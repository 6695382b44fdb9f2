import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BerthError } from '../errors.ts'
import { isCommonPassword } from './common-passwords.ts'
import { checkPasswordRules, normalizePassword } from './password-rules.ts'
import { generatePassword } from './passwords.ts'

function ruleOf(password: string, userName?: string): unknown {
  try {
    checkPasswordRules(password, userName)
    return undefined
  } catch (error) {
    return (error as BerthError).details[0]?.['rule']
  }
}

describe('checkPasswordRules', () => {
  it.each([
    ['correct horse battery', undefined],
    ['zebra mosaic lantern', undefined],
    ['Tr0ub4dor&3xx', undefined],
    ['839201748265', undefined],
    ['mosaic lamp', 'tooShort'],
    // Twelve code units, six characters.
    ['😀😁😂🤣😃😄', 'tooShort'],
    ['zebra lamp '.repeat(24), 'tooLong'],
    // 15 of these are 45 bytes, and 495 once they are written out.
    ['\ufdfa'.repeat(15), 'tooLong'],
    ['zebra\tmosaic lamp', 'controlCharacter'],
    ['zebra mosaic\0', 'controlCharacter'],
    ['zebra Alice mosaic', 'userName'],
    ['passwordpassword', 'common'],
  ])('says of %j: %s', (password, rule) => {
    expect(ruleOf(password, 'alice')).toBe(rule)
  })

  it('lets a name of one or two letters be in a password', () => {
    expect(ruleOf('zebra mosaic lantern', 'ze')).toBeUndefined()
  })

  it('judges both ways of writing the same character alike', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (password) => {
        expect(ruleOf(password.normalize('NFC'), 'alice')).toBe(
          ruleOf(password.normalize('NFD'), 'alice'),
        )
        expect(normalizePassword(normalizePassword(password))).toBe(normalizePassword(password))
      }),
    )
  })

  it('takes every password that is generated here', () => {
    for (let round = 0; round < 200; round += 1) expect(ruleOf(generatePassword())).toBeUndefined()
  })
})

describe('isCommonPassword', () => {
  it.each([
    'Password1234!',
    'P@ssw0rd2024!!',
    'pa55word pa55word',
    '1q2w3e4r5t6y',
    '6y5t4r3e2w1q',
    'qwertyuiop123',
    'asdfghjkl;123',
    '1qaz2wsx3edc',
    'qazwsxedcrfv',
    'adminadminadmin',
    'Administrator1',
    'Welcome2Berth!',
    'iloveyou12345',
    'trustno1trustno1',
    'hunter2hunter2',
    'aaaaaaaaaaaa',
    'abcabcabcabc',
    'letmein123456',
    'Summer2024Summer',
    'correct horse battery staple',
    'michaeljordan23',
    '123456789012',
    'changeme-changeme',
    'Company2026!!',
    'dragonmonkey99',
    'abcdefghijkl',
    'zyxwvutsrqpo',
    '111111222222',
    'harrypotter123',
    'Unbelievable1!',
    'ｐａｓｓｗｏｒｄ１２３４',
  ])('is true of %s', (password) => {
    expect(isCommonPassword(password)).toBe(true)
  })

  it.each([
    'correct horse battery',
    'zebra mosaic lantern',
    'blueberry pancake',
    'a password of wendy',
    'benchmark-password',
    'kV9#tq2LmzRw',
  ])('is false of %s', (password) => {
    expect(isCommonPassword(password)).toBe(false)
  })

  it('stays true whatever is hung on: capitals, a year, signs', () => {
    const word = fc.constantFrom('password', 'welcome', 'sunshine', 'administrator', 'iloveyou')
    const ending = fc.constantFrom('', '1', '123', '2024', '1999!', '!!', '2025?', '12345')
    fc.assert(
      fc.property(word, word, ending, fc.boolean(), (first, second, end, capital) => {
        const core = capital ? `${first.toUpperCase()}-${second}` : first + second
        expect(isCommonPassword(core + end)).toBe(true)
      }),
    )
  })
})
