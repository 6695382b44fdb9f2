/** Certificates that Berth makes for itself: an authority for clients to trust, and a certificate signed by it. */
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs it loaded first
import 'reflect-metadata'
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import ipaddr from 'ipaddr.js'

const dayMilliseconds = 86_400_000
const authorityDays = 3650
/** The longest that every client accepts. */
const leafDays = 397
const renewDays = 30
const alwaysNamed = ['localhost', '127.0.0.1', '::1']

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' }
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' }

type Authority = { certificate: X509Certificate; pem: string; key: webcrypto.CryptoKey }

type SelfSigned = Readonly<{
  caCertificateFile: string
  certificateFile: string
  privateKeyFile: string
  /** What was made now, and not found. */
  made: 'nothing' | 'certificate' | 'authority'
}>

/**
 * Makes sure that `folder` holds an authority (`ca.pem`, ten years) and a certificate for `hosts` (`server.pem`,
 * 397 days), and makes what is missing, damaged, for other hosts, or ends within 30 days. Safe to call again at any time.
 */
export async function ensureSelfSigned(
  folder: string,
  hosts: readonly string[],
  now: Date,
): Promise<SelfSigned> {
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const files = {
    caCertificateFile: join(folder, 'ca.pem'),
    certificateFile: join(folder, 'server.pem'),
    privateKeyFile: join(folder, 'server-key.pem'),
  }
  const authorityKeyFile = join(folder, 'ca-key.pem')
  const names = [...new Set([...alwaysNamed, ...hosts].map(plainName))].sort()

  const found = await readAuthority(files.caCertificateFile, authorityKeyFile, now)
  if (found && (await isLeafGood(files, found, names, now))) return { ...files, made: 'nothing' }

  const authority = found ?? (await makeAuthority(now))
  if (!found) {
    // The key first: a certificate without its key is noticed and both are made again.
    await writeDurably(folder, 'ca-key.pem', await privatePem(authority.key), 0o600)
    await writeDurably(folder, 'ca.pem', authority.pem, 0o644)
  }
  const leaf = await makeLeaf(authority, names, now)
  await writeDurably(folder, 'server-key.pem', leaf.keyPem, 0o600)
  await writeDurably(folder, 'server.pem', leaf.pem, 0o644)
  return { ...files, made: found ? 'certificate' : 'authority' }
}

async function readAuthority(
  certificateFile: string,
  keyFile: string,
  now: Date,
): Promise<Authority | undefined> {
  try {
    const pem = await readFile(certificateFile, 'utf8')
    const certificate = new X509Certificate(pem)
    const key = createPrivateKey(await readFile(keyFile, 'utf8'))
    // It must outlive every certificate that it signs.
    const good = certificate.ca && certificate.checkPrivateKey(key)
    if (!good || daysLeft(certificate, now) < leafDays + renewDays) return undefined
    const imported = await webcrypto.subtle.importKey(
      'pkcs8',
      key.export({ type: 'pkcs8', format: 'der' }),
      keyAlgorithm,
      true,
      ['sign'],
    )
    return { certificate, pem, key: imported }
  } catch {
    return undefined
  }
}

async function isLeafGood(
  files: { certificateFile: string; privateKeyFile: string },
  authority: Authority,
  names: readonly string[],
  now: Date,
): Promise<boolean> {
  try {
    const pem = await readFile(files.certificateFile, 'utf8')
    const certificate = new X509Certificate(pem)
    const key = createPrivateKey(await readFile(files.privateKeyFile, 'utf8'))
    return (
      certificate.checkPrivateKey(key) &&
      certificate.verify(authority.certificate.publicKey) &&
      daysLeft(certificate, now) >= renewDays &&
      namesOf(pem).join() === names.join()
    )
  } catch {
    return false
  }
}

function namesOf(pem: string): string[] {
  const extension = new x509.X509Certificate(pem).getExtension(x509.SubjectAlternativeNameExtension)
  return (extension?.names.items ?? []).map(({ value }) => plainName(value)).sort()
}

function plainName(name: string): string {
  return isIP(name) === 0 ? name.toLowerCase() : ipaddr.parse(name).toString()
}

/** Whole and broken days until the certificate ends; negative when it has. */
function daysLeft(certificate: X509Certificate, now: Date): number {
  return (Date.parse(certificate.validTo) - now.getTime()) / dayMilliseconds
}

async function makeAuthority(now: Date): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])
  // A name of its own, so that clients do not mistake a new authority for one they trust already.
  const name = `CN=Berth local authority ${randomBytes(4).toString('hex')}`
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(now, authorityDays),
    serialNumber: serialNumber(),
    subject: name,
    issuer: name,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const pem = `${certificate.toString('pem')}\n`
  return { certificate: new X509Certificate(pem), pem, key: keys.privateKey }
}

async function makeLeaf(authority: Authority, names: readonly string[], now: Date) {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])
  const issuer = new x509.X509Certificate(authority.pem)
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(now, leafDays),
    serialNumber: serialNumber(),
    subject: 'CN=Berth',
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: authority.key,
    signingAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { pem: `${certificate.toString('pem')}\n`, keyPem: await privatePem(keys.privateKey) }
}

/** From an hour ago, since clocks differ. */
function validity(now: Date, days: number): { notBefore: Date; notAfter: Date } {
  const notBefore = new Date(now.getTime() - 3_600_000)
  return { notBefore, notAfter: new Date(notBefore.getTime() + days * dayMilliseconds) }
}

/** A positive number that fits the 20 bytes allowed, and does not start with a zero byte. */
function serialNumber(): string {
  return `4${randomBytes(16).toString('hex').slice(1)}`
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' })
}

/** Readers see the old file or the whole new one, also after a power cut. */
async function writeDurably(
  folder: string,
  name: string,
  text: string,
  mode: number,
): Promise<void> {
  const file = join(folder, name)
  const temporary = `${file}.new`
  const handle = await open(temporary, 'w', mode)
  try {
    // Left over from a crash, it may have other rights.
    await handle.chmod(mode)
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, file)
  const directory = await open(folder, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
