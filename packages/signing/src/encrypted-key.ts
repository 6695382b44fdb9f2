import { randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import { z } from 'zod'
import { KeyInvalid } from './public-key.ts'

const derive = promisify<string, Buffer, number, object, Buffer>(scrypt)

const labels = ['ENCRYPTED SIGSTORE PRIVATE KEY', 'ENCRYPTED COSIGN PRIVATE KEY'] as const

/** What cosign writes: its own choice of scrypt. More than 256 MiB of memory for a stranger's file is refused. */
const cost = { N: 65_536, r: 8, p: 1 }
const memoryMax = 256 * 1024 * 1024

const encryptedKey = z.object({
  kdf: z.object({
    name: z.literal('scrypt'),
    params: z.object({
      N: z.int().min(2),
      r: z.int().min(1).max(64),
      p: z.int().min(1).max(16),
    }),
    salt: z.base64(),
  }),
  cipher: z.object({ name: z.literal('nacl/secretbox'), nonce: z.base64() }),
  ciphertext: z.base64(),
})

/** Whether PEM text is a private key in cosign's encrypted form, under its present or its former label. */
export function isEncryptedKey(pem: string): boolean {
  return labels.some((label) => pem.includes(`-----BEGIN ${label}-----`))
}

/**
 * Opens a cosign.key: scrypt over the password, then NaCl's secretbox. Returns the bytes inside, which are DER.
 * Throws `KeyInvalid`, for a wrong password too.
 */
export async function decryptKey(pem: string, password: string): Promise<Buffer> {
  const parsed = encryptedKey.safeParse(readPemJson(pem))
  if (!parsed.success) {
    throw new KeyInvalid(
      'The encrypted private key cannot be read: it is not scrypt with nacl/secretbox as cosign writes it.',
    )
  }
  const { kdf, cipher, ciphertext } = parsed.data
  if (128 * kdf.params.N * kdf.params.r > memoryMax) {
    throw new KeyInvalid(
      `The encrypted private key asks for more than ${memoryMax} bytes of memory to open.`,
    )
  }
  const nonce = Buffer.from(cipher.nonce, 'base64')
  if (nonce.length !== 24) throw new KeyInvalid('The nonce of the private key must have 24 bytes.')
  const secret = await deriveSecret(password, Buffer.from(kdf.salt, 'base64'), kdf.params)
  try {
    return Buffer.from(xsalsa20poly1305(secret, nonce).decrypt(Buffer.from(ciphertext, 'base64')))
  } catch {
    throw new KeyInvalid(
      'The private key does not open: the password is wrong, or the file damaged.',
    )
  }
}

/** Writes DER bytes as a cosign.key. */
export async function encryptKey(der: Uint8Array, password: string): Promise<string> {
  const salt = randomBytes(32)
  const nonce = randomBytes(24)
  const secret = await deriveSecret(password, salt, cost)
  const body = JSON.stringify({
    kdf: { name: 'scrypt', params: cost, salt: salt.toString('base64') },
    cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
    ciphertext: Buffer.from(xsalsa20poly1305(secret, nonce).encrypt(der)).toString('base64'),
  })
  const lines =
    Buffer.from(body)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${labels[0]}-----\n${lines.join('\n')}\n-----END ${labels[0]}-----\n`
}

async function deriveSecret(
  password: string,
  salt: Buffer,
  params: { N: number; r: number; p: number },
): Promise<Buffer> {
  try {
    return await derive(password, salt, 32, { ...params, maxmem: memoryMax + 1024 * 1024 })
  } catch {
    throw new KeyInvalid('The scrypt parameters of the encrypted private key are not valid.')
  }
}

function readPemJson(pem: string): unknown {
  const body = /-----BEGIN [A-Z ]+-----([A-Za-z0-9+/=\s]+)-----END/.exec(pem)?.[1] ?? ''
  try {
    return JSON.parse(Buffer.from(body, 'base64').toString())
  } catch {
    return undefined
  }
}
