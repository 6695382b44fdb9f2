/** Answers as Fulcio (2), Rekor (1 and 2) and a timestamp authority do, checking what those check. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { preAuthEncoding } from '../dsse.ts'
import { isSignedBy, publicKeyDer } from '../public-key.ts'
import { sha256 } from './authority.ts'
import type { TestInstance } from './instance.ts'
import type { TestLogEntry } from './transparency-log.ts'

export type TestServices = {
  /** An identity token as an OpenID issuer gives it. */
  identityToken(subject: string): Promise<string>
  readonly issuer: string
  /** Answers one POST. */
  answer(path: string, headers: Headers, body: Buffer): Promise<Response>
  /** The same as a `fetch`, for tests without a server. */
  readonly fetch: typeof fetch
}

export function makeServices(instance: TestInstance, issuer = 'https://issuer.test'): TestServices {
  const tokens = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const answer: TestServices['answer'] = async (path, headers, body) => {
    try {
      switch (path) {
        case '/api/v2/signingCert':
          return await issue(instance, tokens.publicKey, issuer, headers, body)
        case '/api/v1/log/entries':
          return addV1(instance, parse(body))
        case '/api/v2/log/entries':
          return addV2(instance, parse(body))
        case '/api/v1/timestamp':
          return new Response(new Uint8Array(instance.timestamps.reply(body)), {
            status: 201,
            headers: { 'content-type': 'application/timestamp-reply' },
          })
        default:
          return Response.json({ code: 404, message: `no such path: ${path}` }, { status: 404 })
      }
    } catch (error) {
      return Response.json({ code: 400, message: String(error) }, { status: 400 })
    }
  }
  return {
    issuer,
    identityToken: (subject) =>
      new SignJWT(
        subject.includes('@') && !subject.includes('://')
          ? { email: subject, email_verified: true, sub: 'somebody' }
          : { sub: subject },
      )
        .setProtectedHeader({ alg: 'RS256' })
        .setIssuer(issuer)
        .setAudience('sigstore')
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(tokens.privateKey),
    answer,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const body = Buffer.from(await request.arrayBuffer())
      return answer(new URL(request.url).pathname, request.headers, body)
    },
  }
}

type Json = { [key: string]: Json } & Json[] & string

function parse(body: Buffer): Json {
  return JSON.parse(body.toString()) as Json
}

async function issue(
  { authority }: TestInstance,
  tokenKey: KeyObject,
  issuer: string,
  headers: Headers,
  body: Buffer,
): Promise<Response> {
  const token = (headers.get('authorization') ?? '').replace(/^Bearer /, '')
  const { payload } = await jwtVerify(token, tokenKey, { issuer, audience: 'sigstore' })
  const request = parse(body).publicKeyRequest
  const subject = typeof payload.email === 'string' ? payload.email : (payload.sub ?? '')
  const publicKey = createPublicKey(request?.publicKey?.content ?? '')
  const proof = Buffer.from(request?.proofOfPossession ?? '', 'base64')
  if (!isSignedBy(publicKey, Buffer.from(subject), proof)) {
    throw new Error('the proof of possession is not signed by the key')
  }
  const leaf = await authority.issue({
    publicKey: new Uint8Array(publicKeyDer(publicKey)),
    subject,
    issuer,
  })
  const chain = authority.certificates.map(
    (raw) => `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----\n`,
  )
  return Response.json({
    signedCertificateEmbeddedSct: { chain: { certificates: [leaf.pem, ...chain] } },
  })
}

function addV1({ log }: TestInstance, proposed: Json): Response {
  const kind = proposed.kind ?? ''
  const body =
    kind === 'dsse' ? dsseBody(proposed.spec?.proposedContent) : recordBody(proposed.spec)
  const entry = log.add(body, kind, '0.0.1', new Date())
  const uuid = sha256(Buffer.of(0), body).toString('hex')
  return Response.json(
    { [uuid]: answerV1(entry) },
    { status: 201, headers: { etag: uuid, location: `/api/v1/log/entries/${uuid}` } },
  )
}

function answerV1(entry: TestLogEntry): object {
  const proof = entry.inclusionProof
  const toHex = (text = ''): string => Buffer.from(text, 'base64').toString('hex')
  return {
    body: entry.canonicalizedBody,
    integratedTime: Number(entry.integratedTime),
    logID: toHex(entry.logId.keyId),
    logIndex: Number(entry.logIndex),
    verification: {
      signedEntryTimestamp: entry.inclusionPromise?.signedEntryTimestamp,
      inclusionProof: {
        checkpoint: proof?.checkpoint.envelope,
        hashes: proof?.hashes.map(toHex),
        logIndex: Number(proof?.logIndex),
        rootHash: toHex(proof?.rootHash),
        treeSize: Number(proof?.treeSize),
      },
    },
  }
}

/** The body of a `dsse` entry 0.0.1 as Rekor canonicalizes it. */
export function dsseBody(content: Json | undefined): Buffer {
  const text = content?.envelope ?? ''
  const envelope = JSON.parse(text) as Json
  const payload = Buffer.from(envelope.payload ?? '', 'base64')
  const signature = envelope.signatures?.[0]?.sig ?? ''
  const verifier = content?.verifiers?.[0] ?? ''
  const signed = preAuthEncoding(envelope.payloadType ?? '', payload)
  checkSignature(verifier, signed, signature)
  return Buffer.from(
    JSON.stringify({
      apiVersion: '0.0.1',
      kind: 'dsse',
      spec: {
        envelopeHash: { algorithm: 'sha256', value: sha256(Buffer.from(text)).toString('hex') },
        payloadHash: { algorithm: 'sha256', value: sha256(payload).toString('hex') },
        signatures: [{ signature, verifier }],
      },
    }),
  )
}

function checkSignature(verifier: string, signed: Buffer, signature: string): void {
  const key = createPublicKey(Buffer.from(verifier, 'base64').toString())
  if (!isSignedBy(key, signed, Buffer.from(signature, 'base64'))) {
    throw new Error('the signature does not fit')
  }
}

/** A `hashedrekord` holds a digest, which only this function's caller could sign; its shape is what is checked. */
function recordBody(spec: Json | undefined): Buffer {
  const hash = spec?.data?.hash
  const signature = spec?.signature
  createPublicKey(Buffer.from(signature?.publicKey?.content ?? '', 'base64').toString())
  return Buffer.from(
    JSON.stringify({
      apiVersion: '0.0.1',
      kind: 'hashedrekord',
      spec: {
        data: { hash: { algorithm: hash?.algorithm, value: hash?.value } },
        signature: {
          content: signature?.content,
          publicKey: { content: signature?.publicKey?.content },
        },
      },
    }),
  )
}

function addV2({ log2 }: TestInstance, proposed: Json): Response {
  const record = proposed.hashedRekordRequestV002
  const signature = record?.signature
  const algorithms: Record<number, string> = { 32: 'SHA2_256', 48: 'SHA2_384', 64: 'SHA2_512' }
  const length = Buffer.from(record?.digest ?? '', 'base64').length
  const body = Buffer.from(
    JSON.stringify({
      apiVersion: '0.0.2',
      kind: 'hashedrekord',
      spec: {
        hashedRekordV002: {
          data: { algorithm: algorithms[length], digest: record?.digest },
          signature: {
            content: signature?.content,
            verifier: canonicalVerifier(signature?.verifier),
          },
        },
      },
    }),
  )
  return Response.json(log2.add(body, 'hashedrekord', '0.0.2'), { status: 201 })
}

/** Members in the order of canonical JSON: clients rebuild the body to check its hash. */
function canonicalVerifier(verifier: Json | undefined): object {
  const { keyDetails, publicKey, x509Certificate } = verifier ?? ({} as Json)
  return { keyDetails, publicKey, x509Certificate }
}
