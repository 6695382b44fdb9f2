import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keylessSigner } from './fulcio.ts'
import { rekorWitness } from './rekor.ts'
import { SigningServiceError } from './service.ts'
import { attestForTag, signImage, signImageForTag } from './sign.ts'
import { localSigner } from './signer.ts'
import { makeInstance, type TestInstance } from './testing/instance.ts'
import {
  change,
  flip,
  makeSamples,
  type Samples,
  somebody,
  subject,
  toMaterial,
} from './testing/samples.ts'
import { makeServices } from './testing/services.ts'
import { timestampWitness } from './timestamp-authority.ts'
import type { Trust } from './trust.ts'
import { parseTrustedRoot } from './trusted-root.ts'
import { verifySignature } from './verify.ts'

let samples: Samples
let foreign: TestInstance
const url = 'http://sigstore.test'

beforeAll(async () => {
  samples = await makeSamples()
  foreign = await makeInstance('foreign.test')
})
afterAll(() => {
  samples?.close()
  foreign?.close()
})

const keyless = async () =>
  keylessSigner({
    identityToken: await samples.services.identityToken(somebody),
    fulcioUrl: url,
    fetch: samples.services.fetch,
  })

describe('what Berth signs, Berth verifies', () => {
  test('with a key, as bundle and as tag', async () => {
    const annotations = { stage: 'release' }
    const options = { subject, signer: samples.keySigner, annotations }
    const expected = { state: 'verified', identity: 'release', what: 'signature', annotations }
    const tag = await signImageForTag({ ...options, reference: 'a.test/b' })
    for (const artifact of [await signImage(options), tag]) {
      const verdict = await verifySignature(toMaterial(artifact), subject, samples.keyTrust)
      expect(verdict).toMatchObject(expected)
      expect(verdict).not.toHaveProperty('signedAt')
    }
  })

  test.each([1, 2] as const)('keyless, logged in Rekor %i', async (version) => {
    const witnesses = version === 1 ? [samples.rekor(1)] : [samples.rekor(2), samples.stamps]
    const artifact = await signImage({ subject, signer: await keyless(), witnesses })
    const verdict = await verifySignature(toMaterial(artifact), subject, samples.keylessTrust)
    expect(verdict).toMatchObject({ state: 'verified', identity: 'builds', what: 'signature' })
    expect(verdict).toHaveProperty('signedAt')
  })

  test('keyless, as tags', async () => {
    const options = { subject, witnesses: [samples.rekor(1)] }
    const verified = { state: 'verified', identity: 'builds' }
    const signer = await keyless()
    const tag = await signImageForTag({ ...options, signer, reference: 'a.test/b' })
    const trust = samples.keylessTrust
    expect(await verifySignature(toMaterial(tag), subject, trust)).toMatchObject(verified)
    const about = { ...options, predicateType: 'https://a.test/p', predicate: { a: 1 } }
    const attestation = await attestForTag({ ...about, signer })
    const verdict = await verifySignature(toMaterial(attestation), subject, trust)
    expect(verdict).toMatchObject({ ...verified, what: 'attestation', predicate: { a: 1 } })
  })
})

describe('a key that must be logged', () => {
  const trust = (roots = samples.keylessTrust.roots): Trust => ({
    identities: [
      {
        name: 'release',
        kind: 'key',
        publicKeyPem: samples.keySigner.publicKeyPem,
        requireLog: true,
      },
    ],
    roots,
  })
  const sign = () =>
    signImage({ subject, signer: samples.keySigner, witnesses: [samples.rekor(1)] })

  test('is accepted with an entry, which gives the time', async () => {
    const verdict = await verifySignature(toMaterial(await sign()), subject, trust())
    expect(verdict).toMatchObject({ state: 'verified', identity: 'release' })
    expect(verdict).toHaveProperty('signedAt')
  })

  test('is refused with an entry in a log that is not known', async () => {
    const verdict = await verifySignature(toMaterial(await sign()), subject, trust([]))
    expect(verdict).toMatchObject({ state: 'refused', reason: 'log-unknown' })
  })

  test('a wrong entry of a known log is refused even where none is demanded', async () => {
    const damaged = change(await sign(), ({ verificationMaterial: { tlogEntries } }) => {
      const { hashes } = tlogEntries[0]!.inclusionProof
      hashes[0] = flip(hashes[0] ?? '')
    })
    const lenient = { ...samples.keyTrust, roots: samples.keylessTrust.roots }
    const verdict = await verifySignature(damaged, subject, lenient)
    expect(verdict).toMatchObject({ state: 'refused', reason: 'log-proof-invalid' })
    expect(await verifySignature(damaged, subject, samples.keyTrust)).toMatchObject({
      state: 'verified',
    })
  })
})

describe('several roots', () => {
  const rekorOf = (instance: TestInstance) =>
    rekorWitness({ url, version: 1, fetch: makeServices(instance).fetch })
  const roots = () => [
    parseTrustedRoot('foreign', foreign.trustedRoot()),
    ...samples.keylessTrust.roots,
  ]

  test('the one that fits is found', async () => {
    const artifact = await signImage({
      subject,
      signer: await keyless(),
      witnesses: [samples.rekor(1)],
    })
    const trust = { ...samples.keylessTrust, roots: roots() }
    expect(await verifySignature(toMaterial(artifact), subject, trust)).toMatchObject({
      state: 'verified',
    })
  })

  test('the log of one does not vouch for a certificate of another', async () => {
    const artifact = await signImage({
      subject,
      signer: await keyless(),
      witnesses: [rekorOf(foreign)],
    })
    const trust = { ...samples.keylessTrust, roots: roots() }
    expect(await verifySignature(toMaterial(artifact), subject, trust)).toMatchObject({
      state: 'refused',
    })
  })
})

describe('a service that does not do its part', () => {
  const answering =
    (body: string, init?: ResponseInit): typeof fetch =>
    async () =>
      new Response(body, init)
  const silent: typeof fetch = async () => {
    throw new TypeError('connection refused')
  }
  const identityToken = () => samples.services.identityToken(somebody)
  const ask = async (fetch: typeof globalThis.fetch) =>
    keylessSigner({ identityToken: await identityToken(), fulcioUrl: url, fetch })

  test.each([
    ['is not there', silent, /Fulcio at http:\/\/sigstore\.test .*connection refused/],
    ['refuses', answering('no such issuer', { status: 403 }), /answered 403: no such issuer/],
    ['is something else', answering('<html>'), /no certificate/],
    ['answers without end', answering('a'.repeat(5_000_000)), /more than \d+ bytes/],
  ])('Fulcio that %s', async (_, fetch, message) => {
    await expect(ask(fetch)).rejects.toThrow(SigningServiceError)
    await expect(ask(fetch)).rejects.toThrow(message)
  })

  test('Fulcio that certifies another key', async () => {
    const other = await samples.certified()
    const chain = { certificates: [other.certificatePem] }
    const body = JSON.stringify({ signedCertificateEmbeddedSct: { chain } })
    await expect(ask(answering(body))).rejects.toThrow(/another key/)
  })

  test('a token that is none is not sent', async () => {
    const options = { identityToken: 'no token', fulcioUrl: url, fetch: silent }
    await expect(keylessSigner(options)).rejects.toThrow(/not a JWT/)
  })

  test('Rekor and a timestamp authority that answer something else', async () => {
    const { keySigner: signer } = samples
    for (const witness of [
      rekorWitness({ url, version: 1, fetch: answering('{}') }),
      rekorWitness({ url, version: 2, fetch: answering('{}') }),
      timestampWitness({ url, fetch: answering('{}') }),
    ]) {
      const signing = signImage({ subject, signer, witnesses: [witness] })
      await expect(signing).rejects.toThrow(SigningServiceError)
    }
  })

  test('Rekor 2 takes no pure Ed25519', async () => {
    const signer = localSigner(generateKeyPairSync('ed25519').privateKey)
    const signing = signImage({ subject, signer, witnesses: [samples.rekor(2)] })
    await expect(signing).rejects.toThrow(/Ed25519/)
  })
})
