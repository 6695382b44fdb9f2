/** A whole Sigstore instance for tests: authority, certificate log, two transparency logs, timestamps. */
import { X509Certificate } from 'node:crypto'
import { dayMilliseconds, makeAuthority, sha256, type TestAuthority } from './authority.ts'
import { makeTimestamps, type TestTimestamps } from './timestamps.ts'
import { makeLog, type TestLog } from './transparency-log.ts'

export type TestInstance = {
  readonly authority: TestAuthority
  readonly log: TestLog
  /** Rekor 2. */
  readonly log2: TestLog
  readonly timestamps: TestTimestamps
  /** A trusted_root.json, after `change` had its way with it. */
  trustedRoot(change?: (root: TestTrustedRoot) => void): Buffer
  close(): void
}

type LogInstance = {
  baseUrl: string
  hashAlgorithm: string
  publicKey: { rawBytes: string; keyDetails: string; validFor: { start?: string; end?: string } }
  logId: { keyId: string }
}
type Authority = {
  subject: { organization: string; commonName: string }
  uri: string
  certChain: { certificates: { rawBytes: string }[] }
  validFor: { start?: string; end?: string }
}
export type TestTrustedRoot = {
  mediaType: string
  tlogs: LogInstance[]
  certificateAuthorities: Authority[]
  ctlogs: LogInstance[]
  timestampAuthorities: Authority[]
}

export async function makeInstance(host = 'sigstore.test'): Promise<TestInstance> {
  const authority = await makeAuthority(host)
  const log = await makeLog(`rekor.${host}`, 1)
  const log2 = await makeLog(`rekor2.${host}`, 2)
  const timestamps = makeTimestamps()
  const start = new Date(Date.now() - 10 * dayMilliseconds).toISOString()
  const toLog = (name: string, key: Buffer): LogInstance => ({
    baseUrl: `https://${name}`,
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: key.toString('base64'),
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      validFor: { start },
    },
    logId: { keyId: sha256(key).toString('base64') },
  })
  const toAuthority = (name: string, certificates: readonly Buffer[], from: string): Authority => ({
    subject: { organization: host, commonName: name },
    uri: `https://${name}.${host}`,
    certChain: {
      certificates: certificates.map((raw) => ({ rawBytes: raw.toString('base64') })),
    },
    validFor: { start: from },
  })
  const stampsFrom = new X509Certificate(timestamps.certificates[0]).validFromDate.toISOString()
  return {
    authority,
    log,
    log2,
    timestamps,
    trustedRoot(change) {
      const root: TestTrustedRoot = {
        mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
        tlogs: [toLog(log.name, log.publicKey), toLog(log2.name, log2.publicKey)],
        certificateAuthorities: [toAuthority('fulcio', authority.certificates, start)],
        ctlogs: [toLog(`ct.${host}`, authority.ctLogKey)],
        timestampAuthorities: [toAuthority('stamps', timestamps.certificates, stampsFrom)],
      }
      change?.(root)
      return Buffer.from(JSON.stringify(root))
    },
    close: () => timestamps.close(),
  }
}
