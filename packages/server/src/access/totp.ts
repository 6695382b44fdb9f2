import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** What every authenticator app takes without being told: SHA-1, six digits, 30 seconds. Others are ignored by some. */
const stepMs = 30_000
const digits = 6
/** RFC 4226 wants 128 bits and recommends 160. */
const secretBytes = 20
/** One step either way, for clocks that are off and people who type slowly (RFC 6238, 5.2). */
const window = 1

const base32Letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export function generateTotpSecret(): Buffer {
  return randomBytes(secretBytes)
}

/** The code of a time step (RFC 4226, 5.3). */
export function totpCode(secret: Buffer, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const hash = createHmac('sha1', secret).update(counter).digest()
  const offset = (hash.at(-1) ?? 0) & 15
  const value = hash.readUInt32BE(offset) & 0x7fff_ffff
  return String(value % 10 ** digits).padStart(digits, '0')
}

/**
 * The time step that the code belongs to, at `now` (milliseconds since 1970) or one step around it, and after `lastStep`;
 * `undefined` when it belongs to none.
 */
export function findTotpStep(
  secret: Buffer,
  code: string,
  times: { now: number; lastStep: number },
): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined
  const current = Math.floor(times.now / stepMs)
  let found: number | undefined
  for (let step = current - window; step <= current + window; step += 1) {
    if (step < 0) continue
    const matches = timingSafeEqual(Buffer.from(totpCode(secret, step)), Buffer.from(code))
    if (matches && step > times.lastStep) found ??= step
  }
  return found
}

/** RFC 4648, without padding: what people type into an app that cannot scan. */
export function base32(bytes: Buffer): string {
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += base32Letters.charAt((value >> bits) & 31)
    }
    value &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + base32Letters.charAt((value << (5 - bits)) & 31)
}

/** What a QR code for authenticator apps holds (Key Uri Format). */
export function totpUri(secret: Buffer, userName: string): string {
  const issuer = 'Berth'
  return `otpauth://totp/${issuer}:${encodeURIComponent(userName)}?secret=${base32(secret)}&issuer=${issuer}&algorithm=SHA1&digits=${digits}&period=${stepMs / 1000}`
}
