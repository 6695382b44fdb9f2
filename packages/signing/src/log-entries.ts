import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { Bundle, TransparencyLogEntry } from '@sigstore/bundle'
import { isJsonObject, type JsonObject } from '@berth/oci/json-guard.ts'
import { decodeBase64, parseJsonObject } from './json.ts'
import { publicKeyDer } from './public-key.ts'
import { quoted, Refusal } from './refusal.ts'
import type { TrustedRoot } from './trusted-root.ts'

/** The entries of a bundle. Its type is an intersection of two arrays, the second of which says what was validated. */
export function logEntries(bundle: Bundle): readonly TransparencyLogEntry[] {
  return bundle.verificationMaterial.tlogEntries
}

/** Whether a log of the root can vouch for an entry, and could at a time: for proofs alone the library does not ask. */
export function isOfKnownLog(entry: TransparencyLogEntry, root: TrustedRoot, at?: Date): boolean {
  return root.material.tlogs.some(
    ({ logID, validFor }) =>
      logID.equals(entry.logId.keyId) &&
      (at === undefined || (at >= validFor.start && at <= validFor.end)),
  )
}

/** Demands that an entry names the key or certificate that made the signature, and not only the same signature. */
export function checkLoggedKey(entry: TransparencyLogEntry, signer: KeyObject): void {
  const body = parseJsonObject(entry.canonicalizedBody, 'The body of the log entry')
  const spec = isJsonObject(body.spec) ? body.spec : {}
  const logged = loggedKey(`${String(body.kind)} ${String(body.apiVersion)}`, spec)
  if (logged === undefined || !publicKeyDer(logged).equals(publicKeyDer(signer))) {
    throw new Refusal(
      'log-entry-of-another-key',
      `The log entry ${quoted(entry.logIndex)} records this signature with another key or certificate.`,
    )
  }
}

/** The kinds of entry whose bodies can be compared with a signature. */
export function checkEntryKind(entry: TransparencyLogEntry): void {
  const { kind, version } = entry.kindVersion
  if (!readKinds.has(`${kind} ${version}`)) {
    throw new Refusal(
      'log-entry-unsupported',
      `The log entry is of the kind ${quoted(`${kind} ${version}`)}, which cannot be compared with the signature. Sign again with a current client.`,
    )
  }
}

const readKinds: ReadonlySet<string> = new Set([
  'hashedrekord 0.0.1',
  'hashedrekord 0.0.2',
  'dsse 0.0.1',
  'dsse 0.0.2',
  'intoto 0.0.2',
])

function loggedKey(kind: string, spec: JsonObject): KeyObject | undefined {
  switch (kind) {
    case 'hashedrekord 0.0.1':
      return readPem(at(spec, 'signature', 'publicKey', 'content'))
    case 'dsse 0.0.1':
      return readPem(at(spec, 'signatures', 0, 'verifier'))
    case 'intoto 0.0.2':
      return readPem(at(spec, 'content', 'envelope', 'signatures', 0, 'publicKey'))
    case 'hashedrekord 0.0.2':
      return readVerifier(at(spec, 'hashedRekordV002', 'signature', 'verifier'))
    case 'dsse 0.0.2':
      return readVerifier(at(spec, 'dsseV002', 'signatures', 0, 'verifier'))
    default:
      return undefined
  }
}

function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value
  for (const step of path) {
    if (typeof step === 'number') here = Array.isArray(here) ? here[step] : undefined
    else here = isJsonObject(here) ? here[step] : undefined
  }
  return here
}

/** Base64 of PEM, once, or twice as in `intoto` entries: a certificate or a public key. */
function readPem(value: unknown): KeyObject | undefined {
  let text = decodeBase64(value)?.toString()
  if (text !== undefined && !text.startsWith('-----BEGIN')) text = decodeBase64(text)?.toString()
  if (text === undefined) return undefined
  try {
    return createPublicKey(text)
  } catch {
    return undefined
  }
}

/** Rekor 2: `{x509Certificate: {rawBytes}}` or `{publicKey: {rawBytes}}`. */
function readVerifier(value: unknown): KeyObject | undefined {
  const certificate = decodeBase64(at(value, 'x509Certificate', 'rawBytes'))
  const key = decodeBase64(at(value, 'publicKey', 'rawBytes'))
  try {
    if (certificate !== undefined) return new X509Certificate(certificate).publicKey
    if (key !== undefined) return createPublicKey({ key, format: 'der', type: 'spki' })
  } catch {
    // Not a key: as if there were none.
  }
  return undefined
}
