import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { publicKeyDer, signatureHash } from './public-key.ts'
import { type Fetch, post, type Service, SigningServiceError } from './service.ts'
import type { FreshSignature, Witness } from './signer.ts'

/** What Rekor 1 answers for one new entry. */
const entryV1 = z.object({
  body: z.base64(),
  integratedTime: z.int(),
  logID: z.string().regex(/^[0-9a-f]{2,128}$/),
  logIndex: z.int(),
  verification: z.object({
    signedEntryTimestamp: z.base64(),
    inclusionProof: z.object({
      checkpoint: z.string(),
      hashes: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(64),
      logIndex: z.int(),
      rootHash: z.string().regex(/^[0-9a-f]{64}$/),
      treeSize: z.int(),
    }),
  }),
})

/** What Rekor 2 answers: a `TransparencyLogEntry`, which goes into the bundle as it is. */
const entryV2 = z.looseObject({
  logIndex: z.string(),
  logId: z.object({ keyId: z.base64() }),
  kindVersion: z.object({ kind: z.string(), version: z.string() }),
  inclusionProof: z.looseObject({ checkpoint: z.object({ envelope: z.string() }) }),
  canonicalizedBody: z.base64(),
})

/**
 * A transparency log as a witness. `version` is the one of its API: Rekor 1 dates its entries, Rekor 2 does not, so
 * that a certificate needs a timestamp authority beside it.
 */
export function rekorWitness(options: { url: string; version: 1 | 2; fetch: Fetch }): Witness {
  const service: Service = { what: 'Rekor', url: options.url, fetch: options.fetch }
  return {
    async attest(signature) {
      const entry =
        options.version === 1 ? await addV1(service, signature) : await addV2(service, signature)
      return { kind: 'log-entry', entry }
    },
  }
}

const jsonHeaders = { 'content-type': 'application/json', accept: 'application/json' }

async function addV1(
  service: Service,
  signature: FreshSignature,
): Promise<Record<string, unknown>> {
  const verifier = Buffer.from(signature.verifierPem).toString('base64')
  const proposed =
    signature.envelope === undefined
      ? { kind: 'hashedrekord', spec: hashedRecord(signature, verifier) }
      : {
          kind: 'dsse',
          spec: { proposedContent: { envelope: signature.envelope, verifiers: [verifier] } },
        }
  const body = JSON.stringify({ apiVersion: '0.0.1', ...proposed })
  const answer = await post(service, '/api/v1/log/entries', body, jsonHeaders)
  const parsed = z.record(z.string(), entryV1).safeParse(parseJson(answer))
  const entry = parsed.success ? Object.values(parsed.data)[0] : undefined
  if (entry === undefined) throw unexpected(service)
  const { inclusionProof, signedEntryTimestamp } = entry.verification
  return {
    logIndex: String(entry.logIndex),
    logId: { keyId: hexToBase64(entry.logID) },
    kindVersion: { kind: proposed.kind, version: '0.0.1' },
    integratedTime: String(entry.integratedTime),
    inclusionPromise: { signedEntryTimestamp },
    inclusionProof: {
      logIndex: String(inclusionProof.logIndex),
      rootHash: hexToBase64(inclusionProof.rootHash),
      treeSize: String(inclusionProof.treeSize),
      hashes: inclusionProof.hashes.map(hexToBase64),
      checkpoint: { envelope: inclusionProof.checkpoint },
    },
    canonicalizedBody: entry.body,
  }
}

function hashedRecord(signature: FreshSignature, verifier: string): object {
  const algorithm = hashOf(createPublicKey(signature.verifierPem))
  return {
    data: { hash: { algorithm, value: digest(algorithm, signature.signed, 'hex') } },
    signature: {
      content: signature.signature.toString('base64'),
      publicKey: { content: verifier },
    },
  }
}

async function addV2(
  service: Service,
  signature: FreshSignature,
): Promise<Record<string, unknown>> {
  const key = createPublicKey(signature.verifierPem)
  const isCertificate = signature.verifierPem.includes('BEGIN CERTIFICATE')
  const rawBytes = isCertificate
    ? new X509Certificate(signature.verifierPem).raw
    : publicKeyDer(key)
  const body = JSON.stringify({
    hashedRekordRequestV002: {
      digest: digest(hashOf(key), signature.signed, 'base64'),
      signature: {
        content: signature.signature.toString('base64'),
        verifier: {
          [isCertificate ? 'x509Certificate' : 'publicKey']: {
            rawBytes: rawBytes.toString('base64'),
          },
          keyDetails: keyDetails(key),
        },
      },
    },
  })
  const answer = await post(service, '/api/v2/log/entries', body, jsonHeaders)
  const parsed = entryV2.safeParse(parseJson(answer))
  if (!parsed.success) throw unexpected(service)
  return parsed.data
}

/** `hashedrekord` records a digest of what was signed, and a pure Ed25519 signature has none. */
function hashOf(key: KeyObject): 'sha256' | 'sha384' | 'sha512' {
  const hash = signatureHash(key)
  if (hash !== null) return hash
  throw new SigningServiceError(
    'Rekor takes no Ed25519 signature in this form. Use an ECDSA key, or sign without a log.',
  )
}

function keyDetails(key: KeyObject): string {
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (curve === 'prime256v1') return 'PKIX_ECDSA_P256_SHA_256'
  if (curve === 'secp384r1') return 'PKIX_ECDSA_P384_SHA_384'
  if (curve === 'secp521r1') return 'PKIX_ECDSA_P521_SHA_512'
  return `PKIX_RSA_PKCS1V15_${key.asymmetricKeyDetails?.modulusLength}_SHA256`
}

function digest(algorithm: string, bytes: Buffer, encoding: 'hex' | 'base64'): string {
  return createHash(algorithm).update(bytes).digest(encoding)
}

function hexToBase64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64')
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

function unexpected(service: Service): SigningServiceError {
  return new SigningServiceError(
    `${service.what} at ${service.url} answered something that is not a log entry. Is the address right, and the version of its API?`,
  )
}
