import { generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exportPublicKey, generateKeys, readPrivateKey } from './keys.ts'
import { isSignedBy, keyFingerprint, keyHint, KeyInvalid, readPublicKey } from './public-key.ts'
import { localSigner } from './signer.ts'

const pkcs8 = { type: 'pkcs8', format: 'pem' } as const
const data = Buffer.from('data')

describe('a pair that Berth makes', () => {
  test('opens with its password, under both labels, and signs', async () => {
    const pair = await generateKeys('password')
    expect(pair.privateKeyPem).toMatch(/^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n/)
    const former = pair.privateKeyPem.replaceAll('ENCRYPTED SIGSTORE', 'ENCRYPTED COSIGN')
    const publicKey = readPublicKey(pair.publicKeyPem)
    for (const pem of [pair.privateKeyPem, former]) {
      const signer = localSigner(await readPrivateKey(pem, 'password'))
      expect(signer.publicKeyPem).toBe(pair.publicKeyPem)
      expect(isSignedBy(publicKey, data, await signer.sign(data))).toBe(true)
    }
  })

  test('does not open with another password, or without one', async () => {
    const { privateKeyPem } = await generateKeys('password')
    await expect(readPrivateKey(privateKeyPem, 'passwort')).rejects.toThrow(/password is wrong/)
    await expect(readPrivateKey(privateKeyPem)).rejects.toThrow(/password is needed/)
  })

  test('is not opened when that would take too much memory', async () => {
    const { privateKeyPem } = await generateKeys('password')
    const body = Buffer.from(privateKeyPem.split('\n').slice(1, -2).join(''), 'base64').toString()
    const costly = Buffer.from(body.replace('"N":65536', '"N":1073741824')).toString('base64')
    const pem = `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n${costly}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n`
    await expect(readPrivateKey(pem, 'password')).rejects.toThrow(/more than \d+ bytes of memory/)
  })
})

const kinds = [
  ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['Ed25519', generateKeyPairSync('ed25519')],
] as const

describe.each(kinds)('a plain key of the kind %s', (kind, { privateKey, publicKey }) => {
  test('is read and signs', async () => {
    const key = await readPrivateKey(privateKey.export(pkcs8))
    const signature = await localSigner(key).sign(data)
    const read = readPublicKey(exportPublicKey(publicKey))
    expect(isSignedBy(read, data, signature)).toBe(true)
    expect(isSignedBy(read, Buffer.from('other'), signature)).toBe(false)
  })

  test('is read in its older form, and encrypted', async () => {
    if (kind !== 'Ed25519') {
      const type = kind === 'RSA' ? 'pkcs1' : 'sec1'
      const older = String(privateKey.export({ type, format: 'pem' } as never))
      expect((await readPrivateKey(older)).equals(privateKey)).toBe(true)
    }
    const encrypted = privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'word' })
    expect((await readPrivateKey(encrypted, 'word')).equals(privateKey)).toBe(true)
    await expect(readPrivateKey(encrypted, 'other')).rejects.toThrow(KeyInvalid)
  })
})

test('cosign 2 signed with SHA-256 whatever the curve', () => {
  const { privateKey, publicKey } = kinds[1][1]
  expect(isSignedBy(publicKey, data, sign('sha256', data, privateKey))).toBe(true)
  expect(isSignedBy(publicKey, data, sign('sha512', data, privateKey))).toBe(false)
})

test.each([
  ['RSA of 1024 bits', generateKeyPairSync('rsa', { modulusLength: 1024 })],
  ['secp256k1', generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
  ['X25519', generateKeyPairSync('x25519')],
])('%s is refused', async (_, { privateKey, publicKey }) => {
  expect(() => readPublicKey(exportPublicKey(publicKey))).toThrow(KeyInvalid)
  await expect(readPrivateKey(privateKey.export(pkcs8))).rejects.toThrow(KeyInvalid)
})

test('hint and fingerprint are the same hash', () => {
  const { publicKey } = kinds[0][1]
  const hex = Buffer.from(keyHint(publicKey), 'base64').toString('hex')
  expect(keyFingerprint(publicKey)).toBe(`sha256:${hex}`)
})

test('whatever the text, a key or KeyInvalid', async () => {
  const labels = ['PUBLIC KEY', 'PRIVATE KEY', 'ENCRYPTED SIGSTORE PRIVATE KEY', 'EC PRIVATE KEY']
  const pem = fc
    .tuple(fc.constantFrom(...labels), fc.base64String())
    .map(([label, body]) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`)
  await fc.assert(
    fc.asyncProperty(fc.oneof(pem, fc.string()), async (text) => {
      await expect(readPrivateKey(text, 'word')).rejects.toThrow(KeyInvalid)
      expect(() => readPublicKey(text)).toThrow(KeyInvalid)
    }),
    { numRuns: 200 },
  )
})
