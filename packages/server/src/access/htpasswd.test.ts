import { hashSync } from '@node-rs/bcrypt'
import { describe, expect, it } from 'vitest'
import { BerthError, type ErrorDetail } from '../errors.ts'
import { parseHtpasswd } from './htpasswd.ts'

const hash = hashSync('correct horse', { cost: 4, version: '2y' })

function faultsOf(text: string): readonly ErrorDetail[] {
  try {
    parseHtpasswd(text)
  } catch (error) {
    if (error instanceof BerthError && error.kind === 'requestInvalid') return error.details
    throw error
  }
  return []
}

describe('parseHtpasswd', () => {
  it('reads names and bcrypt hashes with their lines', () => {
    const text = `\ufeff# build machines\r\nci:${hash}\r\n\r\n  alice:${hash}  \n`
    expect(parseHtpasswd(text)).toEqual([
      { line: 2, name: 'ci', hash },
      { line: 4, name: 'alice', hash },
    ])
  })

  it('names every faulty line by its number, and quotes no hash', () => {
    const secrets = [
      '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
      '$apr1$salt$abcdefghijklmnopqrstuv',
      '$6$salt$abc',
      'rqXexS6ZhobKA',
      'plain text',
    ]
    const lines = [
      `ok:${hash}`,
      ...secrets.map((secret, index) => `user${index}:${secret}`),
      'no colon',
      `Upper:${hash}`,
      `:${hash}`,
      `ok:${hash}`,
      `cut:${hash.slice(0, -1)}`,
      `dear:${hash.replace('$04$', '$31$')}`,
      `old:${hash.replace('$2y$', '$2x$')}`,
    ]
    const faults = faultsOf(lines.join('\n'))
    expect(faults.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    const text = JSON.stringify(faults)
    for (const secret of [...secrets, hash.slice(8)]) expect(text).not.toContain(secret)
    for (const [index, kind] of ['SHA-1', 'MD5', 'SHA-512', 'DES'].entries()) {
      expect(faults[index]?.fault).toContain(kind)
    }
  })

  it('refuses a file without users, and one that is too large', () => {
    expect(() => parseHtpasswd('# nobody\n')).toThrow(
      expect.objectContaining({ kind: 'requestInvalid' }),
    )
    expect(() => parseHtpasswd('#'.repeat(4 * 1024 * 1024 + 1))).toThrow(
      expect.objectContaining({ kind: 'requestInvalid' }),
    )
  })

  it('lists a hundred faults at most', () => {
    expect(faultsOf('x\n'.repeat(1000))).toHaveLength(100)
  })
})
