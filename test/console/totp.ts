import { totpCode } from '../../packages/server/src/access/totp.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const stepMs = 30_000

/** The code that an authenticator app shows now, or `steps` half minutes from now, for a key in base32. */
export function codeOf(secret: string, steps = 0): string {
  return totpCode(bytesOf(secret), Math.floor(Date.now() / stepMs) + steps)
}

function bytesOf(base32: string): Buffer {
  const bits = Array.from(base32.replaceAll(/[\s=]/g, ''))
    .map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0'))
    .join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}
