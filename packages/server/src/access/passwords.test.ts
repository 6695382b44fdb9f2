import { hash as hashBcrypt } from '@node-rs/bcrypt'
import { describe, expect, it } from 'vitest'
import { generatePassword, isOutdatedHash, Passwords, readBcryptCost } from './passwords.ts'

const passwords = new Passwords()

describe('Passwords', () => {
  it('hashes with argon2id, differently each time, and knows the password again', async () => {
    const [first, second] = await Promise.all([
      passwords.hash('correct horse battery'),
      passwords.hash('correct horse battery'),
    ])
    expect(first).toMatch(
      /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
    )
    expect(second).not.toBe(first)
    expect(await passwords.verify('correct horse battery', first)).toBe(true)
    expect(await passwords.verify('correct horse batterz', first)).toBe(false)
    expect(await passwords.verify('', first)).toBe(false)
  })

  it('verifies a hash made by another argon2id with other costs', async () => {
    // A test vector of the reference implementation (phc-winner-argon2, src/test.c).
    const foreign =
      '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
    expect(await passwords.verify('password', foreign)).toBe(true)
    expect(await passwords.verify('Password', foreign)).toBe(false)
  })

  it('refuses every password when there is no user', async () => {
    expect(await passwords.verify('correct horse battery', undefined)).toBe(false)
  })

  it.each(['2a', '2b', '2y'] as const)('verifies bcrypt $%s$', async (version) => {
    const made = await hashBcrypt('correct horse', { cost: 4, version: version })
    expect(made).toContain(`$${version}$04$`)
    expect(await passwords.verify('correct horse', made)).toBe(true)
    expect(await passwords.verify('correct horsf', made)).toBe(false)
  })

  it('refuses a password of more than 72 bytes for bcrypt instead of cutting it', async () => {
    const made = await hashBcrypt('é'.repeat(36), { cost: 4, version: '2y' })
    expect(await passwords.verify('é'.repeat(36), made)).toBe(true)
    expect(await passwords.verify(`${'é'.repeat(36)}x`, made)).toBe(false)
  })

  it.each([
    ['fewer than 12 characters', 'mosaic plum', 'tooShort'],
    ['a name', 'plum alice mosaic', 'userName'],
    ['common words', 'Passw0rd2024!', 'common'],
    ['a line break', 'correct horse\nbattery', 'controlCharacter'],
  ])('refuses a new password of or with %s', async (_, password, rule) => {
    await expect(passwords.hash(password, 'alice')).rejects.toMatchObject({
      kind: 'requestInvalid',
      details: [{ field: 'password', reason: 'passwordInvalid', rule }],
    })
  })

  it('knows a password again that another keyboard composes otherwise', async () => {
    const stored = await passwords.hash('caf\u00e9 mosaic plum')
    expect(await passwords.verify('cafe\u0301 mosaic plum', stored)).toBe(true)
    expect(await passwords.verify('cafe mosaic plum', stored)).toBe(false)
  })

  it('takes any password for the new hash of one that was imported', async () => {
    expect(await passwords.verify('old', await passwords.rehash('old'))).toBe(true)
  })

  it('refuses every password of a user who has none here', async () => {
    expect(await passwords.verify('', '')).toBe(false)
  })

  it('answers rateLimited when more logins come than can be queued', async () => {
    const stored = await hashBcrypt('x', { cost: 4 })
    const checks = Array.from({ length: 80 }, () => passwords.verify('x', stored))
    const results = await Promise.allSettled(checks)
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    for (const { reason } of refused) expect(reason).toMatchObject({ kind: 'rateLimited' })
    expect(results.some((result) => result.status === 'fulfilled' && result.value)).toBe(true)
    expect(await passwords.verify('x', stored)).toBe(true)
  })
})

describe('generatePassword', () => {
  it('makes readable passwords of 125 bits, good enough to be set, never twice', async () => {
    const made = new Set(Array.from({ length: 200 }, generatePassword))
    expect(made.size).toBe(200)
    for (const password of made) {
      expect(password).toMatch(
        /^[0-9abcdefghjkmnpqrstvwxyz]{5}(-[0-9abcdefghjkmnpqrstvwxyz]{5}){4}$/,
      )
    }
    await expect(passwords.hash(generatePassword())).resolves.toContain('$argon2id$')
  })
})

describe('isOutdatedHash', () => {
  it('is true of bcrypt and of a cheaper argon2id, not of what is made here or costs more', async () => {
    const [salt, tag] = ['A'.repeat(22), 'A'.repeat(43)]
    expect(isOutdatedHash(await hashBcrypt('x', { cost: 4 }))).toBe(true)
    expect(isOutdatedHash(`$argon2id$v=19$m=4096,t=2,p=1$${salt}$${tag}`)).toBe(true)
    expect(isOutdatedHash(`$argon2id$v=19$m=19456,t=1,p=1$${salt}$${tag}`)).toBe(true)
    expect(isOutdatedHash(`$argon2id$v=19$m=65536,t=2,p=1$${salt}$${tag}`)).toBe(false)
    expect(isOutdatedHash(await passwords.hash('correct horse battery'))).toBe(false)
  })
})

describe('readBcryptCost', () => {
  it('reads the cost of bcrypt hashes and nothing else', () => {
    const rest = `$${'a'.repeat(53)}`
    expect(readBcryptCost(`$2y$05${rest}`)).toBe(5)
    for (const other of [`$2x$05${rest}`, `$2y$5${rest}`, `$2y$05${rest}a`, '$2y$05$short', '']) {
      expect(readBcryptCost(other)).toBeUndefined()
    }
  })
})
