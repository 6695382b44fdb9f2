import { createHmac, randomBytes } from 'node:crypto'

const codesPerUser = 10
const groups = 4
const groupLength = 4
/** 32 letters that are not taken for one another (Crockford): each is five bits, a code has 80. */
const letters = '0123456789abcdefghjkmnpqrstvwxyz'

/** Ten codes of the form `k7m2-q0zt-9xwe-4hsd`, to be shown once. */
export function generateRecoveryCodes(): string[] {
  return Array.from({ length: codesPerUser }, () => {
    const code = Array.from(randomBytes(groups * groupLength), (byte) =>
      letters.charAt(byte % letters.length),
    )
    return Array.from({ length: groups }, (_, group) =>
      code.slice(group * groupLength, (group + 1) * groupLength).join(''),
    ).join('-')
  })
}

/**
 * What is stored of a code: keyed, so that a copy of the table alone is of no use, and of no use to another user.
 * Dashes, spaces, capitals and the letters that Crockford reads as digits do not matter. `undefined` for what is no code.
 */
export function recoveryCodeHash(key: Buffer, userId: string, code: string): string | undefined {
  const plain = code
    .slice(0, 64)
    .toLowerCase()
    .replaceAll(/[\s-]/g, '')
    .replaceAll('o', '0')
    .replaceAll(/[il]/g, '1')
  if (plain.length !== groups * groupLength || /[^0-9a-z]/.test(plain)) return undefined
  return createHmac('sha256', key).update(`${userId}\0${plain}`).digest('hex')
}
