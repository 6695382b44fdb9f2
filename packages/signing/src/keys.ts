import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { decryptKey, encryptKey, isEncryptedKey } from './encrypted-key.ts'
import { keyBytesMax } from './limits.ts'
import { keyFault, KeyInvalid } from './public-key.ts'

const generate = promisify(generateKeyPair)

const plainLabels = ['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY'] as const

export type KeyPair = {
  /** PEM `ENCRYPTED SIGSTORE PRIVATE KEY`: a cosign.key. */
  readonly privateKeyPem: string
  /** PEM `PUBLIC KEY`: a cosign.pub. */
  readonly publicKeyPem: string
}

/** Makes a pair as `cosign generate-key-pair` does: ECDSA P-256, the private half encrypted with the password. */
export async function generateKeys(password: string): Promise<KeyPair> {
  const { privateKey, publicKey } = await generate('ec', { namedCurve: 'P-256' })
  return {
    privateKeyPem: await encryptKey(privateKey.export({ type: 'pkcs8', format: 'der' }), password),
    publicKeyPem: exportPublicKey(publicKey),
  }
}

/** The public half as PEM. */
export function exportPublicKey(key: KeyObject): string {
  return (key.type === 'private' ? createPublicKey(key) : key).export({
    type: 'spki',
    format: 'pem',
  })
}

/**
 * Reads a private key for signing: cosign's encrypted PEM (both labels; `password` is needed), or plain PEM in
 * PKCS #8, SEC 1 or PKCS #1. EC P-256, P-384, P-521, RSA of 2048 bits or more, Ed25519. Throws `KeyInvalid`.
 */
export async function readPrivateKey(pem: string, password?: string): Promise<KeyObject> {
  if (pem.length > keyBytesMax) throw new KeyInvalid(`A key has at most ${keyBytesMax} bytes.`)
  const key = await openPrivateKey(pem, password)
  const fault = keyFault(key)
  if (fault !== undefined) throw new KeyInvalid(fault)
  return key
}

async function openPrivateKey(pem: string, password: string | undefined): Promise<KeyObject> {
  if (isEncryptedKey(pem)) {
    if (password === undefined) {
      throw new KeyInvalid('The private key is encrypted: its password is needed.')
    }
    return readDer(await decryptKey(pem, password))
  }
  if (pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----')) {
    return parse(() =>
      createPrivateKey(password === undefined ? pem : { key: pem, passphrase: password }),
    )
  }
  if (plainLabels.some((label) => pem.includes(`-----BEGIN ${label}-----`))) {
    return parse(() => createPrivateKey(pem))
  }
  throw new KeyInvalid(
    'A private key is PEM text: a cosign.key, or PKCS #8, SEC 1 or PKCS #1. This is something else.',
  )
}

/** cosign writes PKCS #8; some of its older keys hold SEC 1. */
function readDer(der: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } catch {
    return parse(() => createPrivateKey({ key: der, format: 'der', type: 'sec1' }))
  }
}

function parse(read: () => KeyObject): KeyObject {
  try {
    return read()
  } catch {
    throw new KeyInvalid(
      'The private key cannot be read: the text is damaged, or its password is wrong.',
    )
  }
}
