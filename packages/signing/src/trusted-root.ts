import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { toTrustMaterial, type TrustMaterial } from '@sigstore/verify'
import { z } from 'zod'
import { keyFitsDetails, knownKeyDetails } from './key-details.ts'
import { chainMax, trustedRootBytesMax } from './limits.ts'

/** The file is no usable trusted root; the message names the place and what is wrong there. */
export class TrustedRootInvalid extends Error {
  override readonly name = 'TrustedRootInvalid'
}

/** An imported trusted_root.json: the authorities and logs of one Sigstore instance. */
export type TrustedRoot = {
  readonly name: string
  readonly material: Omit<TrustMaterial, 'publicKey'>
}

type LogAuthority = TrustMaterial['tlogs'][number]

const endOfTime = new Date(8_640_000_000_000_000)

const mediaTypes = [
  'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  'application/vnd.dev.sigstore.trustedroot.v0.1+json',
  'application/vnd.dev.sigstore.trustedroot.v0.2+json',
] as const

const entriesMax = 64
const base64 = z
  .base64()
  .min(4)
  .max(trustedRootBytesMax)
  .transform((text) => Buffer.from(text, 'base64'))
const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text))
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullish()

const range = z.object({ start: time, end: optional(time) }).transform(({ start, end }) => ({
  start,
  end: end ?? undefined,
}))

const log = z.object({
  baseUrl: z.string().max(1024).default(''),
  hashAlgorithm: z.literal('SHA2_256', 'must be SHA2_256'),
  publicKey: z.object({
    rawBytes: base64,
    keyDetails: z.enum(knownKeyDetails, 'is a kind of key that Berth does not know'),
    // Without a start a log would be trusted for ever, back to 1970: refused, as Sigstore's conformance suite demands.
    validFor: range,
  }),
  logId: z.object({ keyId: base64 }),
  checkpointKeyId: optional(z.object({ keyId: base64 })),
  operator: z.string().max(256).default(''),
})

const authority = z.object({
  uri: z.string().max(1024).default(''),
  certChain: z.object({
    certificates: z
      .array(z.object({ rawBytes: base64 }))
      .min(1)
      .max(chainMax),
  }),
  validFor: range,
  operator: z.string().max(256).default(''),
})

const trustedRoot = z.object({
  mediaType: z.enum(mediaTypes),
  tlogs: z.array(log).max(entriesMax).default([]),
  certificateAuthorities: z.array(authority).max(entriesMax).default([]),
  ctlogs: z.array(log).max(entriesMax).default([]),
  timestampAuthorities: z.array(authority).max(entriesMax).default([]),
})

type Log = z.infer<typeof log>
type Authority = z.infer<typeof authority>

/**
 * Reads a trusted_root.json (protobuf-specs, TrustedRoot 0.1 and 0.2) for use without any network. `name` is how
 * identities refer to it. Throws `TrustedRootInvalid`; nothing of a faulty file is used.
 */
export function parseTrustedRoot(name: string, json: Uint8Array): TrustedRoot {
  const parsed = trustedRoot.safeParse(readJson(json))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const place = issue?.path.join('.') ?? ''
    throw new TrustedRootInvalid(
      `The trusted root cannot be used: ${place === '' ? 'it' : place}: ${issue?.message}.`,
    )
  }
  const root = parsed.data
  const readLogs = (list: 'tlogs' | 'ctlogs'): LogAuthority[] =>
    root[list].flatMap((entry, index) => readLog(entry, `${list}[${index}]`))
  const readAuthorities = (list: 'certificateAuthorities' | 'timestampAuthorities') => {
    for (const [index, entry] of root[list].entries()) checkAuthority(entry, `${list}[${index}]`)
    return root[list].map((entry) => ({ ...entry, subject: undefined }))
  }
  const logs = { tlogs: readLogs('tlogs'), ctlogs: readLogs('ctlogs') }
  const certificateAuthorities = readAuthorities('certificateAuthorities')
  const timestampAuthorities = readAuthorities('timestampAuthorities')
  try {
    const { publicKey: _, ...authorities } = toTrustMaterial({
      mediaType: root.mediaType,
      tlogs: [],
      ctlogs: [],
      certificateAuthorities,
      timestampAuthorities,
    })
    return { name, material: { ...authorities, ...logs } }
  } catch (error) {
    throw new TrustedRootInvalid(`The trusted root cannot be used: ${(error as Error).message}.`)
  }
}

function readJson(json: Uint8Array): unknown {
  if (json.byteLength > trustedRootBytesMax) {
    throw new TrustedRootInvalid(`A trusted root has at most ${trustedRootBytesMax} bytes.`)
  }
  try {
    return JSON.parse(Buffer.from(json).toString())
  } catch {
    throw new TrustedRootInvalid('The trusted root is not JSON.')
  }
}

/** One authority for each name that the log goes by: Rekor 2 has a short one for its checkpoints. */
function readLog(entry: Log, place: string): LogAuthority[] {
  const { rawBytes, keyDetails, validFor } = entry.publicKey
  const publicKey = readLogKey(rawBytes)
  if (publicKey === undefined) throw fault(`${place}.publicKey.rawBytes`, 'is not a public key')
  if (!keyFitsDetails(publicKey, keyDetails)) {
    throw fault(`${place}.publicKey.keyDetails`, `says ${keyDetails}, but the key is another`)
  }
  checkRange(validFor, `${place}.publicKey.validFor`)
  const names = [entry.logId.keyId]
  const short = entry.checkpointKeyId?.keyId
  if (short !== undefined && !short.equals(entry.logId.keyId)) names.push(short)
  return names.map((logID) => ({
    logID,
    baseURL: entry.baseUrl,
    publicKey,
    validFor: { start: validFor.start, end: validFor.end ?? endOfTime },
  }))
}

/** PKIX, or PKCS #1 as RSA keys of older roots are. */
function readLogKey(key: Buffer): KeyObject | undefined {
  for (const type of ['spki', 'pkcs1'] as const) {
    try {
      return createPublicKey({ key, format: 'der', type })
    } catch {
      // The next form, or none.
    }
  }
  return undefined
}

function checkRange({ start, end }: Log['publicKey']['validFor'], place: string): void {
  if (end !== undefined && end < start) throw fault(place, 'ends before it starts')
}

function checkAuthority(entry: Authority, place: string): void {
  for (const [index, { rawBytes }] of entry.certChain.certificates.entries()) {
    try {
      // Constructing it is the check.
      void new X509Certificate(rawBytes).subject
    } catch {
      throw fault(`${place}.certChain.certificates[${index}]`, 'is not a certificate')
    }
  }
  checkRange(entry.validFor, `${place}.validFor`)
}

function fault(place: string, what: string): TrustedRootInvalid {
  return new TrustedRootInvalid(`The trusted root cannot be used: ${place} ${what}.`)
}
