/** A certificate authority as Fulcio is one, with a certificate log of its own: for tests, keys made on the spot. */
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs it loaded first
import 'reflect-metadata'
import { createHash, createPrivateKey, type KeyObject, sign, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { publicKeyDer } from '../public-key.ts'

x509.cryptoProvider.set(webcrypto as never)

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
export const dayMilliseconds = 86_400_000

export type LeafOptions = {
  /** SPKI in DER, of whoever signs. */
  publicKey: Uint8Array<ArrayBuffer>
  /** An e-mail address or a URI. */
  subject: string
  issuer: string
  notBefore?: Date
  notAfter?: Date
  /** `none`: no proof of logging. `foreign`: by a log that nobody trusts. */
  sct?: 'good' | 'none' | 'foreign'
  usage?: string
  isAuthority?: boolean
  extensions?: Readonly<Record<string, string>>
}

export type TestAuthority = {
  readonly certificates: readonly [intermediate: Buffer, root: Buffer]
  readonly ctLogKey: Buffer
  issue(options: LeafOptions): Promise<{ der: Buffer; pem: string }>
}

type Pair = { keys: webcrypto.CryptoKeyPair; privateKey: KeyObject; spki: Buffer }

export async function makePair(): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify'])
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey))
  return {
    keys,
    privateKey: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }),
    spki,
  }
}

/** A root and an intermediate of it, valid from ten days ago. */
export async function makeAuthority(organisation = 'sigstore.test'): Promise<TestAuthority> {
  const root = await makePair()
  const intermediate = await makePair()
  const ctLog = await makePair()
  const foreignLog = await makePair()
  const rootCertificate = await makeCa(`O=${organisation}, CN=root`, root, undefined)
  const issuer = { certificate: rootCertificate, pair: root }
  const middle = await makeCa(`O=${organisation}, CN=intermediate`, intermediate, issuer)

  return {
    certificates: [Buffer.from(middle.rawData), Buffer.from(rootCertificate.rawData)],
    ctLogKey: ctLog.spki,
    async issue(options) {
      const base = await leafParameters(options, middle, intermediate)
      const bare = await x509.X509CertificateGenerator.create(base)
      if (options.sct === 'none') return exported(bare)
      const log = options.sct === 'foreign' ? foreignLog : ctLog
      const sct = writeSct(Buffer.from(bare.rawData), intermediate, log, base.notBefore)
      return exported(
        await x509.X509CertificateGenerator.create({
          ...base,
          extensions: [...base.extensions, sct],
        }),
      )
    },
  }
}

function exported(certificate: x509.X509Certificate): { der: Buffer; pem: string } {
  return { der: Buffer.from(certificate.rawData), pem: `${certificate.toString('pem')}\n` }
}

export async function makeCa(
  name: string,
  pair: Pair,
  issuer: { certificate: x509.X509Certificate; pair: Pair } | undefined,
): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject: name,
    issuer: issuer?.certificate.subject ?? name,
    notBefore: new Date(Date.now() - 10 * dayMilliseconds),
    notAfter: new Date(Date.now() + 100 * dayMilliseconds),
    publicKey: pair.keys.publicKey,
    signingKey: (issuer?.pair ?? pair).keys.privateKey,
    signingAlgorithm: ecdsa,
    extensions: [
      new x509.BasicConstraintsExtension(true, issuer === undefined ? 1 : 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(pair.keys.publicKey),
      ...(issuer === undefined
        ? []
        : [await x509.AuthorityKeyIdentifierExtension.create(issuer.pair.keys.publicKey)]),
    ],
  })
}

async function leafParameters(
  options: LeafOptions,
  issuer: x509.X509Certificate,
  pair: Pair,
): Promise<x509.X509CertificateCreateParams & { notBefore: Date; extensions: x509.Extension[] }> {
  const notBefore = options.notBefore ?? new Date(Date.now() - 60_000)
  const publicKey = await new x509.PublicKey(options.publicKey).export(webcrypto)
  const isUri = options.subject.includes('://')
  return {
    serialNumber: randomSerial(),
    issuer: issuer.subject,
    subject: '',
    notBefore,
    notAfter: options.notAfter ?? new Date(notBefore.getTime() + 600_000),
    publicKey,
    signingKey: pair.keys.privateKey,
    signingAlgorithm: ecdsa,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([options.usage ?? x509.ExtendedKeyUsage.codeSigning]),
      ...(options.isAuthority === true ? [new x509.BasicConstraintsExtension(true, 0, true)] : []),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(pair.keys.publicKey),
      new x509.SubjectAlternativeNameExtension(
        [{ type: isUri ? 'url' : 'email', value: options.subject }],
        true,
      ),
      new x509.Extension('1.3.6.1.4.1.57264.1.1', false, Buffer.from(options.issuer)),
      new x509.Extension('1.3.6.1.4.1.57264.1.8', false, utf8String(options.issuer)),
      ...Object.entries(options.extensions ?? {}).map(
        ([oid, value]) => new x509.Extension(oid, false, utf8String(value)),
      ),
    ],
  }
}

function utf8String(text: string): Buffer<ArrayBuffer> {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.of(0x0c, bytes.length), bytes])
}

function randomSerial(): string {
  const bytes = webcrypto.getRandomValues(Buffer.alloc(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

/** The proof of RFC 6962, section 3.2, over the certificate as it was before the proof went in. */
function writeSct(certificate: Buffer, issuer: Pair, log: Pair, at: Date): x509.Extension {
  const tbs = tbsOf(certificate)
  const time = Buffer.alloc(8)
  time.writeBigUInt64BE(BigInt(at.getTime()))
  const tbsLength = Buffer.alloc(4)
  tbsLength.writeUInt32BE(tbs.length)
  const signed = Buffer.concat([
    Buffer.of(0, 0),
    time,
    Buffer.of(0, 1),
    sha256(issuer.spki),
    tbsLength.subarray(1),
    tbs,
    Buffer.of(0, 0),
  ])
  const signature = sign('sha256', signed, log.privateKey)
  const sct = Buffer.concat([
    Buffer.of(0),
    sha256(log.spki),
    time,
    Buffer.of(0, 0, 4, 3),
    uint16(signature.length),
    signature,
  ])
  const list = Buffer.concat([uint16(sct.length + 2), uint16(sct.length), sct])
  const wrapped = Buffer.concat([
    list.length < 128 ? Buffer.of(0x04, list.length) : Buffer.of(0x04, 0x81, list.length),
    list,
  ])
  return new x509.Extension('1.3.6.1.4.1.11129.2.4.2', false, wrapped)
}

/** The first element of a certificate, whose own lengths all take two bytes. */
function tbsOf(certificate: Buffer): Buffer {
  const start = 4
  return certificate.subarray(start, start + 4 + certificate.readUInt16BE(start + 2))
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

export function keyIdOf(key: KeyObject): Buffer {
  return sha256(publicKeyDer(key))
}
