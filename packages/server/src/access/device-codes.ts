import { createHash, randomBytes, randomInt } from 'node:crypto'

/** 20 consonants: nobody takes one for another, and no words come about (RFC 8628, 6.1). */
const letters = 'BCDFGHJKLMNPQRSTVWXZ'
const userCodeLength = 8
const userCodePattern = new RegExp(`^[${letters}]{${userCodeLength}}$`)
const deviceCodePattern = /^berth_device_[A-Za-z0-9_-]{43}$/

/** The secret of the program that asks: 32 random bytes. */
export function makeDeviceCode(): string {
  return `berth_device_${randomBytes(32).toString('base64url')}`
}

export function isDeviceCode(text: string): boolean {
  return deviceCodePattern.test(text)
}

/** What a person reads off one screen and types on another: `WDJB-MJHT`, one of 25 thousand million. */
export function makeUserCode(): string {
  const code = Array.from({ length: userCodeLength }, () =>
    letters.charAt(randomInt(letters.length)),
  )
  return `${code.slice(0, 4).join('')}-${code.slice(4).join('')}`
}

/** The code as it was made, however it was typed: any case, with or without the hyphen. `undefined` for what is none. */
export function readUserCode(text: string): string | undefined {
  if (text.length > 32) return undefined
  const code = text.toUpperCase().replaceAll(/[\s-]/g, '')
  if (!userCodePattern.test(code)) return undefined
  return `${code.slice(0, 4)}-${code.slice(4)}`
}

/** SHA-256 in hex. A user code has 34 bits, which is enough: it lives ten minutes, and few wrong ones are listened to. */
export function hashCode(code: string): string {
  return createHash('sha256').update(code).digest('hex')
}
