import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAuthEntry, writeAuthEntry } from './auth-entry.ts'
import { expiryOf } from './credential-expiry.ts'
import type { Credentials } from './credentials.ts'

const text = fc.string({ minLength: 1, maxLength: 20 }).filter((each) => !each.includes('\0'))
const name = text.filter((each) => !each.includes(':'))
const credentials: fc.Arbitrary<Credentials> = fc.oneof(
  fc.record({ kind: fc.constant('password' as const), username: name, password: text }),
  fc.record({ kind: fc.constant('identityToken' as const), username: name, token: text }),
  fc.record({ kind: fc.constant('accessToken' as const), token: text }),
)

describe('entries of auths', () => {
  test('what is written is read, and other fields stay', () => {
    fc.assert(
      fc.property(credentials, credentials, (first, second) => {
        const entry: Record<string, unknown> = { email: 'ann@example.com', later: { a: 1 } }
        writeAuthEntry(entry, first)
        writeAuthEntry(entry, second)
        expect(readAuthEntry(entry, 'here')).toEqual(second)
        expect(Object.keys(entry).slice(0, 2)).toEqual(['email', 'later'])
        writeAuthEntry(entry, undefined)
        expect(entry).toEqual({ email: 'ann@example.com', later: { a: 1 } })
      }),
    )
  })

  test.each([
    [{ auth: 'YW5uOnNlOmNyZXQ=' }, { kind: 'password', username: 'ann', password: 'se:cret' }],
    [
      { username: 'ann', password: 'x' },
      { kind: 'password', username: 'ann', password: 'x' },
    ],
    [{ auth: 'YW5uOnNlY3JldAAA' }, { kind: 'password', username: 'ann', password: 'secret' }],
    [
      { auth: 'YW5uOg==', identitytoken: 't' },
      { kind: 'identityToken', username: 'ann', token: 't' },
    ],
    [{ registrytoken: 't' }, { kind: 'accessToken', token: 't' }],
    [{}, undefined],
    [{ auth: '', email: 'a@b' }, undefined],
  ])('%j', (entry, expected) => {
    expect(readAuthEntry(entry, 'here')).toEqual(expected)
  })

  test.each([[{ auth: 'c2VjcmV0' }], [{ auth: '***' }], [{ auth: 7 }], ['text'], [null], [['a']]])(
    '%j is refused without being quoted',
    (entry) => {
      const read = (): unknown => readAuthEntry(entry, 'the entry')
      expect(read).toThrow(expect.objectContaining({ kind: 'inputInvalid' }))
      expect(read).not.toThrow(/c2VjcmV0|secret/)
    },
  )

  test('a user name with a colon cannot be held', () => {
    const bad: Credentials = { kind: 'password', username: 'a:b', password: 'x' }
    expect(() => writeAuthEntry({}, bad)).toThrow(expect.objectContaining({ kind: 'inputInvalid' }))
  })
})

describe('expiryOf', () => {
  const password = (secret: string): Credentials => ({
    kind: 'password',
    username: 'AWS',
    password: secret,
  })
  const encode = (value: unknown, encoding: 'base64' | 'base64url') =>
    Buffer.from(JSON.stringify(value)).toString(encoding)

  test('reads what tokens say of themselves', () => {
    const token = `${encode({}, 'base64url')}.${encode({ exp: 1_800_000_000 }, 'base64url')}.c2ln`
    const expected = new Date(1_800_000_000_000)
    expect(expiryOf({ kind: 'identityToken', username: '', token })).toEqual(expected)
    expect(expiryOf(password(encode({ expiration: 1_800_000_000 }, 'base64')))).toEqual(expected)
  })

  test('any other secret says nothing', () => {
    fc.assert(
      fc.property(fc.string(), (secret) => {
        expect(expiryOf(password(secret))).toBeUndefined()
      }),
    )
    expect(expiryOf(password(`a.${encode({ exp: 1e300 }, 'base64url')}.b`))).toBeUndefined()
    expect(expiryOf({ kind: 'anonymous' })).toBeUndefined()
  })
})
