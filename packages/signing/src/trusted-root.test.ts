import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { publicKeyDer } from './public-key.ts'
import { trustedIdentity } from './trust.ts'
import { parseTrustedRoot, TrustedRootInvalid } from './trusted-root.ts'
import { makeInstance, type TestInstance, type TestTrustedRoot } from './testing/instance.ts'

let instance: TestInstance
beforeAll(async () => {
  instance = await makeInstance()
})
afterAll(() => instance?.close())

test('a good root is read whole', () => {
  const { material } = parseTrustedRoot('test', instance.trustedRoot())
  expect(material.tlogs.map((log) => log.baseURL)).toEqual([
    'https://rekor.sigstore.test',
    'https://rekor2.sigstore.test',
  ])
  expect(material.certificateAuthorities[0]?.certChain).toHaveLength(2)
  expect(material.timestampAuthorities).toHaveLength(1)
  expect(material.ctlogs).toHaveLength(1)
})

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
const faults: [string, RegExp, (root: TestTrustedRoot) => void][] = [
  // Sigstore's conformance suite: trust-root-tlog-missing-validity-start_fail.
  [
    'a log without a start',
    /tlogs\.0\.publicKey\.validFor\.start/,
    ({ tlogs }) => {
      delete tlogs[0]!.publicKey.validFor.start
    },
  ],
  [
    'an authority without a start',
    /certificateAuthorities\.0\.validFor/,
    (root) => {
      delete root.certificateAuthorities[0]!.validFor.start
    },
  ],
  [
    'an end before the start',
    /ctlogs\[0\].*ends before/,
    ({ ctlogs }) => {
      ctlogs[0]!.publicKey.validFor.end = '2001-01-01T00:00:00Z'
    },
  ],
  [
    'a time that is none',
    /validFor\.start/,
    ({ tlogs }) => {
      tlogs[0]!.publicKey.validFor.start = 'yesterday'
    },
  ],
  [
    'another kind of file',
    /mediaType/,
    (root) => {
      root.mediaType = 'application/json'
    },
  ],
  [
    'a key that is none',
    /tlogs\[0\]\.publicKey\.rawBytes/,
    ({ tlogs }) => {
      tlogs[0]!.publicKey.rawBytes = Buffer.from('no key').toString('base64')
    },
  ],
  [
    'a key of another kind than it says',
    /tlogs\[0\]\.publicKey\.keyDetails/,
    ({ tlogs }) => {
      tlogs[0]!.publicKey.rawBytes = publicKeyDer(rsa).toString('base64')
    },
  ],
  [
    'a kind of key that is not known',
    /keyDetails/,
    ({ tlogs }) => {
      tlogs[0]!.publicKey.keyDetails = 'LMS_SHA256'
    },
  ],
  [
    'a certificate that is none',
    /certificates\[1\]/,
    (root) => {
      root.certificateAuthorities[0]!.certChain.certificates[1]!.rawBytes = 'aaaa'
    },
  ],
  [
    'no certificate',
    /certChain\.certificates/,
    (root) => {
      root.timestampAuthorities[0]!.certChain.certificates = []
    },
  ],
]

test.each(faults)('%s is refused with its place', (_, place, change) => {
  const parse = () => parseTrustedRoot('test', instance.trustedRoot(change))
  expect(parse).toThrow(TrustedRootInvalid)
  expect(parse).toThrow(place)
})

test.each(['', '{', 'null', '[]', '{}'])('%j is no trusted root', (text) => {
  expect(() => parseTrustedRoot('test', Buffer.from(text))).toThrow(TrustedRootInvalid)
})

test.each([
  { name: 'a', kind: 'keyless', issuer: { regexp: '.*' }, subject: 'b' },
  { name: 'a', kind: 'keyless', issuer: 'i', subject: '' },
  { name: 'a', kind: 'keyless', subject: 'b' },
  { name: 'a', kind: 'key', publicKeyPem: 'no key' },
  { name: 'a', kind: 'notation', certificates: [] },
  { name: 'a', kind: 'notation', certificates: ['no certificate'] },
  { name: 'a', kind: 'other' },
])('the identity %j is refused', (identity) => {
  expect(trustedIdentity.safeParse(identity).success).toBe(false)
})
