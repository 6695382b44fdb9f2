// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs it loaded first
import 'reflect-metadata'
import { createPrivateKey, webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Server, type TLSSocket } from 'node:tls'
import * as x509 from '@peculiar/x509'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigError } from '../config/config-error.ts'
import type { CertificateRule } from '../config/client-certificate-schema.ts'
import { type CertificateIdentity, ClientCertificates } from './client-certificates.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' }

type Signer = { certificate: x509.X509Certificate; keys: webcrypto.CryptoKeyPair }
type Name = { type: 'dns' | 'url' | 'email'; value: string }

let authority: Signer
let server: Server
let rules: CertificateRule[]

beforeAll(async () => {
  authority = await makeAuthority('Clients')
  const own = await issue(authority, 'CN=localhost', [{ type: 'dns', value: 'localhost' }])
  server = createServer({
    ...(await pemsOf(own)),
    ca: authority.certificate.toString('pem'),
    requestCert: true,
    rejectUnauthorized: false,
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    const identity = socket.authorized
      ? new ClientCertificates(rules).identify(socket.getPeerCertificate())
      : 'unauthorized'
    socket.end(JSON.stringify(identity ?? null))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(async () => {
  server.close()
  await once(server, 'close')
})

describe('a client certificate', () => {
  it.each<[string, CertificateRule, CertificateIdentity | null]>([
    [
      'by its common name',
      { match: { commonName: 'build-*' }, user: 'builder' },
      { kind: 'user', name: 'builder' },
    ],
    [
      'by a DNS name, in any case',
      { match: { dnsName: '*.ci.example' }, user: 'ci' },
      { kind: 'user', name: 'ci' },
    ],
    [
      'by a URI',
      { match: { uri: 'spiffe://example/ns/*/sa/**' }, robot: 'acme+ci' },
      { kind: 'robot', name: 'acme+ci' },
    ],
    [
      'by a mail address',
      { match: { email: '*@example.com' }, user: 'mail' },
      { kind: 'user', name: 'mail' },
    ],
    ['by several together', { match: { commonName: '*', email: 'x@**' }, user: 'a' }, null],
    ['by another name', { match: { commonName: 'build' }, user: 'a' }, null],
    [
      'by the name it carries',
      { match: { commonName: '*' }, user: '{commonName}' },
      { kind: 'user', name: 'build-7' },
    ],
    [
      'by a login made of it',
      { match: { commonName: '*' }, robot: 'acme+{commonName}' },
      { kind: 'robot', name: 'acme+build-7' },
    ],
    ['by a name that no user can have', { match: { email: '**' }, user: '{email}' }, null],
    ['by a name that no robot can have', { match: { uri: '**' }, robot: '+{uri}' }, null],
  ])('stands for someone %s', async (_, rule, expected) => {
    rules = [rule]
    const certificate = await issue(authority, 'CN=build-7', [
      { type: 'dns', value: 'Seven.CI.example' },
      { type: 'url', value: 'spiffe://example/ns/ci/sa/build' },
      { type: 'email', value: 'seven@example.com' },
    ])
    expect(await show(certificate)).toEqual(expected)
  })

  it('stands for whom the first rule says', async () => {
    rules = [
      { match: { commonName: 'a*' }, user: 'first' },
      { match: { commonName: '*' }, user: 'second' },
    ]
    expect(await show(await issue(authority, 'CN=ab', []))).toEqual({ kind: 'user', name: 'first' })
    expect(await show(await issue(authority, 'CN=b', []))).toEqual({ kind: 'user', name: 'second' })
  })

  it('stands for nobody without a common name, or with several', async () => {
    rules = [{ match: { commonName: '**' }, user: 'a' }]
    expect(await show(await issue(authority, 'CN=a, CN=b', []))).toBeNull()
    expect(await show(await issue(authority, 'O=a', []))).toBeNull()
  })

  it('stands for nobody when it could be two', async () => {
    rules = [{ match: { dnsName: '*' }, user: '{dnsName}' }]
    const names = (values: string[]) => values.map((value) => ({ type: 'dns' as const, value }))
    expect(await show(await issue(authority, 'CN=x', names(['alice', 'bob'])))).toBeNull()
    expect(await show(await issue(authority, 'CN=x', names(['alice', 'ALICE'])))).toEqual({
      kind: 'user',
      name: 'alice',
    })
  })

  // CVE-2021-44531, CVE-2021-44532: one name that reads like two once they are written in a line.
  it.each([
    [{ type: 'dns', value: 'evil.example, DNS:admin' }],
    [{ type: 'url', value: 'http://evil.example/, DNS:admin' }],
    [{ type: 'email', value: '"x, DNS:admin, y"@evil.example' }],
    [{ type: 'dns', value: 'admin\0.evil.example' }],
    [{ type: 'url', value: 'x", DNS:admin, URI:"y' }],
  ] as [Name][])('does not smuggle a name in: %j', async (name) => {
    rules = [{ match: { dnsName: 'admin' }, user: 'admin' }]
    expect(await show(await issue(authority, 'CN=x', [name]))).toBeNull()
  })

  it('does not smuggle a common name in by way of the subject', async () => {
    rules = [{ match: { commonName: 'admin' }, user: 'admin' }]
    expect(await show(await issue(authority, 'O="x\nCN=admin", CN=evil', []))).toBeNull()
    expect(await show(await issue(authority, 'CN="evil\nCN=admin"', []))).toBeNull()
  })

  it('of another authority, or made for servers, is not authorized', async () => {
    rules = [{ match: { commonName: '*' }, user: 'a' }]
    const evil = await makeAuthority('Clients')
    expect(await show(await issue(evil, 'CN=a', []))).toBe('unauthorized')
    const usage = x509.ExtendedKeyUsage.serverAuth
    expect(await show(await issue(authority, 'CN=a', [], usage))).toBe('unauthorized')
    expect(await show(undefined)).toBe('unauthorized')
  })

  it('is looked at as a whole, or not at all', () => {
    const certificates = new ClientCertificates([{ match: { commonName: 'a' }, user: 'a' }])
    expect(certificates.identify({})).toBeUndefined()
    expect(certificates.identify({ subject: { CN: 'a' } })).toEqual({ kind: 'user', name: 'a' })
    expect(certificates.identify({ subject: { CN: 'a' }, subjectaltname: 'DNS:"' })).toBeUndefined()
  })
})

describe('rules for client certificates', () => {
  it.each<[string, CertificateRule]>([
    ['match.commonName', { match: { commonName: '[a]' }, user: 'a' }],
    ['user', { match: { commonName: '*' }, user: 'Big Boss' }],
    ['user', { match: { commonName: '*' }, user: '{email}' }],
    ['user', { match: { commonName: '*' }, user: 'a+b' }],
    ['robot', { match: { commonName: '*' }, robot: 'ci' }],
    ['robot', { match: { commonName: '*' }, robot: 'acme+{x}' }],
  ])('are refused at the start, naming %s', (field, rule) => {
    const start = () => new ClientCertificates([{ match: { uri: '*' }, robot: '{uri}' }, rule])
    expect(start).toThrow(ConfigError)
    expect(start).toThrow(`http.tls.clientCertificates.rules[1].${field}`)
  })
})

async function makeAuthority(name: string): Promise<Signer> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  })
  return { certificate, keys }
}

async function issue(
  signer: Signer,
  subject: string,
  names: Name[],
  usage?: x509.ExtendedKeyUsage,
): Promise<Signer> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: signer.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: signer.keys.privateKey,
    signingAlgorithm,
    extensions: [
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      ...(usage === undefined ? [] : [new x509.ExtendedKeyUsageExtension([usage])]),
    ],
  })
  return { certificate, keys }
}

async function pemsOf({ certificate, keys }: Signer): Promise<{ cert: string; key: string }> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return { cert: certificate.toString('pem'), key: key.export({ type: 'pkcs8', format: 'pem' }) }
}

/** What the server makes of a connection with this certificate. */
async function show(client: Signer | undefined): Promise<unknown> {
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...(client && (await pemsOf(client))),
  })
  let text = ''
  socket.on('data', (chunk) => (text += String(chunk)))
  await once(socket, 'end')
  socket.destroy()
  return JSON.parse(text)
}
