import { beforeAll, describe, expect, test } from 'vitest'
import {
  makeNotationChain,
  type NotationChain,
  notationMaterial,
  type NotationReason,
} from './testing/notation-samples.ts'
import type { RefusalReason } from './refusal.ts'
import type { SignatureMaterial } from './signature.ts'
import { signNotation } from './sign-notation.ts'
import { otherSubject, subject, toMaterial } from './testing/samples.ts'
import type { NotationIdentity, Trust } from './trust.ts'
import { verifySignature } from './verify.ts'

type Case = { material: SignatureMaterial; trust: Trust; about?: { digest: string } }
type Row = [what: string, make: () => Case | Promise<Case>]

/** The extended key usage of web servers. */
const webServer = '1.3.6.1.5.5.7.3.1'
const minute = 60_000
let chain: NotationChain

const notationTrust = (more: Partial<NotationIdentity> = {}): Trust => ({
  identities: [{ name: 'notation', kind: 'notation', certificates: [chain.pem[1]], ...more }],
  roots: [],
})

const somebodyElse = {
  name: 'builds',
  kind: 'keyless',
  issuer: 'https://issuer.test',
  subject: 'builds@example.com',
} as const

/** Forgeries of what only Notation has, and Notation's part of those of every format. */
const table: Partial<Record<RefusalReason, Row[]>> & Record<NotationReason, Row[]> = {
  malformed: [
    [
      'an expiry that is not critical',
      () => ({
        material: notationMaterial(chain, subject.digest, {
          'io.cncf.notary.expiry': '2030-01-01T00:00:00Z',
        }),
        trust: notationTrust(),
      }),
    ],
  ],
  'not-supported': [
    [
      'Notation in COSE',
      () => ({
        material: { ...notationMaterial(chain, subject.digest), format: 'notation-cose' },
        trust: notationTrust(),
      }),
    ],
  ],
  'notation-not-accepted': [
    [
      'Notation without a trust store',
      () => ({
        material: notationMaterial(chain, subject.digest),
        trust: { ...notationTrust({}), identities: [somebodyElse] },
      }),
    ],
  ],
  'signature-invalid': [
    [
      'the payload of Notation is another',
      () => {
        const material = notationMaterial(chain, otherSubject.digest)
        const own = JSON.parse(
          Buffer.from(notationMaterial(chain, subject.digest).payload).toString(),
        )
        const moved = {
          ...JSON.parse(Buffer.from(material.payload).toString()),
          payload: own.payload,
        }
        return {
          material: { ...material, payload: Buffer.from(JSON.stringify(moved)) },
          trust: notationTrust(),
        }
      },
    ],
  ],
  'algorithm-mismatch': [
    [
      'a header that names another algorithm than the key has',
      () => ({
        material: notationMaterial(chain, subject.digest, { alg: 'ES384' }),
        trust: notationTrust(),
      }),
    ],
    [
      'a header that names none',
      () => ({
        material: notationMaterial(chain, subject.digest, { alg: 'none' }),
        trust: notationTrust(),
      }),
    ],
  ],
  'certificate-untrusted': [
    [
      'a Notation chain to another root',
      async () => ({
        material: notationMaterial(await makeNotationChain(), subject.digest),
        trust: notationTrust(),
      }),
    ],
  ],
  'certificate-expired': [
    [
      'a Notation certificate that has ended',
      async () => {
        const ended = await makeNotationChain({ notAfter: new Date(Date.now() - minute) })
        return {
          material: notationMaterial(ended, subject.digest),
          trust: notationTrust({ certificates: [ended.pem[1]] }),
        }
      },
    ],
  ],
  'certificate-not-for-signing': [
    [
      'a Notation certificate for a web server',
      async () => {
        const web = await makeNotationChain({ usage: webServer })
        return {
          material: notationMaterial(web, subject.digest),
          trust: notationTrust({ certificates: [web.pem[1]] }),
        }
      },
    ],
  ],
  'identity-mismatch': [
    [
      'another name under the same Notation root',
      () => ({
        material: notationMaterial(chain, subject.digest),
        trust: notationTrust({ subjects: ['CN=builds, O=example'] }),
      }),
    ],
  ],
  'signature-expired': [
    [
      'a Notation signature past its expiry',
      () => ({
        material: notationMaterial(chain, subject.digest, {
          crit: ['io.cncf.notary.signingScheme', 'io.cncf.notary.expiry'],
          'io.cncf.notary.expiry': new Date(Date.now() - minute).toISOString(),
        }),
        trust: notationTrust(),
      }),
    ],
  ],
  'payload-type-mismatch': [
    [
      'a Notation payload of another type',
      () => ({
        material: notationMaterial(chain, subject.digest, { cty: 'application/json' }),
        trust: notationTrust(),
      }),
    ],
  ],
  'subject-mismatch': [
    [
      'Notation moved to another image',
      () => ({
        material: notationMaterial(chain, subject.digest),
        trust: notationTrust(),
        about: otherSubject,
      }),
    ],
  ],
  'critical-header-unknown': [
    [
      'a critical header that asks for a plugin',
      () => ({
        material: notationMaterial(chain, subject.digest, {
          crit: ['io.cncf.notary.signingScheme', 'io.cncf.notary.verificationPlugin'],
          'io.cncf.notary.verificationPlugin': 'plugin',
        }),
        trust: notationTrust(),
      }),
    ],
  ],
  'signing-scheme-unsupported': [
    [
      'the scheme of signing authorities',
      () => ({
        material: notationMaterial(chain, subject.digest, {
          'io.cncf.notary.signingScheme': 'notary.x509.signingAuthority',
        }),
        trust: notationTrust(),
      }),
    ],
  ],
}

beforeAll(async () => {
  chain = await makeNotationChain()
})

test('what the forgeries start from verifies', async () => {
  const material = notationMaterial(chain, subject.digest)
  const trust = notationTrust({ subjects: ['O=notation.test,C=AT'] })
  expect(await verifySignature(material, subject, trust)).toEqual({
    state: 'verified',
    identity: 'notation',
    what: 'signature',
    annotations: { stage: 'release' },
  })
})

test('what Berth signs, Berth verifies', async () => {
  const artifact = await signNotation({
    subject: {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: subject.digest as never,
      size: 10,
    },
    signer: chain.signer,
    chain: chain.pem,
    now: new Date(),
    expiry: new Date(Date.now() + 10 * minute),
  })
  const verdict = await verifySignature(toMaterial(artifact), subject, notationTrust())
  expect(verdict).toMatchObject({ state: 'verified', what: 'signature' })
})

describe.each(Object.entries(table))('refused: %s', (reason, rows) => {
  test.each(rows)('%s', async (_, make) => {
    const { material, trust, about = subject } = await make()
    const verdict = await verifySignature(material, about, trust)
    expect(verdict).toMatchObject({ state: 'refused', reason })
    expect(verdict).toHaveProperty('message', expect.stringMatching(/^[A-Z].{20,400}\.$/s))
  })
})
