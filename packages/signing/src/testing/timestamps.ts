/** A timestamp authority for tests, whose answers `openssl ts` makes. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'

export type TestTimestamps = {
  /** The authority's certificate and its root. */
  readonly certificates: readonly [leaf: Buffer, root: Buffer]
  /** Answers a TimeStampReq with a TimeStampResp, both in DER. */
  reply(query: Buffer): Buffer
  /** A timestamp over `data` as of now. */
  stamp(data: Buffer): Buffer
  close(): void
}

const settings = `
[req]
distinguished_name = name
prompt = no
[name]
CN = unused
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = authority
[authority]
serial = serial
crypto_device = builtin
signer_cert = leaf.pem
signer_key = leaf.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
`

export function makeTimestamps(): TestTimestamps {
  const folder = mkdtempSync(join(tmpdir(), 'berth-timestamps-'))
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  }
  writeFileSync(join(folder, 'settings'), settings)
  writeFileSync(join(folder, 'serial'), '01\n')
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const common = ['-config', 'settings', '-days', '100']
  openssl(
    'req',
    '-x509',
    ...key,
    ...common,
    '-keyout',
    'root.key',
    '-out',
    'root.pem',
    '-subj',
    '/O=stamps.test/CN=root',
    '-extensions',
    'root',
  )
  openssl(
    'req',
    '-x509',
    ...key,
    ...common,
    '-keyout',
    'leaf.key',
    '-out',
    'leaf.pem',
    '-subj',
    '/O=stamps.test/CN=stamps',
    '-extensions',
    'leaf',
    '-CA',
    'root.pem',
    '-CAkey',
    'root.key',
  )
  const read = (name: string): Buffer => new X509Certificate(readFileSync(join(folder, name))).raw
  const reply = (query: Buffer): Buffer => {
    writeFileSync(join(folder, 'query'), query)
    openssl(
      'ts',
      '-reply',
      '-config',
      'settings',
      '-section',
      'authority',
      '-queryfile',
      'query',
      '-out',
      'reply',
    )
    return readFileSync(join(folder, 'reply'))
  }
  return {
    certificates: [read('leaf.pem'), read('root.pem')],
    reply,
    stamp(data) {
      writeFileSync(join(folder, 'data'), data)
      openssl('ts', '-query', '-data', 'data', '-sha256', '-cert', '-out', 'question')
      return reply(readFileSync(join(folder, 'question')))
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}
